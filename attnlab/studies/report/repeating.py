"""What it takes to repeat a sweep: commands, versions and machine, and what it cost."""

import platform
import shlex
from collections.abc import Sequence
from datetime import timedelta
from importlib.metadata import version
from pathlib import Path

import yaml

from attnlab import __version__
from attnlab.evaluate.scored import ScoredRun
from attnlab.studies.report.document import Block, Commands, Table, Text
from attnlab.support.machine import processor_name, usable_cores

_PACKAGES = ("torch", "numpy", "sentencepiece", "sacrebleu")


def command_of(folder: Path) -> str | None:
    """The command that trained the run in `folder`, to be pasted into a shell; None if unknown."""
    try:
        overrides = yaml.safe_load((folder / "overrides.yaml").read_text(encoding="utf-8"))
    except (OSError, ValueError, yaml.YAMLError, RecursionError):
        return None
    if not isinstance(overrides, list):
        return None
    return shlex.join(["attnlab", "train", *(str(each) for each in overrides)])


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
        Text(f"Versions: {versions()}."),
        Text(f"This report was made on: {machine()}."),
    ]
    return blocks


def _cost(run: ScoredRun) -> list[str]:
    found = run.summary
    seconds = "" if found.seconds is None else str(timedelta(seconds=round(found.seconds)))
    numbers = [found.parameters, found.updates]
    counted = ["" if each is None else f"{each:,}" for each in numbers]
    speed = "" if found.tokens_per_second is None else f"{found.tokens_per_second:,.0f}"
    return [found.name, str(run.seed), *counted, seconds, speed]


def versions() -> str:
    """Versions of attnlab, Python and what scores depend on."""
    packages = (f"{name} {version(name)}" for name in _PACKAGES)
    return ", ".join([f"attnlab {__version__}", f"Python {platform.python_version()}", *packages])


def machine() -> str:
    """Processor, cores, threads and system."""
    import torch

    cores, threads = usable_cores(), torch.get_num_threads()
    return (
        f"{processor_name()}, {cores} core{'s' * (cores > 1)} usable, "
        f"{threads} thread{'s' * (threads > 1)}, {platform.system()} {platform.machine()}"
    )
