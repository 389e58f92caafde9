"""What it takes to repeat a sweep: commands, versions and machine, and what it cost."""

import shlex
from collections.abc import Sequence
from datetime import timedelta
from pathlib import Path

import yaml

from attnlab.evaluate.scored import ScoredRun
from attnlab.run.environment import environment, recorded_environment
from attnlab.studies.report.document import Block, Commands, Table, Text


def command_of(folder: Path) -> str | None:
    """The command that trained the run in `folder`, as a shell reads it; None if unknown.

    Without runs_root=, which says where and not what.
    """
    try:
        overrides = yaml.safe_load((folder / "overrides.yaml").read_text(encoding="utf-8"))
    except (OSError, ValueError, yaml.YAMLError, RecursionError):
        return None
    if not isinstance(overrides, list):
        return None
    chosen = [str(each) for each in overrides if not str(each).startswith("runs_root=")]
    return shlex.join(["attnlab", "train", *chosen])


def repeating(runs: Sequence[ScoredRun], report: Sequence[str]) -> list[Block]:
    """Commands of the `runs`, one each, and of the `report`; versions, machine, time."""
    commands = {run.summary.name: command_of(run.summary.folder) for run in runs}
    blocks: list[Block] = [
        Text("Every run, as it was trained (the order of the table below):"),
        Commands([each for each in commands.values() if each is not None]),
    ]
    missing = [name for name, each in commands.items() if each is None]
    if missing:
        blocks.append(Text(f"The commands of {', '.join(missing)} are not known."))
    blocks += [
        Text("This report:"),
        Commands([shlex.join(["attnlab", "report", *report])]),
        Table(
            "What the runs cost",
            ["run", "seed", "parameters", "updates", "training time", "target tokens/s"],
            [_cost(run) for run in runs],
        ),
    ]
    trained = [recorded_environment(run.summary.folder) for run in runs]
    here = environment()
    for name, what in (("versions", "Versions"), ("machine", "Machine")):
        found = dict.fromkeys(each[name] for each in trained if name in each)
        blocks += [Text(f"{what} of the training: {text}.") for text in found]
        if not all(name in each for each in trained):
            blocks.append(Text(f"{what} of the training: not recorded by every run."))
        if list(found) != [here[name]]:
            blocks.append(Text(f"{what} of this report: {here[name]}."))
    return blocks


def _cost(run: ScoredRun) -> list[str]:
    found = run.summary
    seconds = "" if found.seconds is None else str(timedelta(seconds=round(found.seconds)))
    numbers = [found.parameters, found.updates]
    counted = ["" if each is None else f"{each:,}" for each in numbers]
    speed = "" if found.tokens_per_second is None else f"{found.tokens_per_second:,.0f}"
    return [found.name, str(run.seed), *counted, seconds, speed]
