"""Training where the disk is full, locked, gone or shared: a message, and nothing good is lost."""

import json
import re
import shutil
import signal
import sys

import pytest
from safetensors import safe_open

from attnlab.support.files import check_seal
from attnlab.training.snapshots import kept_snapshots
from tests.commands.test_killed_runs import metrics_of, run_of
from tests.refusals import assert_refused
from tests.runs import tiny
from tests.warm import Attnlab, end_all, eventually

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="limits a process as Linux does")

ENDLESS = ("max_updates=1000000", "validate_every=1000000", "checkpoint_every=20", "name=it")
SETTINGS = tiny("rnn", *ENDLESS, "data=bitext", "data.train=pairs.tsv", "vocabulary.size=40")


@pytest.fixture(autouse=True)
def pairs(tmp_path):
    lines = [f"{word} {n}\t{n} {word}\n" for n in range(20, 60) for word in ("go", "stay", "come")]
    (tmp_path / "pairs.tsv").write_text("".join(lines))
    yield
    end_all()


def started(folder, *more, checkpoints=2):
    """A training that has written some checkpoints; it would never end by itself."""
    process = Attnlab(*SETTINGS, *more, folder=folder)
    wanted = "last" if checkpoints == 1 else "previous"
    assert eventually(lambda: [*folder.glob(f"runs/it/*/checkpoints/{wanted}")], process)
    return process, run_of(folder, "it")


def may_write(process, size):
    """No file of the process may grow beyond so many bytes from now on, as on a full disk."""
    import resource

    resource.prlimit(process.pid, resource.RLIMIT_FSIZE, (size, size))


def assert_it_goes_on(run, updates=3):
    """The last checkpoint is whole: training goes on from it."""
    process = Attnlab("train", "--resume", "it", "checkpoint_every=1000000", folder=run.parents[2])
    assert eventually(lambda: "going on from update" in process.told(), process), process.told()
    start = int(process.told().split("going on from update ")[1].split()[0].replace(",", ""))
    assert eventually(lambda: metrics_of(run)[-1]["update"] >= start + updates, process)
    process.send(signal.SIGTERM)
    assert process.wait() == 143, process.told()
    updates = [line["update"] for line in metrics_of(run) if "train/loss" in line]
    assert updates == list(range(1, len(updates) + 1)), "no gap and no double"


@pytest.mark.parametrize(
    ("checkpoint_every", "what"),
    [
        (20, "last: the checkpoint could not be written"),
        (200, r"(metrics\.jsonl|tfevents\S+): could not be written"),
    ],
)
def test_a_full_disk(checkpoint_every, what, tmp_path):
    process, run = started(tmp_path, f"checkpoint_every={checkpoint_every}", checkpoints=1)
    if "metrics" in what:
        may_write(process, (run / "metrics.jsonl").stat().st_size + 2000)
    else:
        may_write(process, 40_000)
    assert_refused(process, 1, re.compile(rf"{what} \(File too large\)"), "stands", "--resume")
    assert not [*run.glob("checkpoints/.*")], "what cannot be used takes no room"
    assert_it_goes_on(run)


def test_a_full_disk_for_a_kept_checkpoint(tmp_path):
    often = ("validate_every=30", "checkpoint_every=70", "keep_checkpoints=2")
    quick = ("validate_metrics=[]", "stopping.metric=loss", "watch_sentences=0", "watch_every=null")
    process, run = started(tmp_path, *often, *quick, checkpoints=1)
    may_write(process, 85_000)  # the weights alone are more, and nothing else is
    unwritten = r"update-\d+: the checkpoint could not be written \(File too large\)"
    assert_refused(process, 1, re.compile(unwritten))
    kept = kept_snapshots(run / "checkpoints")
    assert len(kept) == 2
    for folder in kept.values():
        check_seal(folder)
    assert not [*run.glob("checkpoints/.*")], "what cannot be used takes no room"
    assert_it_goes_on(run)


def test_a_full_disk_for_tensorboard(tmp_path):
    # Samples reach TensorBoard's file only; here that grows faster than the checkpoint is large.
    wordy = ("validate_every=1", "watch_sentences=20", "checkpoint_every=3", "log_every=1000")
    small = ("model.embedding_size=8", "model.hidden_size=8")
    process, run = started(tmp_path, *wordy, *small)
    state = (run / "checkpoints" / "last" / "training.pt").stat().st_size
    may_write(process, state + 20_000)
    stands = "could not be written (File too large); the last checkpoint stands"
    assert_refused(process, 1, "events.out.tfevents", stands)
    with safe_open(run / "checkpoints" / "last" / "weights.safetensors", "pt") as file:
        assert file.keys()


