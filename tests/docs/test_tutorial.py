"""docs/tutorial.md, typed from its first block to its last, with less to train on."""

import shlex
import subprocess

import pytest
from PIL import Image

from tests.docs.pages import DOCS, blocks
from tests.runs import attnlab

PAGE = DOCS / "tutorial.md"
SMALLER = {
    "train": (
        "max_updates=8",
        "validate_every=4",
        "validate_sentences=4",
        "model.embedding_size=32",
        "model.hidden_size=32",
    ),
    "data generate": ("--held-out", "20", "--workers", "1"),
    "heads": ("--count", "4"),
}


@pytest.fixture(scope="module")
def typed(tmp_path_factory):
    """The folder after all commands, and what each of them said."""
    folder = tmp_path_factory.mktemp("tutorial")
    said = {}
    for line in "".join(blocks(PAGE)).splitlines():
        said[line] = _type(line, folder)
    return folder, said


def _type(line, folder):
    """Run a line of shell: attnlab as a process of this Python, in front of it what echo says."""
    given = b""
    if line.startswith("echo "):
        echo, line = line.split(" | ")
        given = (shlex.split(echo)[1] + "\n").encode()
    if not line.startswith("attnlab "):
        subprocess.run(["bash", "-c", line], cwd=folder, check=True)
        return ""
    arguments = shlex.split(line)[1:]
    for command, more in SMALLER.items():
        if line.startswith(f"attnlab {command}"):
            arguments += more
    done = attnlab(*arguments, folder=folder, given=given)
    assert done.code == 0, f"{line}\n{done.errors}"
    return done.output


def test_every_command_of_the_tutorial_says_what_the_page_promises(typed):
    folder, said = typed
    assert len((folder / "my.tsv").read_text().splitlines()) >= 2000
    described = next(text for line, text in said.items() if "describe" in line)
    assert "words" in described
    scored = next(text for line, text in said.items() if "--bleu" in line)
    assert "BLEU" in scored
    assert any((folder / "runs" / "mine").glob("*/translations/test.hypothesis"))
    translated = next(text for line, text in said.items() if line.startswith("echo"))
    assert translated.count("\n") == 1


@pytest.mark.parametrize("name", ["mine.png", "heads.png"])
def test_the_tutorials_figures_are_there(typed, name):
    folder, _ = typed
    with Image.open(folder / name) as picture:
        assert min(picture.size) > 100


def test_the_tutorials_page_is_there(typed):
    folder, _ = typed
    assert "<html" in (folder / "mine.html").read_text()
