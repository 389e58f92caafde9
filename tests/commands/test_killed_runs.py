"""Runs that are killed without warning, and resumed, end as if nothing had happened."""

import json
import os
import random
import signal
import time

import pytest
import torch
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

from tests.runs import tiny
from tests.warm import Attnlab, end_all, eventually

pytestmark = pytest.mark.skipif(os.name != "posix", reason="the signals are those of POSIX")

# Validation draws at random, dropout too; no two things happen every so many updates alike.
SETTINGS = tiny(
    *("bahdanau", "model.dropout=0.3", "search=sampling", "search.max_length_extra=3"),
    *("log_every=3", "checkpoint_every=7", "validate_every=11", "watch_sentences=1"),
    *("watch_every=5", "batch_tokens=100", "optimiser.learning_rate=0.01", "vocabulary.size=60"),
    *("data=bitext", "data.train=pairs.tsv", "averaging.ema_decay=0.9", "keep_checkpoints=2"),
)
CHANCE = [
    *("objective.word_dropout.source=0.1", "objective.word_dropout.target_input=0.1"),
    *("objective.r_drop=1", "objective.sampling.share=0.5", "objective.sampling.words=sample"),
    *("vocabulary.sampling.source=0.3", "vocabulary.sampling.target=0.1"),
]
NUMBERS = ["one un", "two deux", "three trois", "four quatre", "five cinq", "six six"]


def write_pairs(folder):
    numbers = [number.split() for number in NUMBERS]
    lines = [
        f"{a} {b} {c}\t{x} {y} {z}\n" for a, x in numbers for b, y in numbers for c, z in numbers
    ]
    (folder / "pairs.tsv").write_text("".join(lines[::2]))


@pytest.fixture(autouse=True)
def pairs(tmp_path):
    write_pairs(tmp_path)
    yield
    end_all()


def run_of(folder, name):
    return next((folder / "runs" / name).iterdir())


def metrics_of(run):
    path = run / "metrics.jsonl"
    if not path.exists():
        return []
    lines = path.read_text().splitlines(keepends=True)
    return [json.loads(line) for line in lines if line.endswith("\n")]


def exact(metrics):
    """All but the clock's numbers."""
    return [
        {name: value for name, value in line.items() if "second" not in name} for line in metrics
    ]


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory):
    """Gives the run with more settings that nothing interrupts; each is trained once."""
    trained = {}

    def run(*more):
        if more not in trained:
            folder = tmp_path_factory.mktemp("whole")
            write_pairs(folder)
            process = Attnlab(*SETTINGS, *more, "name=whole", folder=folder)
            assert process.wait() == 0, process.told()
            trained[more] = run_of(folder, "whole")
        return trained[more]

    return run


def start_or_resume(folder, *more):
    if (folder / "runs" / "cut").exists() and any((folder / "runs" / "cut").glob("*/config.yaml")):
        return Attnlab("train", "--resume", "cut", folder=folder)
    return Attnlab(*SETTINGS, *more, "name=cut", folder=folder)


def plain(values):
    """Tensors, however deep within, as lists, which == compares."""
    if isinstance(values, torch.Tensor):
        return values.tolist()
    if isinstance(values, dict):
        return {name: plain(value) for name, value in values.items()}
    return [plain(value) for value in values] if isinstance(values, list) else values


def assert_the_same(one, other):
    """Weights, training state, metrics and what TensorBoard shows: all but the time it took."""
    kept = [path.name for path in sorted((one / "checkpoints").iterdir())]
    assert kept == [path.name for path in sorted((other / "checkpoints").iterdir())]
    assert [name for name in kept if "update" not in name] == ["best", "last", "previous"]
    assert len(kept) == 5
    for name in set(kept) - {"previous"}:  # one more saving of what is done leaves another
        path = f"checkpoints/{name}/weights.safetensors"
        assert (one / path).read_bytes() == (other / path).read_bytes(), name
    states = [torch.load(run / "checkpoints" / "last" / "training.pt") for run in (one, other)]
    for state in states:
        del state["seconds"]
        del state["notes"]["recorded"]  # files have names by time and sizes by seconds
        for name in ("seconds", "data_seconds", "optimiser_seconds"):
            del state["notes"]["unreported"][name]
    recorded = [sorted((run / "attention").iterdir()) for run in (one, other)]
    assert [path.name for path in recorded[0]] == [path.name for path in recorded[1]]
    for path, same in zip(*recorded, strict=True):
        assert path.read_bytes() == same.read_bytes(), path.name
    assert plain(states[0]) == plain(states[1])
    assert exact(metrics_of(one)) == exact(metrics_of(other))
    shown = []
    for run in (one, other):
        events = EventAccumulator(str(run), size_guidance={"scalars": 0}).Reload()
        names = [name for name in events.Tags()["scalars"] if "second" not in name]
        shown.append({name: [(e.step, e.value) for e in events.Scalars(name)] for name in names})
    assert shown[0] == shown[1]
    assert not (one / ".lock").exists()


def kill_while_writing(process, folder):
    """Kill the process while its next checkpoint is half-written."""

    def half_written():
        unfinished = [*folder.glob("runs/cut/*/checkpoints/.new-*/*")]
        if not unfinished:
            return False
        process.send(signal.SIGSTOP)
        time.sleep(0.02)
        if any(folder.glob("runs/cut/*/checkpoints/.new-*/SHA256SUMS")) or not any(
            folder.glob("runs/cut/*/checkpoints/.new-*")
        ):
            process.send(signal.SIGCONT)  # it was too quick; wait for the one after it
            return False
        return True

    caught = eventually(half_written, process)
    process.send(signal.SIGKILL)
    assert caught, process.told()
    assert process.wait() == -signal.SIGKILL


