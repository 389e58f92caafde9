"""attnlab positions as a process: figures by formula and of a run, what it says, and refuses."""

import json

import pytest

from tests.refusals import assert_refused
from tests.runs import attnlab, tiny


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """Where a hardly trained run is, with a table shorter than sentences may be."""
    folder = tmp_path_factory.mktemp("positions-command")
    sizes = ("model.heads=2", "max_updates=2", "watch_sentences=0", "validate_every=2")
    positions = ("positions=learned", "positions.longest=5")
    done = attnlab(*tiny("transformer", "name=learned", *positions, *sizes), folder=folder)
    assert done.code == 0, done.errors
    return folder


def test_checks_are_printed(tmp_path):
    found = attnlab("positions", "--length", "20", "--size", "7", "-f", "svg", folder=tmp_path)
    assert found.code == 0, found.errors
    *checks, file = found.output.splitlines()
    assert file == "positions-sinusoidal.svg"
    assert (tmp_path / file).read_text(encoding="utf-8").startswith("<?xml")
    rotation = next(line for line in checks if line.startswith("p(i + δ) = R(δ) p(i)"))
    assert float(rotation.split()[-1]) < 1e-6


def test_settings_are_overrides(tmp_path):
    arguments = ["--positions", "rotary", "positions.base=100", "--size", "4", "-o", "."]
    found = attnlab("positions", *arguments, "--json", folder=tmp_path)
    assert found.code == 0, found.errors
    values = json.loads(found.output)
    assert values["positions"] == {"name": "rotary", "base": 100.0}
    assert values["radians_a_position"] == pytest.approx([1.0, 0.1])
    assert values["files"] == ["positions-rotary.png"]
    assert (tmp_path / "positions-rotary.png").read_bytes().startswith(b"\x89PNG")


def test_figures_of_a_run(folder):
    found = attnlab("positions", "learned", "-l", "12", "--json", folder=folder)
    assert found.code == 0, found.errors
    values = json.loads(found.output)
    assert values["run"].startswith("learned/")
    (figure,) = values["files"]
    assert figure.endswith("/plots/positions.png")
    assert (folder / figure).read_bytes().startswith(b"\x89PNG")


def test_a_sentence_longer_than_the_learnt_table_is_translated(folder):
    text = b"A cat. " * 40 + b"\n"
    found = attnlab("translate", "learned", "search=greedy", given=text, folder=folder)
    assert found.code == 0, found.errors


@pytest.mark.parametrize(
    ("arguments", "code", "message"),
    [
        (["--positions", "none"], 2, "positions=none has nothing to be drawn; there are"),
        (["--positions", "t6"], 2, "sinusoidal"),
        (["-o", "x.txt"], 1, "end the name with one of: .png, .svg, .pdf"),
        (["learned", "--size", "8"], 2, "--size cannot be given for a run"),
        (["learned", "--positions", "alibi"], 2, "--positions cannot be given for a run"),
    ],
)
def test_what_cannot_be_done_is_refused(arguments, code, message, folder):
    found = attnlab("positions", *arguments, folder=folder)
    assert_refused(found, code, message)
    assert found.output == ""
