"""Cached folders: made once, whole or made again, whatever happens to disk and processes."""

import os
import re
import shutil
import signal
import subprocess
import sys
import time
from hashlib import sha256
from pathlib import Path

import pytest

from attnlab.support import cache, files
from attnlab.support.cache import MANIFEST, Cache
from attnlab.support.errors import AttnlabError
from tests.refusals import assert_refused
from tests.runs import REPOSITORY

PROGRAM = """
import logging, os, sys, time
from pathlib import Path
from attnlab.support.errors import AttnlabError
from attnlab.support import cache, files
from attnlab.support.cache import MANIFEST, Cache

logging.basicConfig(level=logging.INFO, format="%(message)s")
root, log = map(Path, sys.argv[1:3])
seconds, size = float(sys.argv[3]), int(sys.argv[4])

def make(folder):
    with log.open("a") as file:
        file.write("made\\n")
    (folder / "numbers").write_bytes(bytes(size))
    time.sleep(seconds)

try:
    folder = Cache(root).folder("test", {"a": 1}, make)
except AttnlabError as error:
    sys.exit(str(error))
assert (folder / "numbers").read_bytes() == bytes(size)
print(folder)
"""
ENVIRONMENT = os.environ | {"PYTHONPATH": str(REPOSITORY)}


class Maker:
    """Writes `content`, and counts how often it was asked to."""

    def __init__(self, content: bytes = b"content") -> None:
        self.content, self.times = content, 0

    def __call__(self, folder: Path) -> None:
        self.times += 1
        (folder / "file").write_bytes(self.content)
        (folder / "other").write_bytes(b"other")


def start(root, log, seconds=0.0, size=1000) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-c", PROGRAM, *map(str, (root, log, seconds, size))],
        env=ENVIRONMENT,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def test_a_folder_is_made_once_for_the_same_facts(tmp_path):
    maker = Maker()
    first = Cache(tmp_path / "cache").folder("kind", {"a": 1, "b": [2]}, maker)
    again = Cache(tmp_path / "cache").folder("kind", {"b": [2], "a": 1}, maker)
    assert (maker.times, first) == (1, again)
    assert (first / "file").read_bytes() == b"content"
    others = [
        Cache(tmp_path / "cache").folder(kind, facts, maker)
        for kind, facts in (("kind", {"a": 1, "b": [3]}), ("other", {"a": 1, "b": [2]}))
    ]
    assert len({first, *others}) == maker.times == 3
    assert {path.name for path in (tmp_path / "cache").iterdir()} == {
        path.name for path in (first, *others)
    }, "nothing is left of the making"


def flip(folder):
    content = bytearray((folder / "file").read_bytes())
    content[3] ^= 1
    (folder / "file").write_bytes(content)


@pytest.mark.parametrize(
    "damage",
    [
        flip,
        lambda folder: os.truncate(folder / "file", 3),
        lambda folder: (folder / "other").unlink(),
        lambda folder: (folder / "new").write_bytes(b""),
        lambda folder: (folder / MANIFEST).unlink(),
        lambda folder: os.truncate(folder / MANIFEST, 20),
        lambda folder: (folder / MANIFEST).write_text("[]"),
        lambda folder: (folder / MANIFEST).write_text('{"files": {"file": [7], "other": 1}}'),
    ],
    ids=["a bit", "cut", "a file missing", "one too many", *("no manifest", "manifest cut"),
         *("no mapping", "no stamps")],
)  # fmt: skip
def test_a_damaged_folder_is_made_again_with_a_warning(damage, tmp_path, caplog):
    maker = Maker()
    folder = Cache(tmp_path).folder("kind", {}, maker)
    damage(folder)
    assert Cache(tmp_path).folder("kind", {}, maker) == folder
    assert maker.times == 2
    assert (folder / "file").read_bytes() == b"content"
    assert [record.getMessage() for record in caplog.records] == [
        f"{folder}: is damaged, and is made again"
    ]


