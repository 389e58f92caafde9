"""A training that is killed at any of its file operations, and resumed, leaves no trace of it.

What a kill leaves is what the system has of the run's folder in that moment. One training copies
it before each of its file operations, and halfway through many a write; each copy is then resumed.
"""

import json
import os
from pathlib import Path

import pytest
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

from tests.commands.test_killed_runs import exact, metrics_of, pairs, plain  # noqa: F401
from tests.runs import tiny
from tests.warm import Attnlab

pytestmark = pytest.mark.skipif(os.name != "posix", reason="copies what is being written")

# A checkpoint of update 8 stands before the last report and the last validation of update 8.
SETTINGS = [
    *tiny("bahdanau", "model.dropout=0.3", "data=bitext", "data.train=pairs.tsv", "name=it"),
    *("vocabulary.size=60", "model.embedding_size=8", "model.hidden_size=8", "max_updates=8"),
    *("checkpoint_every=4", "log_every=3", "validate_every=5", "watch_every=4", "batch_tokens=60"),
    *("watch_sentences=1", "keep_checkpoints=1", "validate_sentences=4"),
]

COPY = """
import builtins, io, os, shutil, sys, threading
from pathlib import Path

PLACES, plain_open = Path("places"), io.open
lock, busy = threading.RLock(), []  # one thread at a time, and none of what the copying opens
PLACES.mkdir()

def copy(what):
    with lock:
        runs = [*Path("runs").glob("it/*")]
        if busy or not runs or not (runs[0] / "config.yaml").exists():
            return
        busy.append(True)
        place = PLACES / f"{len([*PLACES.iterdir()]):04}-{what}" / "runs" / "it"
        shutil.copytree(runs[0], place / runs[0].name, symlinks=True)
        busy.clear()

def within(path, folder=-1):
    try:
        path = os.readlink(f"/proc/self/fd/{path}") if isinstance(path, int) else os.fspath(path)
        if folder >= 0:
            path = os.path.join(os.readlink(f"/proc/self/fd/{folder}"), os.fsdecode(path))
    except (OSError, TypeError):
        return False
    path = os.path.abspath(os.fsdecode(path))
    return os.path.abspath("runs/it") in path and not path.endswith(".lock")

def audit(event, arguments):
    writes = event != "open" or (arguments[2] or 0) & (os.O_WRONLY | os.O_RDWR | os.O_CREAT)
    folder = arguments[-1] if event in ("os.remove", "os.rmdir") else -1
    if event in EVENTS and writes and within(arguments[0], folder):
        copy(event)

EVENTS = {"open", "os.rename", "os.remove", "os.mkdir", "os.rmdir", "os.truncate"}
sys.addaudithook(audit)

def opened(file, mode="r", *more, **named):
    found = plain_open(file, mode, *more, **named)
    if not busy and any(letter in mode for letter in "wxa+") and within(found.fileno()):
        write, calls = found.write, []
        def halves(content):
            calls.append(1)
            if len(calls) % 9 != 1:  # records and tensors are hundreds of them
                return write(content)
            size = len(content) // 2
            write(content[:size])
            found.flush()
            copy("write")
            return size + write(content[size:])
        found.write = halves
    return found

io.open = builtins.open = opened

fsync = os.fsync
def synced(descriptor):
    if within(descriptor):
        copy("fsync")
    fsync(descriptor)
os.fsync = synced
"""

RESUME = """
import os, sys
from attnlab.__main__ import main

for place in sys.argv[1:]:
    os.chdir(place)
    sys.argv = ["attnlab", "train", "--resume", "it"]
    try:
        main()
    except SystemExit as end:
        assert not end.code, (place, end.code)
sys.exit(0)
"""


@pytest.fixture(scope="module")
def places(tmp_path_factory):
    """The copies in their order, and last the run that was never killed."""
    folder = tmp_path_factory.mktemp("kills")
    words = [word.split() for word in ("one un", "two deux", "three trois", "four quatre")]
    lines = [f"{a} {b} {a}\t{x} {y} {x}\n" for a, x in words for b, y in words for _ in range(4)]
    (folder / "pairs.tsv").write_text("".join(lines))
    process = Attnlab(*SETTINGS, folder=folder, preparation=COPY)
    assert process.wait() == 0, process.told()
    return [*sorted((folder / "places").iterdir()), folder]


def resume(chosen, folder):
    """One process resumes them one by one: each is a process's work of a third of a second."""
    arguments = f"import sys\nsys.argv = ['', *{[str(place) for place in chosen]!r}]\n"
    process = Attnlab(folder=folder, preparation=arguments + RESUME)
    assert process.wait(1200) == 0, process.told()[-3000:]


def traces(place) -> dict[str, object]:
    """All that a run leaves, but for the time that it took and the names that follow from that."""
    (run,) = place.glob("runs/it/*")
    records = {}
    for purge in (True, False):  # as TensorBoard reads, and as those do who heed no restarts
        events = EventAccumulator(str(run), purge_orphaned_data=purge).Reload()
        for tag in events.Tags()["scalars"]:
            if "second" not in tag:
                records[tag, purge] = [(e.step, e.value) for e in events.Scalars(tag)]
        for tag in (*events.Tags()["images"], *events.Tags()["tensors"]):
            read = events.Images if tag in events.Tags()["images"] else events.Tensors
            records[tag, purge] = [event.step for event in read(tag)]
    skipped = ("events.out", "metrics.jsonl", "training.pt", "SHA256SUMS", ".hydra", "previous")
    files = {
        str(path.relative_to(run)): path.read_bytes()
        for path in sorted(run.rglob("*"))
        if path.is_file() and not any(part in str(path) for part in skipped)
    }
    return {"metrics": exact(metrics_of(run)), "records": records, "files": files}


def check(chosen, whole):
    resume(chosen, whole)
    wanted = traces(whole)
    updates = [line["update"] for line in wanted["metrics"]]
    assert updates == sorted(updates)
    for place in chosen:
        found = traces(place)
        for name, value in wanted.items():
            assert found[name] == value, (place.name, name)


def test_the_points_are_those_of_every_part_of_a_save(places):
    kinds = {place.name.split("-")[1] for place in places[:-1]}
    assert kinds == {"open", "write", "fsync", "os.rename", "os.remove", "os.mkdir", "os.rmdir"}
    state = json.dumps([place.name for place in places[:-1]])
    assert len(places) > 150, state


def at_last_update(place: Path) -> bool:
    """Whether the kill came after the checkpoint of update 8, amidst what else belongs to it."""
    (run,) = place.glob("runs/it/*")
    seen = metrics_of(run)
    return bool(seen) and seen[-1]["update"] == 8 and (run / "checkpoints" / "previous").exists()


def test_kills_all_over_a_training_and_at_the_update_of_a_checkpoint(places):
    *killed, whole = places
    late = [place for place in killed if at_last_update(place)]
    assert late
    check(sorted({*killed[5::83], *late[3::41]}), whole)


@pytest.mark.slow
def test_a_kill_at_every_file_operation(places):
    check(places[:-1], places[-1])
