"""Help: whole sentences, examples that can be copied and that parse, and no torch."""

import inspect
import re
import shlex
import subprocess
import sys

import pytest
from typer.main import get_command
from typer.testing import CliRunner

from attnlab import launch
from attnlab.__main__ import app
from attnlab.config import ExperimentConfig
from attnlab.studies.kernel_regression.config import KERNEL_REGRESSION, KernelRegressionConfig
from attnlab.support.schema import from_node
from scripts.reference.commands import commands, parameters
from tests.runs import REPOSITORY, attnlab

COMMANDS = {name.removeprefix("attnlab "): function for name, function in commands()}
OF_A_RUN = (
    "eval",
    "compare",
    "report",
    "plot-attention",
    "heads",
    "explain",
    "translate",
    "average",
    "export",
    "play",
)
"""Commands whose settings are those of using a trained model."""


def examples(name):
    """The lines under "Examples:", as they are written."""
    block = inspect.cleandoc(COMMANDS[name].__doc__).partition("\b\nExamples:\n")[2]
    lines = block.partition("\n\n")[0].replace("\\[", "[").splitlines()
    assert len(lines) >= 2, name
    return lines


def typed(name):
    """Each example as the arguments of the attnlab in it."""
    whole = "\n".join(examples(name)).replace("\\\n", " ")
    for line in whole.splitlines():
        if line.strip().startswith("#"):
            continue
        call = line.rpartition("|")[2] if "| attnlab" in line else line
        words = shlex.split(re.split(r" [<>] ", call)[0])
        assert words[0] == "attnlab", line
        yield words[1:]


@pytest.fixture(scope="module")
def page():
    """Help as a terminal of some width shows it."""
    shown = {}

    def show(name, width):
        if (name, width) not in shown:
            variables = {"COLUMNS": str(width), "TERM": "dumb"}
            done = CliRunner().invoke(app, [*name.split(), "--help"], env=variables)
            assert done.exit_code == 0, done.output
            shown[name, width] = done.output
        return shown[name, width]

    return show


@pytest.mark.parametrize("width", [60, 80, 120])
@pytest.mark.parametrize("name", ["", "data", *COMMANDS])
def test_help_fits_and_examples_keep_their_lines(name, width, page):
    lines = page(name, width).splitlines()
    assert max(map(len, lines)) <= width
    if name in COMMANDS:
        shown = [line.strip() for line in lines]
        written = [line.strip() for line in examples(name)]
        start = shown.index("Examples:") + 1
        assert shown[start : start + len(written)] == written
        summary = inspect.getdoc(COMMANDS[name]).partition("\n")[0]
        assert " ".join(summary.split()) in " ".join(" ".join(lines).split())


@pytest.mark.parametrize("name", list(COMMANDS))
def test_every_text_is_whole_sentences(name):
    about = [
        part for part in inspect.getdoc(COMMANDS[name]).split("\n\n") if not part.startswith("\b")
    ]
    texts = about + [parameter.help for parameter in parameters(COMMANDS[name])]
    assert len(texts) > 1
    for text in texts:
        assert re.fullmatch(r"[A-Z][^\n]*[.?]", text), text
        assert len(text.split()) >= 2, text
        assert not re.match(r"(Of|Over|Beside|Else|Here|Instead|Which|How many|What) ", text), text


def _with_default(call):
    """`attnlab runs` is `attnlab runs list`."""
    has_default = call[0] == "runs" and " ".join(call[:2]) not in COMMANDS
    return ["runs", "list", *call[1:]] if has_default else call


@pytest.mark.parametrize("name", list(COMMANDS))
def test_every_example_is_a_command_that_parses(name):
    calls = [_with_default(call) for call in typed(name)]
    assert any(" ".join(call).startswith(name) for call in calls), "none is of this command"
    for call in calls:
        command, words = get_command(app), list(call)
        while words and words[0] in getattr(command, "commands", {}):
            command = command.commands[words.pop(0)]
        called = " ".join(call[:2]) if call[0] in ("data", "runs") else call[0]
        assert called in COMMANDS, call
        context = command.make_context(called, list(words))  # refuses what is no option
        settings = [
            word
            for option, word in zip(["", *words], words, strict=False)
            if re.match(r"[\w.]+=", word) and option not in ("--filter", "--baseline")
        ]
        # tests/run/test_inherited.py composes with a run that is there.
        settings = [each for each in settings if not each.startswith("init_from=")]
        if "-m" in words:  # a sweep: its first job
            settings = [re.sub(r",.*", "", setting) for setting in settings]
        if "--positions" in words:
            settings.insert(0, f"positions={words[words.index('--positions') + 1]}")
        if settings:
            compose(called, settings)
        assert context.params


def compose(called, settings):
    """The configuration that the command makes of the settings."""
    if called in OF_A_RUN:
        launch.compose_inference(settings)
    elif called == "kernel-regression":
        from_node(KernelRegressionConfig, launch.compose(KERNEL_REGRESSION, settings))
    else:
        from_node(ExperimentConfig, launch.compose(launch.TRAIN, settings))


@pytest.mark.parametrize("name", list(COMMANDS))
def test_every_example_can_be_pasted_into_a_shell(name):
    """Brackets are patterns to zsh, and a comment behind a command are arguments."""
    for line in examples(name):
        if not line.strip().startswith("#"):
            assert not re.search(r"[\[\]*?~]|\s#", re.sub(r'"[^"]*"', "", line)), line


def test_help_on_a_pipe_lists_the_commands_and_version_is_told(tmp_path):
    shown = attnlab("--help", folder=tmp_path)
    assert shown.code == 0
    assert all(name in shown.output for name in COMMANDS if " " not in name)
    assert "\b" not in attnlab("train", "--help", folder=tmp_path).output
    assert attnlab("--version", folder=tmp_path).output.startswith("attnlab ")


def test_train_help_names_every_choice(page):
    shown = " ".join(page("train", 60).split())
    scores = "additive | cosine | dot | gaussian | general | location | scaled_dot"
    assert f"score={scores}" in shown
    assert "model=bahdanau | convolutional | rnn | transformer" in shown


def test_the_command_line_imports_nothing_heavy():
    heavy = {"torch", "hydra", "matplotlib", "sacrebleu", "numpy", "pooch", "requests"}
    heavy.add("attnlab.data.download")
    program = "import sys, attnlab.__main__; print(*sys.modules)"
    done = subprocess.run(
        [sys.executable, "-c", program], cwd=REPOSITORY, capture_output=True, text=True, check=True
    )
    assert not heavy & set(done.stdout.split())
