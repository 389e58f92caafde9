"""Kept folders: made once, whole or made anew, whatever happens to disk and processes."""

import os
import re
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from attnlab.support.cache import Cache
from attnlab.support.errors import AttnlabError
from tests.refusals import assert_refused
from tests.runs import REPOSITORY

PROGRAM = """
import logging, os, sys, time
from pathlib import Path
from attnlab.support.errors import AttnlabError
from attnlab.support.cache import Cache

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
    first = Cache(tmp_path / "kept").folder("kind", {"a": 1, "b": [2]}, maker)
    again = Cache(tmp_path / "kept").folder("kind", {"b": [2], "a": 1}, maker)
    assert (maker.times, first) == (1, again)
    assert (first / "file").read_bytes() == b"content"
    others = [
        Cache(tmp_path / "kept").folder(kind, facts, maker)
        for kind, facts in (("kind", {"a": 1, "b": [3]}), ("other", {"a": 1, "b": [2]}))
    ]
    assert len({first, *others}) == maker.times == 3
    assert {path.name for path in (tmp_path / "kept").iterdir()} == {
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
        lambda folder: (folder / "checksums.json").unlink(),
        lambda folder: os.truncate(folder / "checksums.json", 20),
        lambda folder: (folder / "checksums.json").write_text("[]"),
    ],
    ids=["a bit", "cut", "a file gone", "one too many", "no seal", "seal cut", "no mapping"],
)
def test_what_is_damaged_is_made_anew_and_said(damage, tmp_path, caplog):
    maker = Maker()
    folder = Cache(tmp_path).folder("kind", {}, maker)
    damage(folder)
    assert Cache(tmp_path).folder("kind", {}, maker) == folder
    assert maker.times == 2
    assert (folder / "file").read_bytes() == b"content"
    assert [record.getMessage() for record in caplog.records] == [
        f"{folder}: is damaged, and is made anew"
    ]


def test_two_processes_at_once_make_it_once(tmp_path):
    root, log = tmp_path / "kept", tmp_path / "log"
    processes = [start(root, log, seconds=0.7) for _ in range(3)]
    results = [process.communicate(timeout=60) for process in processes]
    assert [process.returncode for process in processes] == [0, 0, 0], results
    assert log.read_text() == "made\n"
    assert len({output for output, _ in results}) == 1
    assert sum("waiting for another attnlab" in errors for _, errors in results) == 2


def test_a_process_killed_at_work_leaves_nothing_that_counts(tmp_path):
    root, log = tmp_path / "kept", tmp_path / "log"
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
    maker, kept = Maker(), Cache(tmp_path / "file" / "kept")
    folder = kept.folder("kind", {"cannot": "be kept"}, maker)
    assert (folder / "file").read_bytes() == b"content"
    kept.folder("kind", {"nor": "can this"}, maker)
    (warning,) = [record.getMessage() for record in caplog.records]
    assert warning.startswith(f"{tmp_path / 'file' / 'kept'}: the tokenised corpus cannot be kept")
    assert "set ATTNLAB_CACHE" in warning
    again = Cache(tmp_path / "file" / "kept").folder("kind", {"cannot": "be kept"}, maker)
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
    assert f"{disk}: the tokenised corpus cannot be kept here (No space left" in result.stderr
    folder, left = result.stdout.splitlines()
    assert not folder.startswith(str(disk))
    assert left == "[]"
    assert not Path(folder).exists(), "it goes with the process"
    assert (tmp_path / "log").read_text() == "made\n" * 2


def test_no_room_anywhere_is_told(tmp_path):
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
        os.utime(folder / "checksums.json", (now, now - 3600 * hours))
    os.utime(tmp_path / ".new-0123", (now, now - 3600 * 30))
    Cache(tmp_path).folder("kind", {"n": 2}, maker)  # which makes it the latest
    # each has some 1,150 bytes: with the new one, three of them fit
    new = Cache(tmp_path, limit_bytes=4000).folder("kind", {"n": 9}, maker)
    assert set(tmp_path.iterdir()) == {folders[2], folders[3], new}
    Cache(tmp_path, limit_bytes=10).folder("kind", {"n": 10}, maker)
    assert {folders[2], folders[3], new} < set(tmp_path.iterdir()), "used within the hour"


def test_without_a_root_nothing_is_kept(tmp_path):
    maker = Maker()
    folder = Cache(None).folder("kind", {"of": str(tmp_path)}, maker)
    assert (folder / "file").read_bytes() == b"content"
    assert not list(tmp_path.iterdir())