def test_a_folder_that_became_read_only(tmp_path):
    # Root may write everywhere, unless it gives up the capabilities that let it.
    ordinary = (
        "import ctypes\n"
        "header = (ctypes.c_uint32 * 2)(0x20080522, 0)\n"
        "assert ctypes.CDLL(None).capset(header, (ctypes.c_uint32 * 6)()) == 0\n"
    )
    process = Attnlab(*SETTINGS, folder=tmp_path, preparation=ordinary)
    assert eventually(lambda: [*tmp_path.glob("runs/it/*/checkpoints/previous")], process)
    run = run_of(tmp_path, "it")
    (run / "checkpoints").chmod(0o555)
    try:
        assert_refused(process, 1, "could not be written (Permission denied)")
        (run / "checkpoints").chmod(0o755)
        run.chmod(0o555)
        again = Attnlab("train", "--resume", "it", folder=tmp_path, preparation=ordinary)
        assert_refused(again, 1, "cannot be written to (Permission denied); permit")
    finally:
        run.chmod(0o755)
        (run / "checkpoints").chmod(0o755)
    assert_it_goes_on(run)


def test_a_run_folder_that_is_deleted(tmp_path):
    process, run = started(tmp_path, "checkpoint_every=20")
    process.send(signal.SIGSTOP)
    shutil.rmtree(run)
    process.send(signal.SIGCONT)
    deleted = "was deleted or moved while training wrote to it; train the run anew"
    assert_refused(process, 1, deleted)
    assert not run.exists()


def test_two_processes_on_one_folder_and_readers_beside_them(tmp_path):
    process, run = started(tmp_path, "validate_every=2", checkpoints=1)
    second = Attnlab("train", "--resume", "it", folder=tmp_path)
    name = run.relative_to(tmp_path)
    assert_refused(second, 1, f"{name}: another process is training in this folder")
    for checkpoint in ("best", "last"):
        assert eventually(lambda name=checkpoint: (run / "checkpoints" / name).is_dir(), process)
        reader = Attnlab("eval", "it", f"checkpoint={checkpoint}", folder=tmp_path)
        assert reader.wait() == 0, reader.told()
    assert not process.ended
    process.send(signal.SIGKILL)
    process.wait()
    assert_it_goes_on(run)
    assert not (run / ".lock").exists()


def test_a_batch_without_a_finite_loss_stops_or_is_skipped(tmp_path):
    # A weight is spoilt for as long as one batch takes, as an overflow would.
    spoil = (
        "import torch\n"
        "from attnlab.training import objective\n"
        "plain, calls = objective.total_cross_entropy, []\n"
        "def spoilt(model, batch, smoothing):\n"
        "    calls.append(1)\n"
        "    total = plain(model, batch, smoothing)\n"
        "    return total * torch.inf if len(calls) in (5, 6) else total\n"
        "objective.total_cross_entropy = spoilt\n"
    )
    settings = (*SETTINGS, "checkpoint_every=2")
    process = Attnlab(*settings, folder=tmp_path, preparation=spoil)
    spoilt = "loss is inf at update 5; training stopped before it could spoil the weights"
    assert_refused(process, 1, spoilt, "on_non_finite=skip")
    run = run_of(tmp_path, "it")
    (path,) = (run / "non_finite").iterdir()
    assert str(path.relative_to(tmp_path)) in process.told().replace("\n", "")
    written = json.loads(path.read_text())
    assert (written["update"], written["loss"]) == (5, "inf")
    assert (written["epoch"], written["batch"]) == (2, 0)  # of two batches each
    for sentence in written["sentences"]:
        word, number = sentence["source"]["text"].split()
        assert sentence["target"]["text"] == f"{number} {word}"
    assert_it_goes_on(run)

    skipping = Attnlab(
        *tiny("rnn", "data=bitext", "data.train=pairs.tsv", "vocabulary.size=40", "name=skips"),
        "on_non_finite=skip",
        folder=tmp_path,
        preparation=spoil,
    )
    assert skipping.wait() == 0, skipping.told()
    told = " ".join(skipping.told().split())
    assert "skipped (1 so far)" in told
    assert "skipped (2 so far)" in told
    metrics = metrics_of(run_of(tmp_path, "skips"))
    skipped = [line["train/skipped"] for line in metrics if "train/loss" in line]
    assert skipped == [0, 0, 0, 0, 2, 2, 2, 2]
    always = spoil.replace("len(calls) in (5, 6)", "len(calls) > 2")
    hopeless = Attnlab(
        *settings, "on_non_finite=skip", "name=no", folder=tmp_path, preparation=always
    )
    tenth = "loss is inf at update 3, the 10th time in a row; training stopped"
    assert_refused(hopeless, 1, tenth)
    assert len([*run_of(tmp_path, "no").glob("non_finite/*")]) == 10
    assert [path.name for path in (run_of(tmp_path, "no") / "checkpoints").iterdir()] == ["last"]
