"""Every command of docs/chapter.md, in a real process and a small setting, and its figure."""

import re
import shutil
from pathlib import Path

import pytest
from PIL import Image

from tests.docs.pages import DOCS, Row, tables
from tests.docs.small import smaller, write_small_corpora
from tests.warm import attnlab, end_all

ROWS = [row for row in tables(DOCS / "chapter.md") if row.commands]
SHARED = {
    tuple(command) for row in ROWS if "three trainings" in row.section for command in row.commands
}
SECTIONS = (
    "Attention cues; queries, keys and values",
    "Attention pooling by similarity: kernel regression",
    "Attention scoring functions",
    "Bahdanau attention",
    "Multi-head attention",
    "Self-attention and positional encoding",
    "The Transformer",
)


@pytest.fixture(scope="module")
def shared(tmp_path_factory):
    """A folder with the three runs that the page begins with, and small corpora."""
    folder = tmp_path_factory.mktemp("chapter")
    write_small_corpora(folder / "corpora")
    for row in ROWS[:3]:
        [command] = row.commands
        done = attnlab(*smaller(command, folder / "corpora"), folder=folder)
        assert done.code == 0, done.told
    yield folder
    end_all()


def _named(row: Row) -> str:
    return " then ".join(" ".join(command) for command in row.commands)


@pytest.mark.parametrize("row", ROWS, ids=_named)
def test_every_command_runs_and_its_figure_appears(row, shared, tmp_path):
    for run in (shared / "runs").iterdir():
        if any(run.name in command for command in row.commands):
            shutil.copytree(run, tmp_path / "runs" / run.name)
    told = ""
    for command in row.commands:
        done = attnlab(*smaller(command, shared / "corpora"), folder=tmp_path)
        assert done.code == 0, done.told
        told += done.told
    assert told
    for name in _figures(row):
        _check_figure(tmp_path / name)


def _figures(row: Row) -> list[str]:
    """The files and folders that a row says come out."""
    if row.kind == "exercise":
        return [option for command in row.commands for option in _outputs(command)]
    return re.findall(r"`([^`]+)`", row.cells[1])


def _outputs(command: list[str]) -> list[str]:
    return [command[place + 1] for place, option in enumerate(command) if option == "-o"]


def _check_figure(path: Path) -> None:
    """A picture that can be opened and shows something, or a run with a TensorBoard log."""
    if path.suffix == ".png":
        with Image.open(path) as picture:
            assert min(picture.size) > 100
            assert len(picture.convert("RGB").getcolors(1 << 24)) > 10
    else:
        assert list(path.rglob("events.out.tfevents.*")), path


def test_every_section_of_the_book_has_figures_and_exercises():
    rows = tables(DOCS / "chapter.md")
    for section in SECTIONS:
        kinds = {row.kind for row in rows if row.section == section}
        assert kinds == {"command", "exercise"}, section
    assert {row.section for row in rows} >= set(SECTIONS)


def test_every_row_has_a_command_or_is_for_pen_and_paper():
    for row in tables(DOCS / "chapter.md"):
        assert len(row.cells) == 3, row
        assert bool(row.commands) != row.cells[2].startswith("For pen and paper"), row
        assert row.cells[2], row


def test_every_figure_that_a_command_writes_is_named_beside_it():
    for row in ROWS:
        if row.kind == "command":
            outputs = [name for command in row.commands for name in _outputs(command)]
            assert set(outputs) <= set(_figures(row)), row
            assert _figures(row) or row.cells[1] == "printed", row
