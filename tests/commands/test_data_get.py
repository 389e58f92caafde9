"""`attnlab data get` as a process of its own, against a server on this machine."""

import hashlib
import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from attnlab.data.corpus import load_corpus
from tests.conftest import shared_data
from tests.data.download.server import CorpusServer
from tests.data.test_corpus import config
from tests.refusals import assert_refused
from tests.runs import attnlab, environment

SOMETHING = random.Random(1).randbytes(200_003)  # under a name, but not what the name stands for


@pytest.fixture
def server():
    with CorpusServer({"train.en.gz": SOMETHING, "fra-eng.zip": SOMETHING}) as running:
        yield running


@pytest.fixture
def cache(tmp_path, monkeypatch):
    monkeypatch.setenv("ATTNLAB_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache"


def files(folder: Path) -> list[str]:
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file())


def test_help_names_the_choices_and_has_examples(tmp_path):
    shown = attnlab("data", "get", "--help", folder=tmp_path)
    assert "attnlab data get multi30k" in shown.output
    assert "tatoeba" in shown.output
    assert "\\b" not in shown.output


def test_multi30k_is_downloaded_found_and_not_downloaded_again(tmp_path, cache):
    real = {path.name: path.read_bytes() for path in shared_data("multi30k").iterdir()}
    with CorpusServer(real) as server:
        done = attnlab("data", "get", "multi30k", "--from", server.url, folder=tmp_path)
        assert done.code == 0, done.errors
        assert done.output.strip() == str(cache / "multi30k")
        assert "Flickr30k" in done.errors
        assert files(cache) == sorted(f"multi30k/{name}" for name in real)

        again = attnlab("data", "get", "multi30k", "--from", server.url, folder=tmp_path)
        assert again.code == 0
        assert "there already" in again.errors
        assert len(server.asked) == 6
    corpus = load_corpus(config("multi30k"), seed=1)
    sizes = {split: len(pairs) for split, pairs in corpus.splits.items()}
    assert sizes == {"train": 29_000, "valid": 1_014, "test": 1_000}
    assert str(cache) in str(corpus.reports["train"])


def test_a_folder_of_ones_own(tmp_path, cache):
    real = {path.name: path.read_bytes() for path in shared_data("multi30k").iterdir()}
    with CorpusServer(real) as server:
        arguments = ("multi30k", "--to", "mine", "--from", f"{server.url}/")
        done = attnlab("data", "get", *arguments, folder=tmp_path)
    assert done.code == 0, done.errors
    assert f"data=multi30k data.root={tmp_path / 'mine'}" in done.errors
    assert not cache.exists()
    assert files(tmp_path / "mine") == sorted(real)


def test_a_wrong_checksum(tmp_path, cache, server):
    done = attnlab("data", "get", "tatoeba", "--from", server.url, folder=tmp_path)
    assert_refused(done, 1, "checksum sha1:94646ad1522d915e7b0f9296181140edcf86a4f5")
    assert done.output == ""
    assert files(tmp_path) == []


def test_a_cut_connection(tmp_path, cache, server):
    server.cuts = [90_000]
    arguments = ("data", "get", "multi30k", "--from", server.url, "--tries", "1")
    done = attnlab(*arguments, folder=tmp_path)
    assert_refused(done, 1, "the same command goes on from there")
    kept = (cache / "multi30k" / ".partial" / "train.en.gz.part").stat().st_size
    attnlab(*arguments, folder=tmp_path)
    assert server.asked == [("train.en.gz", None), ("train.en.gz", f"bytes={kept}-")]
    assert files(tmp_path) == [], "whole, but it was not train.en.gz"


@contextmanager
def running(program: list[str], folder: Path, log: Path) -> Iterator[subprocess.Popen[bytes]]:
    """Python at work on `program`, its standard error in `log`; it is stopped in the end."""
    with log.open("wb") as errors:
        process = subprocess.Popen(
            [sys.executable, *program], cwd=folder, env=environment(), stderr=errors
        )
    try:
        yield process
    finally:
        process.kill()
        process.wait()


def eventually(happens: Callable[[], bool]) -> None:
    while not happens():
        time.sleep(0.01)


def test_an_interruption_keeps_the_part(tmp_path, cache, server):
    server.go_on.clear()
    arguments = ("data", "get", "multi30k", "--from", server.url)
    part = cache / "multi30k" / ".partial" / "train.en.gz.part"
    with running(["-m", "attnlab", *arguments], tmp_path, tmp_path / "log") as process:
        eventually(lambda: part.exists() and part.stat().st_size > 0)
        process.send_signal(signal.SIGINT)
        assert process.wait(timeout=60) == 130
    assert (tmp_path / "log").read_text().strip().endswith("the same command goes on from there")
    server.go_on.set()
    assert SOMETHING.startswith(part.read_bytes())
    kept = part.stat().st_size
    attnlab(*arguments, folder=tmp_path)
    assert server.asked[1] == ("train.en.gz", f"bytes={kept}-")


def test_two_at_once_download_once(tmp_path, server):
    program = (
        "import sys; from pathlib import Path\n"
        "from attnlab.data.download import Source, get_corpus\n"
        "from attnlab.support.console import show_messages\n"
        "show_messages()\n"
        "url, checksum, folder = sys.argv[1:]\n"
        "checksums = {'train.en.gz': checksum}\n"
        "source = Source(name='invented', terms='free', url=url, checksums=checksums)\n"
        "get_corpus(source, Path(folder))\n"
    )
    checksum = f"sha256:{hashlib.sha256(SOMETHING).hexdigest()}"
    command = ["-c", program, server.url, checksum, str(tmp_path / "to")]
    logs = [tmp_path / "one", tmp_path / "other"]
    server.go_on.clear()
    with running(command, tmp_path, logs[0]) as one, running(command, tmp_path, logs[1]) as other:
        eventually(lambda: any("waiting for another" in log.read_text() for log in logs))
        server.go_on.set()
        assert [one.wait(timeout=60), other.wait(timeout=60)] == [0, 0]
    assert server.asked == [("train.en.gz", None)]
    assert (tmp_path / "to" / "train.en.gz").read_bytes() == SOMETHING
    assert [path.name for path in (tmp_path / "to").iterdir()] == ["train.en.gz"]


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no limit on a file's size")
def test_a_file_that_may_not_grow(tmp_path, cache, server):
    program = (
        "import resource, sys\n"
        "from attnlab.__main__ import main\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, 100_000))\n"
        "sys.argv[0] = 'attnlab'\n"
        "main()\n"
    )
    command = ["-Bc", program, "data", "get", "multi30k", "--from", server.url]
    with running(command, tmp_path, tmp_path / "log") as process:
        assert process.wait(timeout=60) == 1
    assert (
        "there is no room for train.en.gz, which needs 200.0 kB" in (tmp_path / "log").read_text()
    )
    assert files(cache) == []


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no pseudo-terminals")
def test_a_terminal_gets_a_bar(tmp_path, cache, server):
    import pty

    server.go_on.clear()
    ours, theirs = pty.openpty()
    command = [sys.executable, "-m", "attnlab", "data", "get", "multi30k", "--from", server.url]
    variables = environment() | {"TERM": "xterm", "COLUMNS": "100"}
    process = subprocess.Popen(command, cwd=tmp_path, env=variables, stderr=theirs)
    os.close(theirs)
    shown = b""
    try:
        while b"/200.0 kB" not in shown:
            shown += os.read(ours, 1024)
    finally:
        process.kill()
        process.wait()
        os.close(ours)
    assert b"train.en.gz" in shown