def test_three_kills_leave_no_trace(undisturbed, tmp_path):
    end = "max_updates=150"
    whole = undisturbed(end)

    process = start_or_resume(tmp_path, end)  # before the first checkpoint
    assert eventually(lambda: [*tmp_path.glob("runs/cut/*/metrics.jsonl")], process)
    process.send(signal.SIGKILL)
    assert process.wait() == -signal.SIGKILL
    cut = run_of(tmp_path, "cut")
    assert not (cut / "checkpoints" / "last").exists()

    process = start_or_resume(tmp_path)  # within a step
    assert eventually(lambda: (cut / "checkpoints" / "previous").exists(), process)
    reports = len(metrics_of(cut))
    assert eventually(lambda: len(metrics_of(cut)) > reports, process)
    process.send(signal.SIGKILL)
    assert process.wait() == -signal.SIGKILL
    assert "training begins once more" in process.told()

    process = start_or_resume(tmp_path)
    kill_while_writing(process, tmp_path)
    assert "going on from update" in process.told()

    process = start_or_resume(tmp_path)
    assert process.wait() == 0, process.told()
    assert_the_same(cut, whole)


@pytest.mark.slow
def test_twenty_kills_at_random_moments_leave_no_trace(undisturbed, tmp_path):
    end = "max_updates=900"
    whole = undisturbed(end)
    chance = random.Random(20)
    kills = 0
    while kills < 20:
        process = start_or_resume(tmp_path, end)
        if chance.random() < 0.3:
            time.sleep(chance.uniform(0.0, 2.0))  # starting, as often as not
        else:
            metrics = [*tmp_path.glob("runs/cut/*/metrics.jsonl")]
            before = len(metrics_of(metrics[0].parent)) if metrics else 0
            aim = before + chance.randrange(12)
            eventually(
                lambda aim=aim: any(
                    len(metrics_of(path.parent)) > aim
                    for path in tmp_path.glob("runs/cut/*/metrics.jsonl")
                ),
                process,
            )
            time.sleep(chance.uniform(0.0, 0.05))
        process.send(signal.SIGKILL)
        assert process.wait() == -signal.SIGKILL, process.told()
        kills += 1
    process = start_or_resume(tmp_path, end)
    assert process.wait() == 0, process.told()
    assert_the_same(run_of(tmp_path, "cut"), whole)


@pytest.mark.parametrize(
    "settings",
    [pytest.param([], marks=pytest.mark.slow), CHANCE],
    ids=["plain", "chance"],
)
def test_sigterm_within_a_step_then_resuming_is_exact(settings, undisturbed, tmp_path):
    settings = ["max_updates=60", *settings]
    whole = undisturbed(*settings)
    process = start_or_resume(tmp_path, *settings)
    assert eventually(
        lambda: any(len(metrics_of(p)) > 4 for p in tmp_path.glob("runs/cut/*")), process
    )
    process.send(signal.SIGTERM)
    assert process.wait() == 143, process.told()
    process = start_or_resume(tmp_path)
    assert process.wait() == 0, process.told()
    assert_the_same(run_of(tmp_path, "cut"), whole)
    process = start_or_resume(tmp_path)  # one that is done already
    assert process.wait() == 0, process.told()
    assert_the_same(run_of(tmp_path, "cut"), whole)


@pytest.mark.parametrize("cut", ["translating", "scoring", "loss"])
def test_sigterm_within_a_validation_gives_it_up_and_resuming_makes_up_for_it(
    cut, undisturbed, tmp_path
):
    """It comes with the first batch of the second validation, at update 22."""
    settings = ["max_updates=40", "validate_sentences=null", "data.held_out_fraction=0.2"]
    whole = undisturbed(*settings)
    module, name = {
        "translating": ("attnlab.translate", "pad_sources"),
        "scoring": ("attnlab.trainer.validation", "measure"),
        "loss": ("attnlab.trainer.validation", "total_cross_entropy"),
    }[cut]
    terminate = (
        f"import glob, os, signal, time, {module} as module\n"
        f"original, calls = module.{name}, []\n"
        "def wrapped(*arguments, **options):\n"
        "    told = ''.join(open(path).read() for path in glob.glob('runs/cut/*/metrics.jsonl'))\n"
        "    if '\"update\": 21,' in told:\n"
        "        calls.append(arguments)\n"
        "        if len(calls) == 1:\n"
        "            os.kill(os.getpid(), signal.SIGTERM)\n"
        "            time.sleep(600)\n"  # it need not wait for what is being measured
        "    return original(*arguments, **options)\n"
        f"module.{name} = wrapped\n"
    )
    arguments = [*SETTINGS, *settings, "name=cut"]
    process = Attnlab(*arguments, folder=tmp_path, preparation=terminate)
    assert process.wait() == 143, process.told()
    told = " ".join(process.told().split())
    assert "SIGTERM: stopping as soon as the current step is done" in told
    assert "stopped at update 22, and saved" in told
    validated = [line for line in metrics_of(run_of(tmp_path, "cut")) if "valid/loss" in line]
    assert len(validated) == 1  # of update 11
    process = start_or_resume(tmp_path)
    assert process.wait() == 0, process.told()
    assert_the_same(run_of(tmp_path, "cut"), whole)
