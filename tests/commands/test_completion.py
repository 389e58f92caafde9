"""What a real bash offers behind `attnlab`, by the script that --show-completion prints."""

import os
import shutil
import subprocess
import sys

import pytest

from tests.runs import REPOSITORY

PROGRAM = """#!{python}
import sys
sys.path.insert(0, {repository!r})
from attnlab.__main__ import main
try:
    main()
finally:
    heavy = [name for name in ("torch", "hydra", "omegaconf") if name in sys.modules]
    print(*heavy, file=open("imported", "a"))
"""
ASK = """
source script
COMP_WORDS=("$@")
COMP_CWORD=$(($# - 1))
_attnlab_completion attnlab
printf '%s\\n' "${COMPREPLY[@]}"
"""


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """Two runs, the program `attnlab`, and bash's script for it."""
    folder = tmp_path_factory.mktemp("completion")
    for run in ("builtin-rnn/2026-01-01_00-00-00", "mine=1/2026-01-02_00-00-00"):
        (folder / "runs" / run).mkdir(parents=True)
        (folder / "runs" / run / "config.yaml").touch()
    program = folder / "attnlab"
    program.write_text(PROGRAM.format(python=sys.executable, repository=str(REPOSITORY)))
    program.chmod(0o755)
    asked = {"_TYPER_COMPLETE_TEST_DISABLE_SHELL_DETECTION": "1"}
    shown = subprocess.run(
        [program, "--show-completion", "bash"],
        cwd=folder,
        env=os.environ | asked,
        capture_output=True,
        text=True,
        check=True,
    )
    (folder / "script").write_text(shown.stdout)
    return folder


@pytest.mark.skipif(shutil.which("bash") is None, reason="there is no bash")
@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (["tr"], {"train", "translate"}),
        (["train", "score=sc"], {"score=scaled_dot"}),
        (["train", "init_from=bu"], {"init_from=builtin-rnn"}),
        (["train", "init_from", "=", "bu"], {"builtin-rnn"}),
        (["train", "model", "=", "tr"], {"transformer"}),  # as bash itself takes model=tr apart
        (["train", "model", "="], {"bahdanau", "convolutional", "rnn", "transformer"}),
        (["train", "model", "=", "transformer", "model.he"], {"model.heads=4"}),
        (["train", "max_ep"], {"max_epochs=null"}),
        (["eval", "built"], {"builtin-rnn"}),
        (["eval", "builtin-rnn/"], {"builtin-rnn/2026-01-01_00-00-00"}),
        (["translate", "search.b"], {"search.beam_size=5"}),
        (["train", "--resume", "mi"], {"mine=1"}),
        (["data", "describe", "tat"], {"tatoeba"}),
        (["kernel-regression", "training.ep"], {"training.epochs=300"}),
    ],
)
def test_bash_offers(folder, words, expected):
    path = os.pathsep.join((str(folder), os.environ["PATH"]))
    offered = subprocess.run(
        ["bash", "-c", ASK, "bash", "attnlab", *words],
        cwd=folder,
        env=os.environ | {"PATH": path},
        capture_output=True,
        text=True,
        check=True,
    )
    assert set(offered.stdout.split()) == expected, offered.stderr
    assert (folder / "imported").read_text().split() == [], "too slow for a press of Tab"
