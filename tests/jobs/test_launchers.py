"""Sweeps of real processes by every launcher that is installed, and what becomes of them."""

import json
import os
import re
import signal
import subprocess
import sys
import time
from importlib.util import find_spec
from pathlib import Path

import psutil
import pytest
import yaml
from safetensors.numpy import load_file

from attnlab.support.machine import usable_cores
from tests.refusals import assert_no_raw_failure, assert_refused
from tests.runs import attnlab, environment, tiny

pytestmark = pytest.mark.skipif(os.name != "posix", reason="signals and process groups of POSIX")

PLUGINS = {
    "joblib": "hydra_joblib_launcher",
    "submitit_local": "hydra_submitit_launcher",
    "ray": "hydra_ray_launcher",
    "optuna": "hydra_optuna_sweeper",
}
LONG = ("max_updates=100000", "validate_every=100000", "checkpoint_every=5")


def has(name: str) -> bool:
    return bool(find_spec("hydra_plugins") and find_spec(f"hydra_plugins.{PLUGINS[name]}"))


def needs(name: str):
    return pytest.mark.skipif(not has(name), reason=f"the plug-in for {name} is not installed")


def launcher(name: str, *more: object):
    return pytest.param(name, marks=[needs(name), *more])


def swept(name: str, *more: str) -> list[str]:
    return tiny("rnn", "-m", f"hydra/launcher={name}", "name=swept", *more)


class Sweep:
    """`attnlab ARGUMENTS` in a process group of its own, as a shell starts it."""

    def __init__(self, *arguments: str, folder: Path, **variables: str) -> None:
        self.folder = folder
        given = {key: value for key, value in environment().items() if "_NUM_THREADS" not in key}
        with (folder / "output").open("w") as output, (folder / "errors").open("w") as errors:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "attnlab", *arguments],
                cwd=folder,
                env=given | variables,
                stdout=output,
                stderr=errors,
                start_new_session=True,
            )

    @property
    def output(self) -> str:
        return (self.folder / "output").read_text()

    @property
    def errors(self) -> str:
        return (self.folder / "errors").read_text()

    def children(self) -> list[psutil.Process]:
        return psutil.Process(self.process.pid).children(recursive=True)

    def until(self, condition) -> None:
        deadline = time.monotonic() + 300
        while not condition():
            assert self.process.poll() is None, self.errors
            assert time.monotonic() < deadline, self.errors
            time.sleep(0.05)

    def wait(self) -> int:
        code = self.process.wait(400)
        assert_no_raw_failure(self.output + self.errors)
        return code


@pytest.fixture
def start(tmp_path):
    """Starts a sweep in the test's folder; what a test that fails leaves is killed."""
    started: list[Sweep] = []

    def start(*arguments: str, **variables: str) -> Sweep:
        started.append(Sweep(*arguments, folder=tmp_path, **variables))
        return started[-1]

    yield start
    for each in started:
        if each.process.poll() is None:
            for child in each.children():
                child.kill()
            each.process.kill()
            each.process.wait()


def runs(folder: Path) -> list[Path]:
    return sorted(path.parent for path in folder.glob("runs/swept/*/overrides.yaml"))


def run_of(folder: Path, setting: str) -> Path:
    (found,) = (run for run in runs(folder) if run.name.endswith(setting))
    return found


def updates(folder: Path) -> list[int]:
    """How many updates each run has recorded."""
    files = [run / "metrics.jsonl" for run in runs(folder)]
    return [len(file.read_text().splitlines()) if file.exists() else 0 for file in files]


def assert_same_weights(one: Path, other: Path) -> None:
    ours, theirs = (
        load_file(run / "checkpoints" / "last" / "weights.safetensors") for run in (one, other)
    )
    assert ours.keys() == theirs.keys()
    assert all((ours[name] == theirs[name]).all() for name in ours)


def assert_each_update_once(run: Path) -> None:
    lines = [json.loads(line) for line in (run / "metrics.jsonl").read_text().splitlines()]
    seen = [line["update"] for line in lines if "train/loss" in line]
    assert seen == list(range(1, len(seen) + 1))


def write_pairs(path: Path) -> None:
    path.write_text("".join(f"word {at}\tmot {at}\n" for at in range(60)))