def test_a_file_is_read_again_only_for_another_time_or_on_request(tmp_path, monkeypatch):
    maker = Maker()
    folder = Cache(tmp_path).folder("kind", {}, maker)
    modified = (folder / "file").stat().st_mtime_ns
    os.utime(folder / "file")
    digests = count_digests(monkeypatch)
    Cache(tmp_path).folder("kind", {}, maker)
    assert (maker.times, digests.count("file")) == (1, 1), "another time, and the same content"
    assert (folder / "file").stat().st_mtime_ns == modified
    flip(folder)
    os.utime(folder / "file", ns=(modified, modified))
    Cache(tmp_path).folder("kind", {}, maker)
    assert (maker.times, digests.count("file")) == (1, 1), "the same size and time are trusted"
    monkeypatch.setenv("ATTNLAB_VERIFY_CACHE", "1")
    Cache(tmp_path).folder("kind", {}, maker)
    assert (maker.times, (folder / "file").read_bytes()) == (2, b"content")


def count_digests(monkeypatch) -> list[str]:
    """The names of the files that are read for their checksum from now on."""
    names = []

    def counted(path: Path) -> str:
        names.append(path.name)
        return sha256(path.read_bytes()).hexdigest()

    monkeypatch.setattr(files, "file_digest", counted)
    monkeypatch.setattr(cache, "file_digest", counted)
    return names


def test_a_source_is_read_once_until_its_size_or_time_changes(tmp_path, monkeypatch):
    sources, root = tmp_path / "sources", tmp_path / "cache"
    sources.mkdir()
    path = sources / "train.tsv"
    path.write_bytes(b"one")
    monkeypatch.setattr(cache, "_RACY_NANOSECONDS", 0)
    digests = count_digests(monkeypatch)
    first = Cache(root).source_digest(path)
    assert first == Cache(root).source_digest(path) == sha256(b"one").hexdigest()
    assert len(digests) == 1
    path.write_bytes(b"two")
    os.utime(path, ns=(0, 0))
    assert Cache(root).source_digest(path) == sha256(b"two").hexdigest()
    assert Cache(root).source_digest(path) == sha256(b"two").hexdigest()
    assert len(digests) == 2
    monkeypatch.setenv("ATTNLAB_VERIFY_CACHE", "1")
    Cache(root).source_digest(path)
    assert len(digests) == 3
    (root / "sources.json").write_text("{")
    assert Cache(root).source_digest(path) == sha256(b"two").hexdigest()


def test_a_source_that_may_still_change_is_read_each_time(tmp_path, monkeypatch):
    (tmp_path / "train.tsv").write_bytes(b"one")
    digests = count_digests(monkeypatch)
    for _ in range(2):
        Cache(tmp_path / "cache").source_digest(tmp_path / "train.tsv")
    assert len(digests) == 2


def test_two_processes_at_once_make_it_once(tmp_path):
    root, log = tmp_path / "cache", tmp_path / "log"
    processes = [start(root, log, seconds=0.7) for _ in range(3)]
    results = [process.communicate(timeout=60) for process in processes]
    assert [process.returncode for process in processes] == [0, 0, 0], results
    assert log.read_text() == "made\n"
    assert len({output for output, _ in results}) == 1
    assert sum("waiting for another attnlab" in errors for _, errors in results) == 2


def test_a_process_killed_at_work_leaves_nothing_that_counts(tmp_path):
    root, log = tmp_path / "cache", tmp_path / "log"
    process = start(root, log, seconds=60)
    deadline = time.monotonic() + 30
    while not list(root.glob(".*/numbers")) and time.monotonic() < deadline:
        time.sleep(0.02)
    process.send_signal(signal.SIGKILL)
    process.communicate()
    output, errors = start(root, log).communicate(timeout=60)
    assert log.read_text() == "made\n" * 2, errors
    assert [path.name for path in root.iterdir()] == [Path(output.strip()).name]


def test_what_making_raises_is_raised_and_leaves_nothing(tmp_path):
    def refuse(folder: Path) -> None:
        (folder / "file").write_bytes(b"half")
        raise AttnlabError("a.tsv:3: is wrong")

    with pytest.raises(AttnlabError, match=r"^a\.tsv:3: is wrong$"):
        Cache(tmp_path).folder("kind", {}, refuse)
    assert list(tmp_path.iterdir()) == []


