"""What tests of commands share."""

import shutil
import sys

import pytest

from attnlab.__main__ import main
from tests.refusals import assert_no_raw_failure
from tests.runs import attnlab, tiny


@pytest.fixture
def command(capfd, monkeypatch, tmp_path):
    """Run a command line in this process, in an empty folder: (code, output, errors)."""
    monkeypatch.chdir(tmp_path)

    def run(*arguments):
        monkeypatch.setattr(sys, "argv", ["attnlab", *arguments])
        with pytest.raises(SystemExit) as ended:
            main()
        captured = capfd.readouterr()
        assert_no_raw_failure(captured.out + captured.err)
        return ended.value.code, captured.out, captured.err

    return run


@pytest.fixture(scope="session")
def tiny_run(tmp_path_factory):
    """The folder of a finished run of eight updates, to be copied."""
    folder = tmp_path_factory.mktemp("tiny-run")
    result = attnlab(*tiny("rnn"), folder=folder)
    assert result.code == 0, result.errors
    return folder / result.output.strip()


@pytest.fixture
def broken(tiny_run, tmp_path):
    """A copy of a good run, to be damaged, found by name `copy`."""
    folder = tmp_path / "runs" / "copy" / "1"
    shutil.copytree(tiny_run, folder)
    return folder
