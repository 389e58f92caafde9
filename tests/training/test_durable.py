"""Checksums that sha256sum agrees with, and what they find."""

import shutil
import subprocess

import pytest

from attnlab.training.durable import SUMS, DamagedError, check_seal, seal


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
