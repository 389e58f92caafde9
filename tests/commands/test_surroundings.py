"""What a process finds around it: encodings of its streams, terminals, notebooks, matplotlib's."""

import codecs
import io
import json
import os
import pty
import subprocess
import sys

import pytest
import typer

from attnlab.support.console import make_streams_tolerant
from tests.runs import environment

TEXT = "é 狗在喝水。 → “ж” 😀 \udce9"
STREAMS = ("stdout", "stderr")
ENCODINGS = ("cp1252", "cp936", "ascii", "latin-1", "utf-16", "utf-8", "cp1252:strict")


def python(*arguments, cwd=None, **variables):
    """A fresh interpreter with these variables; one that is None is absent."""
    given = environment() | variables
    return subprocess.run(
        [sys.executable, *arguments],
        cwd=cwd,
        env={name: value for name, value in given.items() if value is not None},
        capture_output=True,
        timeout=120,
        check=False,
    )


@pytest.mark.parametrize("encoding", ENCODINGS)
def test_json_is_whole_in_every_encoding(encoding, monkeypatch):
    name, _, errors = encoding.partition(":")
    streams = {each: io.TextIOWrapper(io.BytesIO(), name, errors or None) for each in STREAMS}
    for each, stream in streams.items():
        monkeypatch.setattr(sys, each, stream)
    monkeypatch.setenv("PYTHONIOENCODING", encoding)
    make_streams_tolerant()
    typer.echo(json.dumps(TEXT, ensure_ascii=False))
    streams["stdout"].flush()
    written = streams["stdout"].buffer.getvalue()
    assert json.loads(written.decode(name)) == TEXT  # strictly: nothing else is in it


@pytest.mark.parametrize("arguments", [["--help"], ["kernel-regression", "--help"], ["nosuch"]])
def test_help_and_refusals_are_shown_in_ascii(arguments, tmp_path):
    done = python("-m", "attnlab", *arguments, cwd=tmp_path, PYTHONIOENCODING="ascii")
    shown = (done.stdout + done.stderr).decode("ascii")
    assert done.returncode == (0 if "--help" in arguments else 2)
    assert "fault of attnlab" not in shown
    assert ("Options" if "--help" in arguments else "nosuch") in shown


@pytest.mark.parametrize(
    ("variables", "encoding", "seen"),
    [
        ({"PYTHONIOENCODING": "cp1252"}, "cp1252", "\\u72d7\\u559d"),
        ({"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"}, "utf-8", "狗喝"),
    ],
)
def test_descriptions_are_shown_whatever_the_locale(variables, encoding, seen, tmp_path):
    pairs = "".join(f"The dog drinks {n}.\t狗喝 {n}。\n" for n in range(9))
    (tmp_path / "pairs.tsv").write_text(pairs, encoding="utf-8")
    describe = ("-m", "attnlab", "data", "describe", "pairs.tsv")
    done = python(*describe, cwd=tmp_path, **{"PYTHONIOENCODING": None} | variables)
    assert done.returncode == 0, done.stderr
    shown = done.stdout.decode(encoding)
    assert "The dog drinks" in shown
    assert seen in shown


def asks_for_bars(**variables):
    """Whether a process would show bars, on a pipe and on a terminal."""
    program = "from attnlab.support.console import animates; print(animates())"
    there = {"TERM": "xterm", "JPY_PARENT_PID": None, "FORCE_COLOR": None} | variables
    piped = python("-c", program, **there).stdout
    given = environment() | there
    ours, theirs = pty.openpty()
    on_terminal = subprocess.run(
        [sys.executable, "-c", program],
        env={name: value for name, value in given.items() if value is not None},
        stdout=subprocess.PIPE,
        stderr=theirs,
        check=True,
    ).stdout
    os.close(ours), os.close(theirs)
    return [each.decode().strip() == "True" for each in (piped, on_terminal)]


@pytest.mark.parametrize(
    ("variables", "expected"),
    [
        ({}, [False, True]),
        ({"FORCE_COLOR": "1", "CI": "true"}, [False, True]),
        ({"NO_COLOR": "1"}, [False, True]),
        ({"TERM": "dumb"}, [False, False]),
        ({"JPY_PARENT_PID": "1", "FORCE_COLOR": "1"}, [False, False]),
        ({"CLICOLOR_FORCE": "1", "GIT_PAGER": "cat"}, [False, False]),  # as ipykernel has it
    ],
)
def test_bars_are_for_terminals(variables, expected):
    assert asks_for_bars(**variables) == expected


def test_figures_are_alike_whatever_matplotlib_is_told(tmp_path):
    heatmap = ("-m", "attnlab", "heatmap", "--weights", "all", "--title", "all", "-o")
    plain, odd = tmp_path / "plain.png", tmp_path / "odd.png"
    assert python(*heatmap, str(plain), cwd=tmp_path).returncode == 0
    settings = "font.size: [\nno setting\ntext.usetex: True\nfigure.autolayout: True\n"
    (tmp_path / "matplotlibrc").write_text(settings + "figure.facecolor: red\nfont.family: none\n")
    done = python(
        *(*heatmap, str(odd)),
        cwd=tmp_path,
        MPLBACKEND="module://matplotlib_inline.backend_inline",
        MPLCONFIGDIR="/proc/none",
    )
    assert (done.returncode, done.stderr) == (0, b"")
    assert odd.read_bytes() == plain.read_bytes()


def test_settings_of_matplotlib_that_cannot_be_read_are_named(tmp_path):
    (tmp_path / "matplotlibrc").write_bytes(codecs.BOM_UTF16_LE + b"\xff")
    done = python("-m", "attnlab", "heatmap", "--weights", "all", cwd=tmp_path)
    assert done.returncode == 1
    assert b"matplotlibrc in this folder, which is not UTF-8" in done.stderr
    assert b"fault of attnlab" not in done.stderr
