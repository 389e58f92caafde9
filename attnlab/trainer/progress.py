"""How training looks while it runs: a bar on a terminal, a line now and then elsewhere."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta

from rich.progress import BarColumn, Progress, TextColumn

from attnlab.support.console import animates, console
from attnlab.training.loop import Step

_SECONDS_BETWEEN_LINES = 10.0
_SMOOTHING = 0.95  # of the tokens per second and the loss that are shown


def clock(seconds: float) -> str:
    """Seconds as people read them: 0:02:41."""
    return str(timedelta(seconds=round(seconds)))


class ProgressDisplay:
    """Shows each step that it is given, with means over the last twenty or so."""

    def __init__(self, bar: Progress | None) -> None:
        self._bar = bar
        self._task = bar.add_task("training", total=1.0, told="") if bar else None
        self._tokens = self._seconds = self._loss = self._weight = 0.0
        self._started = self._last_line = time.monotonic()
        self._first_done: float | None = None

    def step(self, step: Step) -> None:
        """Show where training is after `step`."""
        self._tokens = _SMOOTHING * self._tokens + step.target_tokens
        self._seconds = _SMOOTHING * self._seconds + step.seconds
        self._loss = _SMOOTHING * self._loss + step.loss
        self._weight = _SMOOTHING * self._weight + 1
        if self._first_done is None:
            self._first_done = step.done
        now = time.monotonic()
        if self._bar is not None and self._task is not None:
            self._bar.update(self._task, completed=step.done, told=self._told(step, now))
        elif now - self._last_line >= _SECONDS_BETWEEN_LINES:
            self._last_line = now
            console().print(f"{step.done:4.0%} · {self._told(step, now)}", markup=False)

    @contextmanager
    def validating(self) -> Iterator[None]:
        """Within the block, say that it is validation which takes the time."""
        if self._bar is not None and self._task is not None:
            self._bar.update(self._task, told="validating …")
        yield

    def _told(self, step: Step, now: float) -> str:
        told = (
            f"update {step.update:,} · epoch {step.epoch:.1f} · "
            f"loss {self._loss / self._weight:.3f} · {self._tokens / self._seconds:,.0f} tokens/s"
        )
        gone = step.done - (self._first_done or 0.0)
        if gone > 0:
            told += f" · {clock((now - self._started) * (1 - step.done) / gone)} left"
        return told


class _NoDisplay(ProgressDisplay):
    def step(self, step: Step) -> None:
        pass


@contextmanager
def progress_display(shown: bool = True) -> Iterator[ProgressDisplay]:
    """A display on standard error for as long as the block runs; or none, if it is not `shown`."""
    if not shown:
        yield _NoDisplay(None)
        return
    if not animates():
        yield ProgressDisplay(None)
        return
    columns = (BarColumn(bar_width=24), TextColumn("{task.percentage:>3.0f}%  {task.fields[told]}"))
    with Progress(*columns, console=console(), transient=True) as bar:
        yield ProgressDisplay(bar)
