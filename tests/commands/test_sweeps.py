"""Sweeps: a table at their end, and killed ones continued without loss."""

import json
import os
import signal
import time

import pytest
from safetensors.numpy import load_file

from tests.refusals import assert_refused
from tests.runs import attnlab, tiny
from tests.warm import Attnlab, end_all, eventually

posix = pytest.mark.skipif(os.name != "posix", reason="the signals are those of POSIX")
SWEEP = tiny(
    *("rnn", "-m", "seed=1,2,3", "name=swept", "max_updates=30", "checkpoint_every=5"),
    *("validate_every=15", "validate_sentences=5"),
)


def runs(folder):
    return sorted(path.parent for path in folder.glob("runs/swept/*/config.yaml"))


def weights(run):
    return load_file(run / "checkpoints" / "last" / "weights.safetensors")


def assert_same_weights(one, other):
    ours, theirs = weights(one), weights(other)
    assert ours.keys() == theirs.keys()
    assert all((ours[name] == theirs[name]).all() for name in ours)


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    """The folder of a sweep that nothing cut, and what it printed."""
    folder = tmp_path_factory.mktemp("sweep")
    result = attnlab(*SWEEP, folder=folder, timeout=300)
    assert result.code == 0, result.errors
    return folder, result


def test_a_sweep_ends_with_its_table(whole):
    folder, result = whole
    assert [folder / line for line in result.output.splitlines()] == runs(folder)
    *_, first, second, third = result.errors.strip().splitlines()
    rows = [row.split() for row in (first, second, third)]
    assert [row[0] for row in rows] == [f"swept/{run.name}" for run in runs(folder)]
    assert [row[4] for row in rows] == ["1", "2", "3"]
    assert {row[-1] for row in rows} == {"finished"}


def test_a_finished_sweep_is_left_alone(whole):
    folder, _ = whole
    before = {path: path.stat().st_mtime_ns for run in runs(folder) for path in run.rglob("*")}
    again = attnlab(*SWEEP, "--continue", folder=folder)
    assert again.code == 0, again.errors
    assert again.errors.count("is finished") == 3
    after = {path: path.stat().st_mtime_ns for run in runs(folder) for path in run.rglob("*")}
    assert after == before


@posix
def test_a_sweep_killed_again_and_again_goes_on_without_loss(whole, tmp_path):
    try:
        for kill in range(3):
            process = Attnlab(*SWEEP, "--continue", folder=tmp_path)
            assert eventually(lambda n=kill: len(runs(tmp_path)) > n, process)
            time.sleep(0.2 * kill)  # in another state each time
            process.send(signal.SIGKILL)
            process.wait()
    finally:
        end_all()
    last = attnlab(*SWEEP, "--continue", folder=tmp_path, timeout=300)
    assert last.code == 0, last.errors
    folder, _ = whole
    assert len(runs(tmp_path)) == 3
    for ours, theirs in zip(runs(tmp_path), runs(folder), strict=True):
        assert (ours / "finished.json").exists()
        assert_same_weights(ours, theirs)


def test_a_failed_job_is_tried_again_and_the_exit_code_says_what_is_left(tmp_path):
    sweep = tiny("rnn", "-m", "data=bitext", "data.train=a.tsv,b.tsv", "name=swept")
    text = "".join(f"word {at}\tmot {at}\n" for at in range(60))
    (tmp_path / "a.tsv").write_text(text)
    first = attnlab(*sweep, folder=tmp_path)
    assert first.code == 1
    assert "1 of the sweep's 2 jobs failed" in first.errors
    assert first.errors.index("b.tsv failed") < first.errors.index("1 of the sweep's 2 jobs")
    (run,) = runs(tmp_path)
    (tmp_path / "b.tsv").write_text(text)
    second = attnlab(*sweep, "--continue", folder=tmp_path)
    assert second.code == 0, second.errors
    assert len(runs(tmp_path)) == 2
    assert run in runs(tmp_path)
    table = json.loads(attnlab("runs", "--json", folder=tmp_path).output)
    assert {row["state"] for row in table} == {"finished"}


def test_continue_without_a_sweep_is_refused(tmp_path):
    refused = attnlab(*tiny("rnn"), "--continue", folder=tmp_path)
    assert_refused(refused, 2, "--continue belongs to --multirun")
