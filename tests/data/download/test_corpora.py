"""Sources of corpora, and downloads from a server that cuts, lies and vanishes."""

import hashlib
import io
import os
import random
import re
import socket
import zipfile
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import get_args, get_type_hints

import pytest

from attnlab import launch
from attnlab.commands.data.get import get as get_command
from attnlab.config import ExperimentConfig
from attnlab.data.corpus import has_own_root
from attnlab.data.download import SOURCES, Source, get_corpus
from attnlab.support.errors import AttnlabError, UsageError
from attnlab.support.folders import shipped_folder
from attnlab.support.schema import from_node
from tests.conftest import shared_data
from tests.data.download.server import CorpusServer

CONTENT = random.Random(1).randbytes(100_003)
SMALL = b"Go.\tVa !\n" * 7


def source(**files: bytes) -> Source:
    checksums = {name: f"sha256:{hashlib.sha256(data).hexdigest()}" for name, data in files.items()}
    return Source(name="invented", terms="free", url="http://127.0.0.1:9", checksums=checksums)


def zipped(text: bytes) -> tuple[Source, bytes]:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("fra-eng/_about.txt", "about")
        archive.writestr("fra-eng/fra.txt", text)
    checksum = f"sha1:{hashlib.sha1(packed.getvalue()).hexdigest()}"
    known = Source(
        name="invented",
        terms="free",
        url="",
        checksums={"pairs.zip": checksum},
        unpacked={"pairs.zip": "fra.txt"},
    )
    return known, packed.getvalue()


@pytest.fixture
def server():
    with CorpusServer({"a": CONTENT, "b": SMALL}) as running:
        yield running


@pytest.fixture
def folder(tmp_path):
    return tmp_path / "corpora" / "invented"


@pytest.fixture
def get(server, folder):
    def run(known=None, mirror=None, tries=1):
        known = known or source(a=CONTENT, b=SMALL)
        get_corpus(known, folder, mirror=mirror or server.url, tries=tries, pause=0)

    return run


def contents(folder: Path) -> dict[str, bytes]:
    """All files under a folder, hidden ones too."""
    paths = (path for path in folder.rglob("*") if path.is_file())
    return {str(path.relative_to(folder)): path.read_bytes() for path in paths}


WHOLE = {"a": CONTENT, "b": SMALL}


def test_files_arrive_whole_and_a_second_time_nothing_is_asked_for(server, folder, get):
    get()
    assert contents(folder) == WHOLE
    assert sorted(path.name for path in folder.iterdir()) == ["a", "b"]
    assert server.asked == [("a", None), ("b", None)]
    get()
    assert len(server.asked) == 2


def test_only_what_is_missing_is_asked_for(server, folder, get):
    folder.mkdir(parents=True)
    (folder / "a").write_bytes(CONTENT)
    get()
    assert contents(folder) == WHOLE
    assert server.asked == [("b", None)]


def test_a_cut_connection_is_gone_on_with_by_itself(server, folder, get):
    server.cuts = [70_000]
    get(tries=2)
    assert contents(folder) == WHOLE
    first, second, _ = server.asked
    assert first == ("a", None)
    start = int(re.fullmatch(r"bytes=(\d+)-", second[1])[1])
    assert 0 < start <= 70_000


def test_a_cut_connection_keeps_a_part_and_the_next_run_goes_on(server, folder, get):
    server.cuts = [70_000]
    with pytest.raises(AttnlabError, match="the same command goes on from there"):
        get()
    partial = contents(folder)[".partial/a.part"]
    assert partial
    assert CONTENT.startswith(partial)
    assert [path.name for path in folder.iterdir() if not path.name.startswith(".")] == []
    get()
    assert contents(folder) == WHOLE
    assert server.asked[1] == ("a", f"bytes={len(partial)}-")


def test_a_cut_that_no_length_betrays_is_found_by_the_checksum(server, folder, get):
    server.tells_length, server.cuts = False, [70_000]
    with pytest.raises(AttnlabError, match="checksum"):
        get()
    assert contents(folder) == {}


def leave_part(folder: Path, content: bytes) -> None:
    (folder / ".partial").mkdir(parents=True)
    (folder / ".partial" / "a.part").write_bytes(content)


def test_a_server_that_ignores_ranges_sends_all_of_it(server, folder, get):
    server.honours_range = False
    leave_part(folder, CONTENT[:40_000])
    get()
    assert contents(folder) == WHOLE
    assert server.asked[0] == ("a", "bytes=40000-")