def test_a_root_that_cannot_be_written_to_is_done_without(tmp_path, caplog):
    (tmp_path / "file").write_text("")
    maker, uncached = Maker(), Cache(tmp_path / "file" / "cache")
    folder = uncached.folder("kind", {"cannot": "be stored"}, maker)
    assert (folder / "file").read_bytes() == b"content"
    uncached.folder("kind", {"nor": "can this"}, maker)
    (warning,) = [record.getMessage() for record in caplog.records]
    assert warning.startswith(
        f"{tmp_path / 'file' / 'cache'}: the tokenised corpus cannot be stored"
    )
    assert "set ATTNLAB_CACHE" in warning
    again = Cache(tmp_path / "file" / "cache").folder("kind", {"cannot": "be stored"}, maker)
    assert (again, maker.times) == (folder, 2), "in one process, it is made once all the same"


def own_file_system(mount: Path, size: str, command: list[str]) -> subprocess.CompletedProcess[str]:
    """Run `command` where `mount` is a disk of that size, which needs no root on most Linuxes."""
    script = f'mount -t tmpfs -o size={size} tmpfs "{mount}" && exec "$@"'
    unshare = ["unshare", "--user", "--map-root-user", "--mount", "sh", "-c", script, "sh"]
    if not shutil.which("unshare") or subprocess.run([*unshare, "true"], check=False).returncode:
        pytest.skip("no file systems can be mounted here without being root")
    return subprocess.run(
        [*unshare, *command], env=ENVIRONMENT, capture_output=True, text=True, check=False
    )


def test_a_full_disk_is_done_without_and_left_as_it_was(tmp_path):
    disk = tmp_path / "disk"
    disk.mkdir()
    program = f"{PROGRAM}\nprint(sorted(path.name for path in root.iterdir()))"
    result = own_file_system(
        disk,
        "64k",
        [sys.executable, "-c", program, str(disk), str(tmp_path / "log"), "0", "1000000"],
    )
    assert result.returncode == 0, result.stderr
    assert f"{disk}: the tokenised corpus cannot be stored here (No space left" in result.stderr
    folder, left = result.stdout.splitlines()
    assert not folder.startswith(str(disk))
    assert left == "[]"
    assert not Path(folder).exists(), "it goes with the process"
    assert (tmp_path / "log").read_text() == "made\n" * 2


def test_no_room_anywhere_is_an_error(tmp_path):
    # no file may be longer than 50 kB: as full as a disk can be, and wherever it is
    program = (
        f"import resource; resource.setrlimit(resource.RLIMIT_FSIZE, (50000, 50000))\n{PROGRAM}"
    )
    result = subprocess.run(
        [sys.executable, "-c", program, str(tmp_path), str(tmp_path / "log"), "0", "100000"],
        env=ENVIRONMENT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert_refused(result, 1, re.compile("(^| )there is no room for the tokenised corpus"))
    assert [path.name for path in tmp_path.iterdir()] == ["log"]


def test_the_longest_unused_go_where_there_is_too_much(tmp_path):
    maker = Maker(b"x" * 1000)
    folders = [Cache(tmp_path).folder("kind", {"n": n}, maker) for n in range(4)]
    (tmp_path / ".new-0123").mkdir()  # by a process that was killed
    now = time.time()
    for folder, hours in zip(folders, (5, 50, 20, 0.1), strict=True):
        os.utime(folder / MANIFEST, (now, now - 3600 * hours))
    os.utime(tmp_path / ".new-0123", (now, now - 3600 * 30))
    Cache(tmp_path).folder("kind", {"n": 2}, maker)  # which makes it the latest
    # each has some 1,500 bytes: with the new one, three of them fit
    new = Cache(tmp_path, limit_bytes=5200).folder("kind", {"n": 9}, maker)
    assert set(tmp_path.iterdir()) == {folders[2], folders[3], new}
    Cache(tmp_path, limit_bytes=10).folder("kind", {"n": 10}, maker)
    assert {folders[2], folders[3], new} < set(tmp_path.iterdir()), "used within the hour"


def test_without_a_root_nothing_is_stored(tmp_path):
    maker = Maker()
    folder = Cache(None).folder("kind", {"of": str(tmp_path)}, maker)
    assert (folder / "file").read_bytes() == b"content"
    assert not list(tmp_path.iterdir())
