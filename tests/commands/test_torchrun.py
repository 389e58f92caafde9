"""Several processes train as one would, stop together, and go on together."""

import os
import re
import signal

import pytest
import torch

from tests.commands.test_killed_runs import (
    CHANCE,
    SETTINGS,
    assert_the_same,
    exact,
    metrics_of,
    pairs,  # noqa: F401 - the corpus that SETTINGS name
    run_of,
)
from tests.runs import tiny
from tests.together import Together, Torchrun, end_torchruns
from tests.warm import Attnlab, eventually

pytestmark = pytest.mark.skipif(os.name != "posix", reason="the signals are those of POSIX")


@pytest.fixture(autouse=True)
def _nothing_left():
    yield
    end_torchruns()


def near(metrics):
    """All but the clock's numbers, within what another order of summing makes of them."""
    return [
        {
            name: value if isinstance(value, int) else pytest.approx(value, rel=1e-3, abs=1e-6)
            for name, value in line.items()
        }
        for line in exact(metrics)
    ]


CASES = {
    "rnn": ("batch_tokens=40",),
    # Hardly any batch has a row for each process; an epoch's last update has fewer batches.
    "transformer": ("batch_tokens=10", "accumulate=4", "score=scaled_dot"),
}


@pytest.mark.parametrize("model", [pytest.param("rnn", marks=pytest.mark.slow), "transformer"])
def test_two_processes_give_the_metrics_of_one(model, tmp_path):
    data = ("data=bitext", "data.train=pairs.tsv", "vocabulary.size=60", "validate_every=10")
    settings = ("max_updates=30", "precision=float32", "search=beam", *CASES[model])
    arguments = tiny(model, *data, *settings)
    # Adam makes steps of one size of gradients that are nearly zero: a higher rate makes more of
    # float32's rounding than `near` allows.
    arguments += ["optimiser.learning_rate=0.003", "schedule.warmup_updates=0"]
    one = Attnlab(*arguments, "name=one", folder=tmp_path)
    two = Together(*arguments, "name=two", folder=tmp_path)
    assert one.wait() == 0, one.told()
    assert two.wait() == [0, 0], two.told()
    expected, found = (metrics_of(run_of(tmp_path, name)) for name in ("one", "two"))
    assert exact(found) == near(expected)
    told, silent = two.told()
    assert silent == ""
    assert "1 thread in each of 2 processes" in told


def reached(folder, name, lines):
    return any(len(metrics_of(run)) > lines for run in folder.glob(f"runs/{name}/*"))


def stopped_and_resumed(folder, settings, number):
    """A run of two processes of which one is sent the signal, and which then goes on."""
    process = Together(*settings, "name=cut", folder=folder)
    assert eventually(lambda: reached(folder, "cut", 4), process.processes[0])
    process.processes[1].send(number)
    assert process.wait() == [128 + number] * 2, process.told()
    told, silent = process.told()
    assert "and saved; go on with: attnlab train --resume" in told
    assert silent == ""
    process = Together("train", "--resume", "cut", folder=folder)
    assert process.wait() == [0, 0], process.told()
    return process.told()[0]


@pytest.mark.parametrize(
    ("number", "more"),
    [(signal.SIGTERM, CHANCE), pytest.param(signal.SIGINT, [], marks=pytest.mark.slow)],
    ids=["SIGTERM", "SIGINT"],
)
def test_a_signal_to_one_stops_all_and_resuming_is_exact(number, more, tmp_path):
    settings = [*SETTINGS, *more, "max_updates=60"]
    whole = Together(*settings, "name=whole", folder=tmp_path)
    assert whole.wait() == [0, 0], whole.told()
    told = stopped_and_resumed(tmp_path, settings, number)
    assert "going on from update" in told
    assert "instead of" not in told
    assert_the_same(run_of(tmp_path, "cut"), run_of(tmp_path, "whole"))
    states = torch.load(run_of(tmp_path, "cut") / "checkpoints" / "last" / "training.pt")["random"]
    assert len(states) == 2
    assert not torch.equal(states[0]["cpu"], states[1]["cpu"])


@pytest.mark.slow
def test_another_number_of_processes_goes_on(tmp_path):
    one = Attnlab(*SETTINGS, "max_updates=9", "name=grows", folder=tmp_path)
    assert one.wait() == 0, one.told()
    for size, before, updates in ((3, 1, 12), (1, 3, 15)):
        resumed = Together(
            "train", "--resume", "grows", f"max_updates={updates}", folder=tmp_path, size=size
        )
        assert resumed.wait() == [0] * size, resumed.told()
        assert f"{size} processes instead of {before}: random numbers" in resumed.told()[0]
    updates = [line["update"] for line in metrics_of(run_of(tmp_path, "grows"))]
    assert updates == sorted(updates)
    assert updates[-1] == 15