def test_a_whole_part_needs_no_more_bytes(server, folder, get):
    leave_part(folder, CONTENT)
    get()
    assert contents(folder) == WHOLE
    assert server.asked[0] == ("a", f"bytes={len(CONTENT)}-")
    assert server.asked[1][0] == "b"


def test_a_part_longer_than_the_file_is_started_anew(server, folder, get):
    leave_part(folder, CONTENT + b"more")
    get()
    assert contents(folder) == WHOLE
    assert server.asked[:2] == [("a", f"bytes={len(CONTENT) + 4}-"), ("a", None)]


def test_a_part_of_something_else_is_removed(server, folder, get):
    leave_part(folder, b"<html>")
    with pytest.raises(AttnlabError, match="checksum"):
        get()
    assert contents(folder) == {}
    get()
    assert contents(folder) == WHOLE


def test_wrong_bytes_leave_nothing(server, folder, get):
    server.files["b"] = SMALL.replace(b"Va", b"Pa")
    with pytest.raises(AttnlabError, match=r"/b: what was sent has not the checksum sha256:\w{64}"):
        get()
    assert contents(folder) == {"a": CONTENT}


def test_bytes_arrive_as_they_are_where_a_server_takes_gz_for_an_encoding(server, folder, get):
    server.headers = {"Content-Encoding": "gzip"}
    get()
    assert contents(folder) == WHOLE


@pytest.mark.parametrize("tells_length", [True, False])
@pytest.mark.parametrize("part", [0, 40_000, 60_000])
def test_a_server_that_sends_too_much_is_heard_no_longer(server, folder, get, tells_length, part):
    server.tells_length = tells_length
    leave_part(folder, CONTENT[:part])
    bounded = replace(source(a=CONTENT), largest=50_000)
    with pytest.raises(AttnlabError, match=r"/a: the server sends .* or more.* less than 50\.0 kB"):
        get(bounded, tries=3)
    assert contents(folder) == {}
    assert len(server.asked) == 1


def test_a_redirection_is_followed_but_not_read_nor_followed_forever(server, folder, get):
    server.redirects = [f"{server.url}/a", f"{server.url}/a"]
    get()
    assert contents(folder) == WHOLE
    (folder / "b").unlink()
    server.redirects = [f"{server.url}/b"] * 50
    with pytest.raises(UsageError, match="more than 10 redirections"):
        get()


def test_a_busy_server_is_asked_again(server, folder, get):
    server.statuses = [503, 429]
    get(tries=3)
    assert contents(folder) == WHOLE
    server.statuses = [500]
    (folder / "b").unlink()
    with pytest.raises(AttnlabError, match="the server answers 500"):
        get()


def test_an_absent_file_is_not_asked_for_again(server, folder, get):
    del server.files["a"]
    with pytest.raises(AttnlabError, match=r"/a: the server answers 404") as failed:
        get(tries=3)
    assert len(server.asked) == 1
    assert f"put a, b into {folder} by hand" in str(failed.value)
    assert contents(folder) == {}


def test_no_server_at_all(folder, get):
    with socket.socket() as nobody:
        nobody.bind(("127.0.0.1", 0))  # bound, but nobody listens
        url = f"http://127.0.0.1:{nobody.getsockname()[1]}"
        with pytest.raises(AttnlabError, match=re.escape(f"{url}/a: no connection")) as failed:
            get(mirror=url, tries=2)
    assert str(folder) in str(failed.value)
    assert "data.root=" in str(failed.value)
    assert contents(folder) == {}


@pytest.mark.parametrize("mirror", ["here", "ftp://127.0.0.1", "http://"])
def test_what_is_no_address_is_refused(get, mirror):
    with pytest.raises(UsageError, match="--from takes the address of a folder"):
        get(mirror=mirror)


@contextmanager
def files_no_larger_than(size):
    """Writing more into one file fails with EFBIG, as on a full disk with ENOSPC."""
    import resource

    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


@pytest.mark.skipif(os.name != "posix", reason="limits a process as POSIX does")
def test_a_full_disk_leaves_nothing_and_says_how_much_is_needed(server, folder, get):
    message = r"no room for a, which needs 100\.0 kB, in "
    with files_no_larger_than(50_000), pytest.raises(AttnlabError, match=message) as failed:
        get(tries=3)
    assert len(server.asked) == 1
    assert str(folder) in str(failed.value)
    assert list(folder.iterdir()) == []
    get()
    assert contents(folder) == WHOLE