@pytest.mark.parametrize(
    "name", [launcher("joblib"), launcher("submitit_local", pytest.mark.slow), launcher("ray")]
)
def test_one_of_two_jobs_fails_and_the_rest_is_done_later(name, start, tmp_path):
    sweep = swept(name, "data=bitext", "data.train=a.tsv,b.tsv")
    write_pairs(tmp_path / "a.tsv")
    first = start(*sweep)
    assert first.wait() == 1
    failed = first.errors.index("train-b.tsv failed: no corpus")
    assert failed < first.errors.index("1 of the sweep's 2 jobs failed")
    run = run_of(tmp_path, "train-a.tsv")
    assert first.output.split() == [str(run.relative_to(tmp_path))]
    (said,) = [line for line in first.errors.splitlines() if "run in processes of their" in line]
    threads = 1 if name == "ray" else max(1, usable_cores() // 2)
    assert f", {threads} thread" in said
    assert re.search(rf"^train-a.tsv: rnn · .* cpu, {threads} thread", first.errors, re.MULTILINE)
    own = [line for line in first.errors.splitlines() if "update 8 · valid" in line]
    assert len(own) == 1
    assert own[0].startswith("train-a.tsv: update 8 · valid")
    table = first.errors.partition("\nrun ")[2].splitlines()
    assert table[1].split()[0] == f"swept/{run.name}"
    (ends,) = tmp_path.glob("runs/multirun/*/jobs.jsonl")
    jobs = {each["job"]: each for each in map(json.loads, ends.read_text().splitlines())}
    assert {job: each["exit_code"] for job, each in jobs.items()} == {
        "train-a.tsv": 0,
        "train-b.tsv": 1,
    }

    # In this process alone, with as many threads: the rest, and the same to the bit.
    write_pairs(tmp_path / "b.tsv")
    serial = swept("basic", "data=bitext", "data.train=a.tsv,b.tsv", "name=swept")
    second = attnlab(*serial, f"distributed.threads={threads}", folder=tmp_path)
    assert second.code == 0, second.errors
    *_, one, other = (run for run in runs(tmp_path) if run.name.endswith("train-a.tsv"))
    assert_same_weights(one, other)
    third = attnlab(*serial, "--continue", folder=tmp_path)
    assert third.code == 0, third.errors
    assert third.errors.count("is finished") == 1
    assert {row["state"] for row in _table(tmp_path)} == {"finished"}


def _table(folder: Path) -> list[dict[str, object]]:
    table: list[dict[str, object]] = json.loads(attnlab("runs", "--json", folder=folder).output)
    return table


@pytest.mark.parametrize("name", [launcher("joblib"), launcher("submitit_local", pytest.mark.slow)])
@pytest.mark.parametrize(
    "group", [True, pytest.param(False, marks=pytest.mark.slow)], ids=["ctrl-c", "kill"]
)
def test_a_signal_ends_all_and_the_sweep_goes_on(name, group, start, tmp_path):
    sweep = swept(name, "seed=1,2")
    first = start(*sweep, *LONG, OMP_NUM_THREADS="1")
    first.until(lambda: len(updates(tmp_path)) == 2 and min(updates(tmp_path)) > 6)
    children = first.children()
    assert len(children) >= 2
    if group:
        os.killpg(first.process.pid, signal.SIGINT)  # as a terminal does
    else:
        first.process.send_signal(signal.SIGTERM)
    assert first.wait() == (130 if group else 143)
    assert first.errors.count("and saved; go on with") == 2
    assert "stopped 2 jobs, each saved; the sweep ends here" in first.errors
    _, alive = psutil.wait_procs(children, 60)
    assert not alive
    assert {row["state"] for row in _table(tmp_path)} == {"stopped"}
    for run in runs(tmp_path):
        assert_each_update_once(run)


@pytest.mark.slow
@needs("joblib")
def test_a_killed_sweep_goes_on_without_loss(start, tmp_path):
    sweep = swept("joblib", "seed=1,2,3", "max_updates=60", "checkpoint_every=5")
    sweep += ["validate_every=60"]
    first = start(*sweep, "hydra.launcher.n_jobs=2", OMP_NUM_THREADS="1")
    first.until(lambda: len(updates(tmp_path)) >= 2 and min(updates(tmp_path)) > 6)
    first.process.kill()  # its jobs notice, and save what they have
    again = start(*sweep, "hydra.launcher.n_jobs=2", "--continue", OMP_NUM_THREADS="1")
    assert again.wait() == 0, again.errors
    assert len(runs(tmp_path)) == 3
    whole = tmp_path / "whole"
    whole.mkdir()
    serial = attnlab(*sweep, "hydra/launcher=basic", folder=whole, timeout=300)
    assert serial.code == 0, serial.errors
    for ours, theirs in zip(runs(tmp_path), runs(whole), strict=True):
        assert_same_weights(ours, theirs)
        assert_each_update_once(ours)


@pytest.mark.slow
@needs("submitit_local")
def test_a_preempted_job_is_requeued_and_goes_on_with_its_run(start, tmp_path):
    first = start(*swept("submitit_local", "seed=1,"), *LONG)
    first.until(lambda: updates(tmp_path) and min(updates(tmp_path)) > 6)
    (task,) = [each for each in first.children() if "submitit.core._submit" in each.cmdline()]
    task.send_signal(signal.SIGUSR2)  # as Slurm does before it takes the node away
    first.until(lambda: "going on from update" in first.errors)
    first.process.send_signal(signal.SIGTERM)
    assert first.wait() == 143
    (run,) = runs(tmp_path)
    assert_each_update_once(run)


@needs("optuna")
def test_optuna_maximises_bleu_and_says_which_run_was_best(tmp_path):
    # A negative learning rate is refused: that trial fails, and the search goes on.
    search = [
        *tiny("rnn", "-m", "hydra/sweeper=optuna", "hydra/sweeper/sampler=grid", "name=swept"),
        "optimiser.learning_rate=choice(-1.0,0.003,0.01)",
        *("hydra.sweeper.n_trials=3", "stopping.metric=chrf", "validate_metrics=[chrf]"),
    ]
    result = attnlab(*search, folder=tmp_path, timeout=300)
    assert result.code == 2, result.errors
    assert "1 of the sweep's 3 jobs failed" in result.errors
    (folder,) = tmp_path.glob("runs/multirun/*")
    jobs = [json.loads(line) for line in (folder / "jobs.jsonl").read_text().splitlines()]
    best = max((job for job in jobs if job["value"] is not None), key=lambda job: job["value"])
    found = yaml.safe_load((folder / "optimization_results.yaml").read_text())
    assert found["best_value"] == best["value"]
    run = Path(best["run"]).relative_to(tmp_path)
    assert re.search(rf"best of 2: {re.escape(best['job'])} \(.*\), {run}\n", result.errors)


@pytest.mark.skipif(has("ray"), reason="the plug-in is installed")
def test_a_launcher_of_an_extra_that_is_missing_names_it(tmp_path):
    refused = attnlab(*swept("ray", "seed=1,2"), folder=tmp_path)
    assert_refused(refused, 2, "hydra/launcher=ray needs packages", "pip install 'attnlab[ray]'")
    assert not (tmp_path / "runs").exists()
