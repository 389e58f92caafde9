"""attnlab lr-find as a process: its table, its files, and nothing else left behind."""

import csv
import json
import os
import signal

import pytest

from tests.refusals import assert_refused
from tests.runs import attnlab, tiny
from tests.warm import Attnlab, end_all, eventually

SETTINGS = tiny("rnn", "model.dropout=0.0")[1:]


def points_of(path):
    with path.open(encoding="utf-8", newline="") as file:
        return [{name: float(value) for name, value in row.items()} for row in csv.DictReader(file)]


def test_rates_plot_and_points_and_nothing_else(tmp_path):
    sweep = ["--from", "1e-4", "--to", "1000", "--updates", "60"]
    found = attnlab("lr-find", *SETTINGS, *sweep, "-o", "plots/rates.png", folder=tmp_path)
    assert found.code == 0, found.errors
    rows = [line.split("optimiser.learning_rate=") for line in found.output.splitlines()[1:3]]
    assert [rule.strip() for rule, _ in rows] == ["steepest descent", "a tenth of the minimum’s"]
    assert all(1e-4 < float(rate) < 10 for _, rate in rows)
    assert found.output.splitlines()[3:] == ["plots/rates.png", "plots/rates.csv"]
    points = points_of(tmp_path / "plots" / "rates.csv")
    assert len(points) < 60, "it ended where it diverged"
    for point in points:
        expected = 1e-4 * 1e7 ** ((point["update"] - 1) / 59)
        assert point["learning_rate"] == pytest.approx(expected)
    smallest = min(points, key=lambda point: point["smoothed"])
    assert float(rows[1][1]) == pytest.approx(smallest["learning_rate"] / 10, rel=0.05)
    assert (tmp_path / "plots" / "rates.png").read_bytes().startswith(b"\x89PNG")
    assert sorted(path.name for path in tmp_path.rglob("*")) == ["plots", "rates.csv", "rates.png"]

    # The same training as attnlab train's, to the bit, as long as the rates are the same ones.
    first = ["max_updates=1", "optimiser.learning_rate=1e-4", "schedule=constant", "log_every=1"]
    trained = attnlab("train", *SETTINGS, *first, folder=tmp_path)
    assert trained.code == 0, trained.errors
    lines = (tmp_path / trained.output.strip() / "metrics.jsonl").read_text().splitlines()
    assert json.loads(lines[0])["train/loss"] == points[0]["loss"]


def test_a_test_that_says_nothing_says_so(tmp_path):
    never = ["--from", "1e-9", "--to", "1e-8", "--updates", "20"]
    found = attnlab("lr-find", *SETTINGS, *never, folder=tmp_path)
    assert found.code == 0, found.errors
    assert "raise --to" in found.errors
    other = attnlab("lr-find", *SETTINGS, "-o", "rates.jpeg", folder=tmp_path)
    assert_refused(other, 1, "rates.jpeg: cannot write a figure as '.jpeg'")


def test_an_optimiser_with_two_rates_has_both_swept_in_their_ratio(tmp_path):
    sweep = ["optimiser=muon", "--from", "1e-3", "--to", "100", "--updates", "40"]
    found = attnlab("lr-find", *SETTINGS, *sweep, folder=tmp_path)
    assert found.code == 0, found.errors
    for line in found.output.splitlines()[1:3]:
        one, other = (float(word.split("=")[1]) for word in line.split() if "=" in word)
        assert other / one == pytest.approx(0.004 / 0.02, rel=0.1)
    assert points_of(tmp_path / "lr-find.csv")[0]["learning_rate"] == pytest.approx(1e-3)


@pytest.mark.skipif(os.name != "posix", reason="the signals are those of POSIX")
def test_an_interruption_keeps_what_there_is(tmp_path):
    updates = ["--updates", "100000", "--to", "1e-4"]
    quickly = "from attnlab.trainer import progress; progress._SECONDS_BETWEEN_LINES = 0.0"
    process = Attnlab("lr-find", *SETTINGS, *updates, folder=tmp_path, preparation=quickly)
    try:
        assert eventually(lambda: "update 3 " in process.told(), process)
        process.send(signal.SIGINT)
        assert process.wait() == 130
    finally:
        end_all()
    assert (
        "stopped at a learning rate of 1e-05; the points so far are in lr-find.png"
        in process.told()
    )
    assert len(points_of(tmp_path / "lr-find.csv")) >= 3
    assert (tmp_path / "lr-find.png").exists()
