"""The two READMEs: one says what the other says, and what they name is there."""

import re
import shlex

from attnlab import launch
from attnlab.config import ExperimentConfig
from attnlab.support.folders import training_groups
from attnlab.support.schema import from_node
from scripts.reference.commands import commands
from tests.docs.pages import tables
from tests.runs import REPOSITORY

ENGLISH, CHINESE = REPOSITORY / "README.md", REPOSITORY / "README.zh.md"


def _typed(page) -> list[str]:
    """Every line to be typed, without its comment."""
    lines = re.findall(r"^ {4}(\S.*)$", page.read_text(encoding="utf-8"), re.MULTILINE)
    return [line.partition("  #")[0].strip() for line in lines]


def _commands(page) -> list[list[str]]:
    """The arguments of each attnlab in a line to be typed."""
    parts = [part for line in _typed(page) for part in line.split("&&")]
    return [shlex.split(part)[1:] for part in parts if part.strip().startswith("attnlab ")]


def test_both_readmes_have_the_same_lines_to_type():
    assert _typed(ENGLISH) == _typed(CHINESE)
    assert len(_typed(ENGLISH)) > 35


def test_the_set_up_is_there_line_by_line():
    lines = _typed(ENGLISH)
    torch = re.search(r"^torch==\S+$", (REPOSITORY / "constraints.txt").read_text(), re.MULTILINE)
    cpu_build = f"pip install {torch[0]} --index-url https://download.pytorch.org/whl/cpu"
    install = "pip install -c constraints.txt -e ."
    assert lines.index("git clone URL attnlab") < lines.index(cpu_build) < lines.index(install)
    powershell = lines.index(r".venv\Scripts\Activate.ps1")
    assert lines[powershell + 1] == install
    readme = ENGLISH.read_text(encoding="utf-8")
    minimum = re.search(r'requires-python = ">=(\S+)"', (REPOSITORY / "pyproject.toml").read_text())
    assert f"Python {minimum[1]} or newer" in readme


def test_both_readmes_have_the_same_code_figures_links_and_pictures():
    both = [page.read_text(encoding="utf-8") for page in (ENGLISH, CHINESE)]
    for pattern in (r"`([^`\n]+)`", r"\]\(([^)]+)\)"):
        found = [sorted(re.findall(pattern, text.replace(".zh.md", ".md"))) for text in both]
        assert found[0] == found[1], pattern
    numbers = [[row.cells[1:] for row in tables(page)] for page in (ENGLISH, CHINESE)]
    digits = [[re.findall(r"[\d.,]*\d", " ".join(cells)) for cells in rows] for rows in numbers]
    assert digits[0] == digits[1]


def test_every_command_is_one_of_attnlabs():
    known = {name.removeprefix("attnlab ") for name, _ in commands()}
    known |= {name.removesuffix(" list") for name in known}  # what `attnlab runs` alone does
    named = {" ".join(typed[: 2 if typed[0] == "data" else 1]) for typed in _commands(ENGLISH)}
    assert named <= known


def test_every_training_composes():
    trainings = [typed[1:] for typed in _commands(ENGLISH) if typed[0] == "train"]
    assert len(trainings) > 6
    for typed in trainings:
        settings = [one for one in typed if "=" in one and not one.startswith("hydra")]
        if "-m" in typed:  # a sweep: its first job
            settings = [re.sub(r"(interval\(|,.*)", "", one) for one in settings]
        from_node(ExperimentConfig, launch.compose(launch.TRAIN, settings))


def test_the_table_names_every_choice():
    told = {
        row.cells[0].strip("`"): row.cells[1] for row in tables(ENGLISH) if row.kind == "setting"
    }
    groups = {folder.name: folder for folder in training_groups() if folder.name != "recipe"}
    assert {f"{group}=" for group in groups} <= set(told)
    for group, folder in groups.items():
        choices = (
            set(ExperimentConfig.CHOICES[group]) if group in ExperimentConfig.CHOICES else set()
        )
        choices |= {path.stem for path in folder.glob("*.yaml")}
        named = set(re.findall(r"`(\w+)`", told[f"{group}="]))
        assert choices <= named, group
