"""Checksums that sha256sum agrees with, and what they find; writes that are whole or not there."""

import os
import shutil
import stat
import subprocess
from pathlib import Path

import pytest

from attnlab.support.files import (
    SUMS,
    DamagedError,
    atomic_file,
    check_seal,
    open_unlinked,
    remove_leftovers,
    seal,
    temporary_folder,
    write_file,
)


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "one").write_bytes(b"1" * 1000)
    (tmp_path / "two").write_bytes(b"")
    seal(tmp_path)
    return tmp_path


@pytest.mark.skipif(shutil.which("sha256sum") is None, reason="there is no sha256sum here")
def test_the_systems_own_tool_agrees(folder):
    subprocess.run(["sha256sum", "--check", "--strict", SUMS], cwd=folder, check=True)
    check_seal(folder)


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("one", b"1" * 999 + b"2", "one: is not what was written"),
        ("two", b"2", "two: is not what was written"),
        ("two", None, "two: is not there"),
        (SUMS, b"", "is empty"),
        (SUMS, b"\xff\xfe\n", "holds no checksums"),
        (SUMS, b"0  ../one\n", "is not there"),
        (SUMS, b"\0\0\0\n", "is not there"),
    ],
)
def test_damage_is_found(folder, name, content, message):
    if content is None:
        (folder / name).unlink()
    else:
        (folder / name).write_bytes(content)
    with pytest.raises(DamagedError, match=message):
        check_seal(folder)


def test_without_checksums_there_is_nothing_to_compare(folder):
    (folder / SUMS).unlink()
    (folder / "one").write_bytes(b"2")
    check_seal(folder)


@pytest.fixture
def planted(tmp_path):
    """A file that every temporary name once used is linked to, and which must not change."""
    precious = tmp_path / "precious"
    precious.write_text("precious")
    for name in ("it.unfinished", ".it.new", "it.new", ".it.csv.new", "it.csv.unfinished"):
        (tmp_path / name).symlink_to(precious)
    yield precious
    assert precious.read_text() == "precious"


def test_a_file_is_replaced_whole_with_the_permissions_of_the_umask(planted):
    path = planted.with_name("it.csv")
    path.write_text("before")
    mask = os.umask(0o027)
    try:
        with atomic_file(path, durable=True) as file:
            file.write(b"after")
            temporary = Path(file.name)
            assert path.read_text() == "before"
    finally:
        os.umask(mask)
    assert path.read_text() == "after"
    assert stat.S_IMODE(path.stat().st_mode) == 0o640
    assert (temporary.suffix, temporary.parent) == (".csv", path.parent)
    assert not temporary.exists()
    with atomic_file(path) as file:
        assert Path(file.name) != temporary, "the name cannot be foreseen"


def test_a_failed_write_leaves_what_was_there_and_names_the_file(planted):
    path = planted.with_name("it")
    path.write_text("before")
    there = set(path.parent.iterdir())
    with pytest.raises(ZeroDivisionError), atomic_file(path) as file:
        file.write(b"half" * (1 // 0))
    assert (path.read_text(), set(path.parent.iterdir())) == ("before", there)
    with pytest.raises(FileNotFoundError) as raised:
        write_file(path.parent / "nowhere" / "it", b"")
    assert raised.value.filename == str(path.parent / "nowhere" / "it")
    (path.parent / "folder").mkdir()
    with pytest.raises(OSError, match="directory"):
        write_file(path.parent / "folder", "text")
    assert not list(path.parent.glob(".new-*"))


def test_leftovers_go_and_nothing_else(tmp_path):
    with pytest.raises(RuntimeError), temporary_folder(tmp_path / "last") as folder:
        raise RuntimeError
    assert not folder.exists()
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "file").touch()
    (tmp_path / folder.name).symlink_to(tmp_path / "data")
    (tmp_path / f"{folder.name}.npz").touch()
    (tmp_path / f"{folder.name}-more").mkdir()
    remove_leftovers(tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["data"]
    assert (tmp_path / "data" / "file").exists()


@pytest.mark.skipif(not hasattr(os, "O_NOFOLLOW"), reason="the system has no such flag")
@pytest.mark.parametrize("mode", ["wb", "ab"])
def test_a_link_is_not_opened(mode, planted):
    with pytest.raises(OSError, match="symbolic links"):
        open_unlinked(planted.with_name("it.new"), mode)