def test_another_file_of_the_name_is_never_overwritten(server, folder, get):
    folder.mkdir(parents=True)
    (folder / "b").write_bytes(b"mine")
    with pytest.raises(AttnlabError, match=r"b is there, but its checksum is not"):
        get()
    assert contents(folder) == {"b": b"mine"}
    assert server.asked == []


def test_an_archive_is_unpacked(server, folder, get):
    known, archive = zipped(SMALL)
    server.files = {"pairs.zip": archive}
    get(known)
    assert contents(folder) == {"pairs.zip": archive, "fra.txt": SMALL}
    (folder / "fra.txt").unlink()
    get(known)
    get(known)
    assert contents(folder) == {"pairs.zip": archive, "fra.txt": SMALL}
    assert len(server.asked) == 1


@pytest.mark.skipif(os.name != "posix", reason="limits a process as POSIX does")
def test_a_disk_that_is_full_when_unpacking(server, folder, get):
    known, archive = zipped(SMALL * 1000)
    server.files = {"pairs.zip": archive}
    message = r"no room for fra\.txt, which needs 63\.0 kB"
    with files_no_larger_than(50_000), pytest.raises(AttnlabError, match=message):
        get(known)
    assert contents(folder) == {"pairs.zip": archive}
    get(known)
    assert contents(folder) == {"pairs.zip": archive, "fra.txt": SMALL * 1000}


def test_a_text_that_is_not_the_archives_is_kept(server, folder, get):
    known, archive = zipped(SMALL)
    server.files = {"pairs.zip": archive}
    folder.mkdir(parents=True)
    for _ in range(2):  # without its archive, and beside it
        (folder / "fra.txt").write_bytes(SMALL[::-1])
        with pytest.raises(AttnlabError, match=r"fra\.txt is there, but it is not known to come"):
            get(known)
        assert (folder / "fra.txt").read_bytes() == SMALL[::-1]
        (folder / "pairs.zip").write_bytes(archive)
    assert server.asked == []


def test_an_archive_without_the_text(server, folder, get):
    known, archive = zipped(SMALL)
    server.files = {"pairs.zip": archive}
    other = Source(
        name="invented",
        terms="free",
        url="",
        checksums=known.checksums,
        unpacked={"pairs.zip": "deu.txt"},
    )
    with pytest.raises(AttnlabError, match=r"there is no deu\.txt in it"):
        get(other)
    assert contents(folder) == {"pairs.zip": archive}


def test_a_folder_that_cannot_be_made(tmp_path, server):
    (tmp_path / "file").write_text("")
    with pytest.raises(OSError, match=re.escape(str(tmp_path / "file"))):
        get_corpus(source(b=SMALL), tmp_path / "file" / "below", mirror=server.url)
    assert contents(tmp_path) == {"file": b""}


def test_every_choice_of_data_ships_is_downloaded_or_is_yours():
    choices = {path.stem for path in (shipped_folder("configs") / "data").glob("*.yaml")}
    corpora = {name: _corpus(name) for name in choices}
    tasks = {name for name, config in corpora.items() if config.task is not None}
    assert {name for name in choices if has_own_root(corpora[name])} == {
        "builtin",
        *SOURCES,
        *tasks,
    }
    assert set(get_args(get_type_hints(get_command)["corpus"])) == set(SOURCES)


def _corpus(name):
    composed = launch.compose(launch.TRAIN, [f"data={name}", "data.train=any.tsv"])
    return from_node(ExperimentConfig, composed).data


def test_the_checksums_are_those_of_the_real_files():
    folder = shared_data("multi30k")
    for name, checksum in SOURCES["multi30k"].checksums.items():
        assert checksum == f"sha256:{hashlib.sha256((folder / name).read_bytes()).hexdigest()}"


@pytest.mark.parametrize("name", SOURCES)
def test_addresses_are_secure_and_checksums_are_whole(name):
    lengths = {"sha256": 64, "sha1": 40}
    assert SOURCES[name].url.startswith("https://")
    for checksum in SOURCES[name].checksums.values():
        algorithm, _, digest = checksum.partition(":")
        assert len(digest) == lengths[algorithm]
        assert int(digest, 16)
