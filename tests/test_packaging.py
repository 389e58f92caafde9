"""The wheel: it carries the configs and the corpus, and works from an empty folder."""

import os
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from tests.runs import REPOSITORY


@pytest.fixture(scope="module")
def unpacked(tmp_path_factory):
    """A wheel, built from a copy of the tree and unpacked, as pip lays it out."""
    folder = tmp_path_factory.mktemp("wheel")
    command = [sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", str(folder)]
    built = subprocess.run([*command, str(REPOSITORY)], capture_output=True, text=True, check=False)
    assert built.returncode == 0, built.stdout + built.stderr
    with zipfile.ZipFile(next(folder.glob("*.whl"))) as wheel:
        wheel.extractall(folder / "site")
    return folder / "site"


def test_wheel_carries_configs_and_corpus(unpacked):
    for folder in ("configs", "data"):
        ours = {p.relative_to(REPOSITORY / folder) for p in (REPOSITORY / folder).rglob("*.*")}
        packed = {
            p.relative_to(unpacked / "attnlab" / "shipped" / folder)
            for p in (unpacked / "attnlab" / "shipped" / folder).rglob("*.*")
        }
        assert ours == packed


def test_wheel_says_that_it_is_typed(unpacked):
    assert (unpacked / "attnlab" / "py.typed").is_file()


@pytest.mark.parametrize(
    ("folder", "some"),
    [
        ("studies/explorer", {"page.html", "explorer.css", "main.js"}),
        ("studies/web", {"page.html", "web.css", "ui/main.js", "languages/zh.json"}),
        ("plotting/browser", {"base.css", "elements.js"}),
    ],
)
def test_wheel_carries_the_files_of_pages(folder, some, unpacked):
    def files(within):
        return {path.relative_to(within).as_posix() for path in within.rglob("*.*")}

    ours = files(REPOSITORY / "attnlab" / folder)
    ours = {name for name in ours if not name.endswith(".pyc")}
    assert some <= ours
    assert files(unpacked / "attnlab" / folder) == ours


def test_wheel_carries_the_tables_of_the_grammar(unpacked):
    folder = Path("attnlab") / "grammar" / "tables"
    ours = {path.name for path in (REPOSITORY / folder).iterdir()}
    assert {"nouns.tsv", "verbs.tsv"} <= ours
    assert {path.name for path in (unpacked / folder).iterdir()} == ours


def test_wheel_trains_from_an_empty_folder(unpacked, tmp_path):
    environment = os.environ | {"PYTHONPATH": str(unpacked), "OMP_NUM_THREADS": "1"}
    arguments = ["train", "experiment=tiny", "model=rnn", "model.hidden_size=32"]
    done = subprocess.run(
        [sys.executable, "-m", "attnlab", *arguments],
        cwd=tmp_path,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert str(unpacked / "attnlab" / "shipped" / "data") in done.stderr
