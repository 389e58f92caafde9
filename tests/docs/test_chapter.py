"""Every command of docs/chapter.md, in a real process and a small setting, and its figure.

What trains a model for itself is `slow`; that its settings are there is checked for all.
"""

import re
import shutil
from pathlib import Path

import pytest
from PIL import Image

from attnlab import launch
from attnlab.config import ExperimentConfig
from attnlab.support.schema import from_node
from tests.docs.pages import DOCS, Row, tables
from tests.docs.small import smaller, write_small_corpora
from tests.warm import attnlab, end_all

PAGE = DOCS / "chapter.md"
WITH_COMMANDS = [row for row in tables(PAGE) if row.commands]
FIRST, ROWS = WITH_COMMANDS[:3], WITH_COMMANDS[3:]
TRAININGS = [command for row in WITH_COMMANDS for command in row.commands if command[0] == "train"]
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
    for row in FIRST:
        [command] = row.commands
        done = attnlab(*smaller(command, folder / "corpora"), folder=folder)
        assert done.code == 0, done.told
    yield folder
    end_all()


def _parameter(row: Row):
    trains = any(command[0] == "train" for command in row.commands)
    quick = row.kind == "command" and (not trains or "data=copy" in row.commands[0])
    # tests/commands has small ones of the commands that measure costs, or draw very much.
    costly = ("scores", "complexity", "kernel-regression")
    quick = quick and not any(command[0] in costly for command in row.commands)
    named = " then ".join(" ".join(command) for command in row.commands)
    return pytest.param(row, id=named, marks=() if quick else pytest.mark.slow)


@pytest.mark.parametrize("row", map(_parameter, ROWS))
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
        _check_figure(tmp_path, name)


@pytest.mark.parametrize("row", FIRST, ids=lambda row: row.cells[0])
def test_the_runs_that_others_look_into_are_where_the_page_says(row, shared):
    [name] = _figures(row)
    _check_figure(shared, name)


@pytest.mark.parametrize("command", TRAININGS, ids=" ".join)
def test_every_training_has_the_settings_that_it_names(command):
    config = from_node(ExperimentConfig, launch.compose(launch.TRAIN, command[1:]))
    assert config.name


def _figures(row: Row) -> list[str]:
    """The files and folders that a row says come out."""
    if row.kind == "exercise":
        return [name for command in row.commands for name in _outputs(command)]
    return re.findall(r"`([^`]+)`", row.cells[1])


def _outputs(command: list[str]) -> list[str]:
    return [command[place + 1] for place, option in enumerate(command) if option == "-o"]


def _check_figure(folder: Path, name: str) -> None:
    """A picture that shows something, here or in the run; or a run with a TensorBoard log."""
    if not name.endswith(".png"):
        assert list((folder / name).rglob("events.out.tfevents.*")), name
        return
    [path] = [folder / name] if (folder / name).exists() else folder.rglob(name)
    with Image.open(path) as picture:
        assert min(picture.size) > 100
        assert len(picture.convert("RGB").getcolors(1 << 24)) > 10


def test_every_section_of_the_book_has_figures_and_exercises():
    rows = tables(PAGE)
    for section in SECTIONS:
        kinds = {row.kind for row in rows if row.section == section}
        assert kinds == {"command", "exercise"}, section


def test_every_row_has_a_command_or_is_for_pen_and_paper():
    for row in tables(PAGE):
        assert len(row.cells) == 3, row
        assert bool(row.commands) != row.cells[2].startswith("For pen and paper"), row


def test_every_figure_that_a_command_writes_is_named_beside_it():
    for row in WITH_COMMANDS:
        if row.kind == "command":
            outputs = [name for command in row.commands for name in _outputs(command)]
            assert set(outputs) <= set(_figures(row)), row
            assert _figures(row) or row.cells[1] == "printed", row
