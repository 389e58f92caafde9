"""What tests of commands share."""

import sys

import pytest

from attnlab.__main__ import main


@pytest.fixture
def command(capfd, monkeypatch, tmp_path):
    """Run a command line in this process, in an empty folder: (code, output, errors)."""
    monkeypatch.chdir(tmp_path)

    def run(*arguments):
        monkeypatch.setattr(sys, "argv", ["attnlab", *arguments])
        with pytest.raises(SystemExit) as ended:
            main()
        captured = capfd.readouterr()
        assert "Traceback" not in captured.err
        return ended.value.code, captured.out, captured.err

    return run
