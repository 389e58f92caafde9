"""Messages of training: what starts, a progress bar on a terminal or else lines, the outcome."""

import logging
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import torch
from rich.progress import BarColumn, Progress, TextColumn
from torch import nn

from attnlab.config import ExperimentConfig
from attnlab.data.corpus import present_splits
from attnlab.data.vocabulary import VocabularyPair
from attnlab.run.folder import Run
from attnlab.support.console import animates, console
from attnlab.support.folders import shown_path
from attnlab.training.distributed import ProcessGroup
from attnlab.training.selection import Validation
from attnlab.training.state import Step, TrainState

logger = logging.getLogger(__name__)

_SECONDS_BETWEEN_LINES = 10.0
_SMOOTHING = 0.95  # of the tokens per second and the loss that are shown


def clock(seconds: float) -> str:
    """Seconds as 0:02:41."""
    return str(timedelta(seconds=round(seconds)))


class ProgressDisplay:
    """Shows each step, with means over about the last twenty."""

    def __init__(self, bar: Progress | None, prints: bool = True) -> None:
        self._bar, self._prints = bar, prints
        self._task = bar.add_task("training", total=1.0, shown="") if bar else None
        self._tokens = self._seconds = self._loss = self._weight = 0.0
        self._started = self._last_line = time.monotonic()
        self._first_done: float | None = None

    def step(self, step: Step) -> None:
        """Show the progress after `step`."""
        self._tokens = _SMOOTHING * self._tokens + step.target_tokens
        self._seconds = _SMOOTHING * self._seconds + step.seconds
        self._loss = _SMOOTHING * self._loss + step.loss
        self._weight = _SMOOTHING * self._weight + 1
        if self._first_done is None:
            self._first_done = step.done
        now = time.monotonic()
        if self._bar is not None and self._task is not None:
            self._bar.update(self._task, completed=step.done, shown=self._text(step, now))
        elif self._prints and now - self._last_line >= _SECONDS_BETWEEN_LINES:
            self._last_line = now
            logger.info("%4.0f%% · %s", 100 * step.done, self._text(step, now))

    @contextmanager
    def validating(self) -> Iterator[None]:
        """Within the block, the bar shows that validation is running."""
        if self._bar is not None and self._task is not None:
            self._bar.update(self._task, shown="validating …")
        yield

    def _text(self, step: Step, now: float) -> str:
        text = (
            f"update {step.update:,} · epoch {step.epoch:.1f} · "
            f"loss {self._loss / self._weight:.3f} · {self._tokens / self._seconds:,.0f} tokens/s"
        )
        gone = step.done - (self._first_done or 0.0)
        if gone > 0:
            text += f" · {clock((now - self._started) * (1 - step.done) / gone)} left"
        return text


@contextmanager
def progress_display(shown: bool = True) -> Iterator[ProgressDisplay]:
    """A display on standard error for the duration of the block; silent if not `shown`."""
    if not shown:
        yield ProgressDisplay(None, prints=False)
        return
    if not animates():
        yield ProgressDisplay(None)
        return
    columns = (
        BarColumn(bar_width=24),
        TextColumn("{task.percentage:>3.0f}%  {task.fields[shown]}"),
    )
    with Progress(*columns, console=console(), transient=True) as bar:
        yield ProgressDisplay(bar)


@dataclass(frozen=True)
class Outcome:
    """A finished training: its run, best validation, number of updates, and seconds.

    `stopped`: why it ended before its limits, if it did. `attends`: whether the model has
    attention.
    """

    run: Run
    best: Validation | None
    updates: int
    seconds: float
    stopped: str | None
    attends: bool


def log_outcome(outcome: Outcome) -> None:
    """Log how long training took, how good the best validation was, and why it ended early."""
    best = f" · best {outcome.best}" if outcome.best else ""
    logger.info("trained %s updates in %s%s", f"{outcome.updates:,}", clock(outcome.seconds), best)
    if outcome.stopped:
        logger.info("%s", outcome.stopped)


def announce(outcome: Outcome) -> None:
    """Log the outcome and what to type next; print the run's folder to standard output."""
    log_outcome(outcome)
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


def log_start(
    config: ExperimentConfig, vocabulary: VocabularyPair, model: nn.Module, group: ProcessGroup
) -> None:
    """Log the model and its size, and the device and threads that train it."""
    parameters = list(model.parameters())
    threads = torch.get_num_threads()
    logger.info(
        "%s · %s parameters · vocabulary %s · score %s, weights by %s · %s products · "
        "%s, %d thread%s%s",
        config.model.name,
        f"{sum(parameter.numel() for parameter in parameters):,}",
        f"{len(vocabulary.target):,}",
        config.score.name,
        config.normaliser.name,
        config.precision,
        parameters[0].device,
        threads,
        "" if threads == 1 else "s",
        f" in each of {group.size} processes" if group.size > 1 else "",
    )


def log_resume(restored: TrainState | None, group: ProcessGroup) -> None:
    """Log where a resumed run goes on."""
    if restored is None:
        logger.info("there is no checkpoint yet; training begins once more")
        return
    logger.info("going on from update %s", f"{restored.update:,}")
    if restored.processes != group.size:
        logger.info(
            "%d processes instead of %d: random numbers will be others, such as dropout's",
            group.size,
            restored.processes,
        )
