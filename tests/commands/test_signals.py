"""Signals in training: the first saves it, the second ends it at once, and a sweep ends as well."""

import os
import signal
import subprocess
import sys
from contextlib import suppress

import pytest

from tests.commands.test_killed_runs import metrics_of, run_of
from tests.runs import attnlab, environment, tiny
from tests.warm import Attnlab, end_all, eventually

pytestmark = pytest.mark.skipif(os.name != "posix", reason="the signals are those of POSIX")

ENDLESS = tiny(
    "rnn", "max_updates=100000", "validate_every=100000", "checkpoint_every=5", "name=it"
)


@pytest.fixture(autouse=True)
def _end_all():
    yield
    end_all()


def is_at(folder, reports):
    return any(len(metrics_of(run)) >= reports for run in folder.glob("runs/it/*"))


def assert_it_goes_on(folder):
    reports = metrics_of(run_of(folder, "it"))[-1]["update"]
    resumed = attnlab("train", "--resume", "it", f"max_updates={reports + 2}", folder=folder)
    assert resumed.code == 0, resumed.errors
    assert "going on from update" in resumed.errors
    updates = [line["update"] for line in metrics_of(run_of(folder, "it")) if "train/loss" in line]
    assert updates == list(range(1, reports + 3))


SIGINT, SIGTERM = (signal.SIGINT, 130), (signal.SIGTERM, 143)
"""Signals and exit codes; in each test the one that the other test does not have is slow."""


def quick(one, other):
    return pytest.mark.parametrize(
        ("number", "code"), [one, pytest.param(*other, marks=pytest.mark.slow)]
    )


@quick(SIGINT, SIGTERM)
def test_a_second_signal_while_saving_ends_at_once_and_the_run_can_go_on(number, code, tmp_path):
    endless_save = (
        "import os.path, time, attnlab.training.checkpoint as module\n"
        "plain = module.seal\n"
        "def seal(*arguments):\n"
        "    if os.path.exists('asked'):\n"
        "        open('saving', 'w').close()\n"
        "        time.sleep(600)\n"
        "    plain(*arguments)\n"
        "module.seal = seal\n"
    )
    process = Attnlab(*ENDLESS, folder=tmp_path, preparation=endless_save)
    assert eventually(lambda: [*tmp_path.glob("runs/it/*/checkpoints/previous")], process)
    (tmp_path / "asked").touch()
    assert eventually((tmp_path / "saving").exists, process), process.told()
    name = signal.Signals(number).name
    process.send(number)
    assert eventually(
        lambda: f"{name}: stopping as soon as the current step is done" in process.told(), process
    )
    process.send(number)
    assert process.wait(120) == code, process.told()
    told = " ".join(process.told().split())
    assert f"{name} again: ended at once; what was saved before stands" in told
    assert "fault of attnlab" not in told
    assert [*tmp_path.glob("runs/it/*/checkpoints/.new-*")], "it was amidst a save"
    assert_it_goes_on(tmp_path)
    assert not [*tmp_path.glob("runs/it/*/checkpoints/.new-*")]


def test_a_terminal_that_closes_has_the_run_saved(tmp_path):
    import fcntl
    import pty
    import termios

    def take_terminal():
        fcntl.ioctl(0, termios.TIOCSCTTY, 0)
        signal.signal(signal.SIGHUP, signal.SIG_DFL)  # tests that run under nohup ignore it

    ours, theirs = pty.openpty()
    process = subprocess.Popen(
        [sys.executable, "-m", "attnlab", *ENDLESS, "checkpoint_every=100000"],
        cwd=tmp_path,
        env=environment(),
        stdin=theirs,
        stdout=theirs,
        stderr=theirs,
        start_new_session=True,
        preexec_fn=take_terminal,
    )
    os.close(theirs)
    os.set_blocking(ours, False)
    while not is_at(tmp_path, 3):
        assert process.poll() is None
        with suppress(BlockingIOError):
            os.read(ours, 1 << 16)  # or its output would wait for us
    os.close(ours)
    assert process.wait(120) == 129
    assert (run_of(tmp_path, "it") / "checkpoints" / "last" / "SHA256SUMS").exists()
    assert_it_goes_on(tmp_path)


def test_what_nohup_has_ignored_stays_ignored(tmp_path):
    ignore = "import signal\nsignal.signal(signal.SIGHUP, signal.SIG_IGN)\n"
    process = Attnlab(*ENDLESS, folder=tmp_path, preparation=ignore)
    assert eventually(lambda: is_at(tmp_path, 3), process), process.told()
    process.send(signal.SIGHUP)
    reports = len(metrics_of(run_of(tmp_path, "it")))
    assert eventually(lambda: is_at(tmp_path, reports + 5), process), process.told()
    process.send(signal.SIGTERM)
    assert process.wait() == 143


@quick(SIGTERM, SIGINT)
def test_a_signal_ends_a_sweep_and_not_one_run_of_it(number, code, tmp_path):
    process = Attnlab(*ENDLESS, "seed=1,2", "-m", folder=tmp_path)
    assert eventually(lambda: is_at(tmp_path, 3), process), process.told()
    process.send(number)
    assert process.wait(120) == code, process.told()
    told = " ".join(process.told().split())
    assert "and saved; go on with: attnlab train --resume" in told
    assert "the sweep ends here" in told
    assert "fault of attnlab" not in told
    assert len([*tmp_path.glob("runs/**/metrics.jsonl")]) == 1
