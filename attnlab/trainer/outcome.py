"""A finished training, and what its user is told of it."""

import logging
from dataclasses import dataclass
from pathlib import Path

from attnlab.data.corpus import present_splits
from attnlab.run.folder import Run
from attnlab.support.folders import shown_path
from attnlab.trainer.progress import clock
from attnlab.training.selection import Validation

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class Outcome:
    """A finished training: its run, how it was validated at its best, and how long it took.

    `stopped`: why it ended before its limits, if it did. `attends`: whether the model has
    attention.
    """

    run: Run
    best: Validation | None
    updates: int
    seconds: float
    stopped: str | None
    attends: bool


def announce(outcome: Outcome) -> None:
    """Say what came out and what to type next; the run's folder goes to standard output."""
    best = f" · best {outcome.best}" if outcome.best else ""
    logger.info("trained %s updates in %s%s", f"{outcome.updates:,}", clock(outcome.seconds), best)
    if outcome.stopped:
        logger.info("%s", outcome.stopped)
    folder = outcome.run.folder
    shown = shown_path(folder)
    relative = folder.relative_to(Path.cwd()) if folder.is_relative_to(Path.cwd()) else folder
    print(relative)  # noqa: T201 - the result, for scripts
    splits = present_splits(outcome.run.config.data)
    split = next(each for each in ("test", "valid", "train") if each in splits)
    of_split = "" if split == "test" else f" --split {split}"
    commands = [
        f"attnlab eval {shown} --bleu{of_split}",
        *([f"attnlab plot-attention {shown}{of_split}"] if outcome.attends else []),
        f"attnlab translate {shown}",
        f"tensorboard --logdir {shown_path(Path(outcome.run.config.runs_root))}",
    ]
    if outcome.run.config.keep_checkpoints:
        commands.insert(0, f"attnlab average {shown}")
    logger.info("what to type next:\n%s", "\n".join(f"  {command}" for command in commands))
