"""Help: there, with examples, and without torch."""

import subprocess
import sys

import pytest

from tests.runs import REPOSITORY, attnlab

COMMANDS = [
    "train",
    "lr-find",
    "eval",
    "average",
    "plot-attention",
    "explain",
    "heads",
    "heatmap",
    "kernel-regression",
    "scores",
    "translate",
]
DATA_COMMANDS = ["data describe", "data generate", "data get"]


@pytest.mark.parametrize("command", COMMANDS + DATA_COMMANDS)
def test_every_command_has_help_with_examples(command, tmp_path):
    shown = attnlab(*command.split(), "--help", folder=tmp_path)
    assert shown.code == 0
    assert f"attnlab {command}" in shown.output
    assert "\\b" not in shown.output


def test_help_lists_the_commands_and_version_is_told(tmp_path):
    shown = attnlab("--help", folder=tmp_path)
    assert all(command in shown.output for command in COMMANDS)
    assert attnlab("--version", folder=tmp_path).output.startswith("attnlab ")


def test_train_help_names_every_choice(tmp_path):
    shown = attnlab("train", "--help", folder=tmp_path).output
    assert "score=additive|cosine|dot|gaussian|general|location|scaled_dot" in shown
    assert "model=bahdanau|convolutional|rnn|transformer" in shown


@pytest.mark.parametrize("module", ["torch", "hydra", "matplotlib", "sacrebleu", "numpy", "pooch"])
def test_the_command_line_imports_nothing_heavy(module):
    program = f"import sys, attnlab.__main__; sys.exit({module!r} in sys.modules)"
    assert (
        subprocess.run([sys.executable, "-c", program], cwd=REPOSITORY, check=False).returncode == 0
    )
