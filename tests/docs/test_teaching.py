"""The lesson of docs/teaching.md, typed to its end, with less to train on: that is slow.

tests/commands has each of its commands in the tests that are always run.
"""

import re
import shlex

import pytest
from PIL import Image

from attnlab import launch
from attnlab.config import ExperimentConfig
from attnlab.support.schema import from_node
from tests.docs.pages import DOCS, blocks, tables
from tests.docs.small import lay_out_run, smaller
from tests.warm import attnlab, end_all

ENGLISH, CHINESE = DOCS / "teaching.md", DOCS / "teaching.zh.md"
TYPED = [
    shlex.split(line)[1:]
    for line in "".join(blocks(ENGLISH)).splitlines()
    if line.startswith("attnlab ")
]
LESSON = TYPED[: next(place for place, typed in enumerate(TYPED) if "-m" in typed)]


@pytest.fixture(scope="module")
def said(tmp_path_factory):
    """The lesson's folder, and what each command said there, on one line."""
    folder = tmp_path_factory.mktemp("lesson")
    for model in ("rnn", "bahdanau"):  # what the two trainings leave
        lay_out_run(model, folder)
    told = {}
    for command in LESSON:
        if command[0] == "train":
            continue
        done = attnlab(*smaller(command), folder=folder)
        assert done.code == 0, done.told
        told[" ".join(command)] = done.told
    yield folder, told
    end_all()


@pytest.mark.slow
def test_every_command_of_the_lesson_shows_what_the_page_speaks_of(said):
    folder, told = said
    for name in ("weights-all.png", "scores.png", "look.png"):
        with Image.open(folder / name) as picture:
            assert min(picture.size) > 100
    assert "<html" in (folder / "look.html").read_text(encoding="utf-8")
    for named, words in {
        "kernel-regression": ("leave-one-out", "direct", "without"),
        "scores --rounds 0": ("keys alike, 2 seen", "location"),
        "eval builtin-rnn --bleu --by length": ("BLEU", "words"),
        "eval builtin-bahdanau --alignment search=greedy": ("AER", "uniform", "diagonal"),
        "heads builtin-bahdanau --faithfulness": ("uniform", "tau"),
    }.items():
        for word in words:
            assert word in told[named], named
    [explained] = [told[named] for named in told if named.startswith("explain")]
    for number, part in enumerate(("Query", "Keys", "Scores", "Weights", "Context"), 1):
        assert f"{number}. {part}" in explained


@pytest.mark.slow
def test_the_weights_on_toy_keys_are_those_of_the_page(said):
    _, told = said
    page = ENGLISH.read_text(encoding="utf-8")
    shown = re.findall(r"^ {4}((?:dot|scaled_dot|location) .*)$", page, re.MULTILINE)
    assert len(shown) == 3
    for line in shown:
        assert " ".join(line.split()) in told["scores --rounds 0"]


def test_the_homework_composes():
    [homework] = [typed for typed in TYPED if "-m" in typed]
    first_job = [re.sub(",.*", "", setting) for setting in homework[2:]]
    config = from_node(ExperimentConfig, launch.compose(launch.TRAIN, first_job))
    assert ["report", config.name] in TYPED


def test_both_pages_have_the_same_commands_tables_and_links():
    both = [
        page.read_text(encoding="utf-8").replace(".zh.md", ".md") for page in (ENGLISH, CHINESE)
    ]
    assert blocks(ENGLISH) == blocks(CHINESE)
    for pattern in (r"`([^`\n]+)`", r"\]\(([^)]+)\)", r"^ {4}\S.*$"):
        found = [sorted(re.findall(pattern, text, re.MULTILINE)) for text in both]
        assert found[0] == found[1], pattern
    digits = [
        [re.findall(r"[\d.,]*\d", " ".join(row.cells)) for row in tables(page)]
        for page in (ENGLISH, CHINESE)
    ]
    assert digits[0] == digits[1]
