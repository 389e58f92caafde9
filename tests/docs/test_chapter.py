"""Every command of docs/chapter.md, in a real process and a small setting, and its figure.

What trains a model for itself is `slow`; that its settings are there is checked for all. The page
in Chinese has the same commands and figures, row by row, and both pages are held to the same rules.
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
from tests.docs.small import lay_out_run, smaller
from tests.warm import attnlab, end_all

ENGLISH, CHINESE = DOCS / "chapter.md", DOCS / "chapter.zh.md"
WITH_COMMANDS = [row for row in tables(ENGLISH) if row.commands]
FIRST, ROWS = WITH_COMMANDS[:3], WITH_COMMANDS[3:]
TRAININGS = [command for row in WITH_COMMANDS for command in row.commands if command[0] == "train"]
SECTIONS = {
    ENGLISH: (
        "Attention cues; queries, keys and values",
        "Attention pooling by similarity: kernel regression",
        "Attention scoring functions",
        "Bahdanau attention",
        "Multi-head attention",
        "Self-attention and positional encoding",
        "The Transformer",
    ),
    CHINESE: (
        "注意力提示；查询、键和值",
        "注意力汇聚：Nadaraya-Watson 核回归",
        "注意力评分函数",
        "Bahdanau 注意力",
        "多头注意力",
        "自注意力和位置编码",
        "Transformer",
    ),
}
BEGINNING = {
    "rnn": ["train", "model=rnn"],
    "bahdanau": ["train"],
    "transformer": ["train", "model=transformer"],
}
PRINTED = {ENGLISH: "printed", CHINESE: "打印"}
PEN_AND_PAPER = {ENGLISH: "For pen and paper", CHINESE: "纸笔题"}
in_both_languages = pytest.mark.parametrize("page", SECTIONS, ids=lambda page: page.name)


@pytest.fixture(scope="module")
def shared(tmp_path_factory):
    """A folder with the three runs that the page begins with."""
    folder = tmp_path_factory.mktemp("chapter")
    assert [row.commands for row in FIRST] == [[command] for command in BEGINNING.values()]
    for model in BEGINNING:
        lay_out_run(model, folder)
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
        done = attnlab(*smaller(command), folder=tmp_path)
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


@in_both_languages
def test_every_section_of_the_book_has_figures_and_exercises(page):
    rows = tables(page)
    for section in SECTIONS[page]:
        kinds = {row.kind for row in rows if row.section == section}
        assert kinds == {"command", "exercise"}, section


@in_both_languages
def test_every_row_has_a_command_or_is_for_pen_and_paper(page):
    for row in tables(page):
        assert len(row.cells) == 3, row
        assert bool(row.commands) != row.cells[2].startswith(PEN_AND_PAPER[page]), row


@in_both_languages
def test_every_figure_that_a_command_writes_is_named_beside_it(page):
    for row in tables(page):
        if row.kind == "command":
            outputs = [name for command in row.commands for name in _outputs(command)]
            assert set(outputs) <= set(_figures(row)), row
            assert _figures(row) or row.cells[1] == PRINTED[page], row


def test_both_pages_have_the_same_rows():
    english, chinese = tables(ENGLISH), tables(CHINESE)
    for one, other in zip(english, chinese, strict=True):
        assert (one.kind, one.commands) == (other.kind, other.commands)
        assert _code(one) == _code(other)
        if one.kind == "exercise":
            assert _numbers(one) == _numbers(other), other


def _code(row: Row) -> list[list[str]]:
    return [re.findall(r"`[^`]+`", cell) for cell in row.cells]


def _numbers(row: Row) -> list[str]:
    """Which exercises of the book a row is about: ["11.3", "1", "10.3", "1"]."""
    return re.findall(r"1[01]\.\d|\d+(?=[);；）])", row.cells[0])


def test_both_pages_lead_to_the_same_pages():
    english, chinese = (
        re.findall(r"\]\(([^)]+)\)", page.read_text(encoding="utf-8")) for page in SECTIONS
    )
    english.remove(CHINESE.name)
    chinese.remove(ENGLISH.name)
    assert english == chinese
