"""attnlab scores, as it is typed."""

import json
import subprocess
import sys

import pytest
from PIL import Image

from tests.refusals import assert_refused
from tests.runs import attnlab, environment

SMALL = ("--batch", "2", "--heads", "2", "--from", "3", "--to", "12", "--size", "5", "-n", "1")


def test_figures_tables_and_json(tmp_path):
    shown = attnlab("scores", *SMALL, folder=tmp_path)
    assert shown.code == 0, shown.errors
    lines = shown.output.splitlines()
    assert lines[-2:] == ["scores.png", "scores-cost.png"]
    for name in lines[-2:]:
        with Image.open(tmp_path / name) as picture:
            assert min(picture.size) > 1000
    heads = [line for line in lines if line.endswith("grows as")]
    assert [head.split()[-5:-2] for head in heads] == [["3", "6", "12"]] * 4
    assert "USDT" not in shown.errors
    told = attnlab("scores", *SMALL, "-o", "toy.svg", "--json", folder=tmp_path)
    assert told.code == 0, told.errors
    values = json.loads(told.output)
    assert values["files"] == ["toy.svg", "toy-cost.svg"]
    assert "general · entmax15" in (tmp_path / "toy.svg").read_text(encoding="utf-8")
    assert "Peak memory by score" in (tmp_path / "toy-cost.svg").read_text(encoding="utf-8")
    assert len(values["toy"]["weights"]) == 28
    measured = [(each["score"], each["normaliser"]) for each in values["costs"]]
    assert len(measured) == 3 * (7 + 3)
    assert measured.count(("scaled_dot", "sparsemax")) == 3


def test_the_toy_inputs_alone(tmp_path):
    shown = attnlab("scores", "-n", "0", "-o", "figures", "-f", "pdf", folder=tmp_path)
    assert shown.code == 0, shown.errors
    table, _, files = shown.output.partition("\n\n")
    first = " ".join(table.splitlines()[1].split())
    assert first == "dot 2.0 3.0 4.0 5.0 10.0 11.0 12.0 13.0 1.7 2.7 3.7 4.7 10.5 11.5 12.5 13.5"
    assert files == "figures/scores.pdf\n"
    assert (tmp_path / "figures" / "scores.pdf").read_bytes().startswith(b"%PDF")
    scaled = attnlab("scores", "-n", "0", "--unit-length", "-f", "svg", folder=tmp_path)
    assert scaled.code == 0, scaled.errors
    assert "all scaled to length 1" in (tmp_path / "scores.svg").read_text(encoding="utf-8")


@pytest.mark.slow
@pytest.mark.skipif(sys.platform != "linux", reason="memory is limited as on Linux")
def test_what_does_not_fit_into_memory_is_told(tmp_path):
    """Additive attention asks for 8.6 GB at once, and 6 are allowed."""
    sizes = "--from 1024 --to 1024 --batch 1 --heads 8 --size 256 -n 1"
    done = subprocess.run(
        ["bash", "-c", f"ulimit -v 6000000; exec '{sys.executable}' -m attnlab scores {sizes}"],
        cwd=tmp_path,
        env=environment(),
        capture_output=True,
        text=True,
        check=False,
    )
    assert_refused(done, 1, "error: there is not enough memory for 1,024 queries and keys")


@pytest.mark.parametrize(
    ("arguments", "code", "message"),
    [
        (("-o", "toy.txt"), 1, "end the name with one of: .png"),
        (("--from", "64", "--to", "32"), 2, "--from 64 --to 32: the second must be no less"),
        (("--rounds", "-1"), 2, "Invalid value for '--rounds'"),
    ],
)
def test_what_cannot_be_is_refused_before_the_work(tmp_path, arguments, code, message):
    refused = attnlab("scores", *arguments, folder=tmp_path)
    assert_refused(refused, code, message)
    assert refused.output == ""
    assert list(tmp_path.iterdir()) == []
