"""What tests of commands share."""

import sys

import pytest

from attnlab.__main__ import main
from tests.refusals import assert_no_raw_failure


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