@pytest.mark.parametrize(
    ("arguments", "code", "message"),
    [
        (["batch_tokens=0"], 2, "batch_tokens=0 must be at least 1"),
        (["-m", "seed=1,2"], 2, "torchrun's processes train one run together, and no sweep"),
        (["device=cuda:1"], 2, "device=cuda:1 is one GPU, for 2 processes; choose device=cuda"),
        (["distributed.backend=nccl", "device=cpu"], 2, "distributed.backend=nccl is for GPUs"),
        (["data=bitext", "data.train=none.tsv"], 1, "none.tsv"),
    ],
)
def test_a_refusal_is_said_once_and_leaves_nothing(arguments, code, message, tmp_path):
    processes = Together(*tiny("rnn", *arguments), folder=tmp_path)
    assert processes.wait() == [code] * 2, processes.told()
    said = [line for told in processes.told() for line in told.splitlines() if "error:" in line]
    assert len(said) == 1
    assert message in said[0]
    assert not [*tmp_path.glob("runs/*/*")]


SLOWER = """
import time
from attnlab.training import torchrun

report = torchrun._report

def report_later(message):
    time.sleep(int(os.environ["RANK"]))
    report(message)

torchrun._report = report_later
"""


def test_a_slower_process_learns_that_it_is_said(tmp_path):
    refused = tiny("rnn", "data=bitext", "data.train=none.tsv")
    processes = Together(*refused, folder=tmp_path, size=3, preparation=SLOWER)
    assert processes.wait() == [1] * 3, processes.told()
    assert "".join(processes.told()).count("error:") == 1


def begun(folder, *options):
    """A training by torchrun that is under way."""
    job = Torchrun(*SETTINGS, "max_updates=100000", folder=folder, options=options)
    assert eventually(lambda: [*folder.glob("runs/*/*/checkpoints/last")], job)
    return job


def test_the_process_that_is_left_says_why_it_ends(tmp_path):
    both = Together(*SETTINGS, "max_updates=100000", folder=tmp_path)
    left, killed = both.processes
    assert eventually(lambda: [*tmp_path.glob("runs/*/*/checkpoints/last")], left)
    killed.send(signal.SIGKILL)
    assert left.wait() == 1, left.told()
    assert "error: another process of this training has ended, and so does this one" in left.told()


# Whether torchrun or the other process is first to notice is a matter of chance.
@pytest.mark.parametrize("rank", [0, pytest.param(1, marks=pytest.mark.slow)])
def test_a_killed_process_ends_the_others(rank, tmp_path):
    job = begun(tmp_path)
    others = [job.process(1 - rank)]
    job.process(rank).send_signal(signal.SIGKILL)
    assert job.wait(timeout=30) == 1
    assert not any(other.is_running() for other in others)
    told = job.told()
    assert "Signal 9 (SIGKILL)" in told  # torchrun's own words
    assert not re.search(r"attnlab/\S*\.py", told.partition("Traceback")[0])


def test_what_ended_one_is_shown(tmp_path):
    job = begun(tmp_path)
    [run] = tmp_path.glob("runs/*/*")
    (run / "checkpoints").rename(run / "gone")
    (run / "checkpoints").touch()  # no folder can be made there
    assert job.wait(timeout=30) == 1
    told = job.told()
    message = "the checkpoint could not be written"
    assert message in told.partition("Traceback")[0]
    assert message in told.partition("Root Cause")[2]


@pytest.mark.slow
def test_torchrun_restarts_what_was_killed_and_the_run_goes_on(tmp_path):
    arguments = [*SETTINGS, "max_updates=150", "name=cut"]
    job = Torchrun(*arguments, folder=tmp_path, options=["--max-restarts=2"])
    assert eventually(lambda: [*tmp_path.glob("runs/cut/*/checkpoints/previous")], job)
    job.process(0).send_signal(signal.SIGKILL)
    whole = Together(*SETTINGS, "max_updates=150", "name=whole", folder=tmp_path)
    assert job.wait() == 0, job.told()
    assert job.told().count("going on from update") == 1
    assert whole.wait() == [0, 0], whole.told()
    assert_the_same(run_of(tmp_path, "cut"), run_of(tmp_path, "whole"))
    assert len([*tmp_path.glob("runs/cut/*")]) == 1


@pytest.mark.slow
def test_torchrun_passes_a_signal_on(tmp_path):
    job = begun(tmp_path)
    job.agent.send_signal(signal.SIGTERM)
    job.wait(timeout=60)
    assert "and saved; go on with: attnlab train --resume" in job.told()
    [run] = tmp_path.glob("runs/*/*")
    assert not (run / ".lock").exists()
