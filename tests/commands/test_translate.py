"""attnlab translate: as many lines out as in, at once, whatever the input holds."""

import shlex
import subprocess
import sys

import pytest

from tests.runs import attnlab, environment, tiny

GREEDY = ("translate", "search=greedy")


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    folder = tmp_path_factory.mktemp("translate")
    done = attnlab(*tiny("rnn"), folder=folder)
    assert done.code == 0, done.errors
    return folder


def test_no_line_is_lost(trained):
    lines = [b"The cat sleeps.", b"caf\xe9", b"", "\u200b\u00a0\u3000".encode(), b"a\0b", b"Go! \r"]
    lines.append(b"word " * 3000)
    done = attnlab(*GREEDY, folder=trained, given=b"\n".join(lines))
    assert done.code == 0, done.errors
    translations = done.output.split("\n")[:-1]
    assert len(translations) == len(lines)
    assert [bool(text) for text in translations][:4] == [True, True, False, False]
    errors = " ".join(done.errors.split())
    assert "standard input:2: byte 4 (0xe9) is not UTF-8, and is read as U+FFFD" in errors
    assert "standard input:5: holds a NUL byte" in errors
    assert "sentence 7 has 14,999 characters; its first 1,000 alone are translated" in errors
    old_mac = attnlab(*GREEDY, folder=trained, given=b"The cat sleeps.\rThe cat sleeps.\r")
    assert old_mac.output.split("\n") == [translations[0], translations[0], ""]


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ("The cat sleeps.\n".encode("utf-16"), "standard input:1: byte 1 (0xff) is not UTF-8"),
        (b"\x1f\x8b\x08\0", "standard input: is gzip data, no text; unpack it with gunzip"),
    ],
)
def test_another_format_is_refused_by_name(trained, given, message):
    done = attnlab(*GREEDY, folder=trained, given=given)
    assert (done.code, done.output) == (1, "")
    assert message in done.errors
    assert "fault of attnlab" not in done.errors


def test_a_translation_comes_before_the_input_ends(trained):
    with subprocess.Popen(
        [sys.executable, "-m", "attnlab", *GREEDY],
        cwd=trained,
        env=environment(),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    ) as process:
        process.stdin.write(b"The cat sleeps.\n")
        process.stdin.flush()
        assert process.stdout.readline().endswith(b"\n")
        process.stdin.close()
        assert process.stdout.read() == b""
    assert process.returncode == 0


def test_an_endless_input_whose_reader_has_had_enough(trained):
    command = shlex.join([sys.executable, "-m", "attnlab", *GREEDY])
    done = subprocess.run(
        ["bash", "-c", f"ulimit -v 6000000; yes 'The cat sleeps.' | {command} | head -n 1"],
        cwd=trained,
        env=environment(),
        capture_output=True,
        timeout=120,
        check=False,
    )
    assert done.stdout.count(b"\n") == 1
    assert b"error" not in done.stderr
    assert b"fault of attnlab" not in done.stderr
