"""What the documents tell people to type or write works."""

import ast
import re
import shlex
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from attnlab import launch
from tests.runs import REPOSITORY


def test_the_documented_ways_to_start_several_processes_are_shell_and_settings():
    page = (REPOSITORY / "docs" / "distributed.md").read_text(encoding="utf-8")
    scripts = re.findall(r"```bash\n(.*?)```", page, re.DOTALL)
    assert len(scripts) == 3
    for script in scripts:
        subprocess.run(["bash", "-n"], input=script.encode(), check=True)
    node = launch.compose(launch.TRAIN, ["model=transformer", "data=multi30k"])
    told = set(re.findall(r"`distributed\.(\w+)`", page))
    assert told == set(node.distributed)


def _written_for_sweeps() -> list[list[str]]:
    page = (REPOSITORY / "docs" / "sweeps.md").read_text(encoding="utf-8")
    lines = "".join(re.findall(r"```bash\n(.*?)```", page, re.DOTALL)).splitlines()
    return [shlex.split(line) for line in lines]


@pytest.mark.parametrize("typed", _written_for_sweeps(), ids=" ".join)
def test_the_documented_sweeps_can_be_composed(typed, monkeypatch):
    """Without the settings of a launcher or sweeper that is not installed here."""
    program, command, *arguments = typed
    assert (program, command) == ("attnlab", "train")
    assert "-m" in arguments
    overrides = [each for each in arguments if not each.startswith("-")]
    for kind in ("launcher", "sweeper"):
        chosen = [each.partition("=")[2] for each in overrides if each.startswith(f"hydra/{kind}=")]
        if chosen and chosen[0] not in _choices_of(f"hydra/{kind}"):
            overrides = [each for each in overrides if not re.match(rf"\+?hydra[./]{kind}", each)]
            overrides = [each for each in overrides if "interval" not in each]
    composed = []
    monkeypatch.setattr(launch, "sweep", lambda *given, **_: composed.append(given) or [])
    launch.run(print, overrides, multirun=True)
    assert len(composed) == 1


def _choices_of(group: str) -> list[str]:
    with launch._hydra(launch.TRAIN) as hydra:
        return hydra.config_loader.get_group_options(group)


def test_no_page_waits_for_something_to_be_filled_in():
    pages = [*REPOSITORY.glob("*.md"), *(REPOSITORY / "docs").glob("*.md")]
    assert len(pages) > 10
    for page in pages:
        found = re.findall(r"@[A-Z]{3,}@|\bT[O]DO\b|\bX{3}\b", page.read_text(encoding="utf-8"))
        assert not found, page


def typed_examples() -> Iterator[tuple[Path, str]]:
    """What the documents, the configs' comments, help and messages show of settings to type."""
    pages = [*REPOSITORY.glob("README*.md"), *(REPOSITORY / "docs").glob("*.md")]
    for page in [*pages, *(REPOSITORY / "configs").rglob("*.yaml")]:
        text = page.read_text(encoding="utf-8")
        text = re.sub(r"```(python|toml|yaml|json)\n.*?```", "", text, flags=re.DOTALL)
        yield from ((page, line) for line in text.splitlines())
    for source in (REPOSITORY / "attnlab").rglob("*.py"):
        tree = ast.parse(source.read_text(encoding="utf-8"))
        for node in ast.walk(tree):
            if isinstance(node, ast.JoinedStr):
                parts = [p.value if isinstance(p, ast.Constant) else "…" for p in node.values]
                yield source, "".join(map(str, parts))
            elif isinstance(node, ast.Constant) and isinstance(node.value, str):
                yield from ((source, line) for line in node.value.splitlines())


UNQUOTED = re.compile(r"""(?<!['"\w.…(])[a-z_…][\w.…]*=[^\s'"`,;|]*[\[(*?{][^\s\]…]""")
"""A setting with what zsh or bash expands, not within quotes."""


@pytest.mark.parametrize(
    ("text", "is_caught"),
    [
        ("attnlab train data.columns=[en,fr]", True),
        ("`training.queries=[direct]`", True),
        ("attnlab train 'data.columns=[en,fr]'", False),
        ('attnlab train "data.columns=[en,fr]"', False),
        ("data.inputs=[] names no column", False),
        ("attnlab train seed=1,2", False),
    ],
)
def test_the_check_of_quotes_sees_what_a_shell_expands(text, is_caught):
    assert bool(UNQUOTED.search(text)) == is_caught


def test_settings_with_brackets_are_shown_in_quotes():
    wrong = [
        f"{path.relative_to(REPOSITORY)}: {text.strip()[:100]}"
        for path, text in typed_examples()
        if (found := UNQUOTED.search(text)) and "=[" in found[0]
    ]
    assert not wrong, "\n".join(wrong)
