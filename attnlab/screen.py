"""The one console on standard error: messages and progress go through it, results never do."""

import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rich.console import Console


@cache
def console() -> "Console":
    """Standard error, in colour where it is a terminal."""
    from rich.console import Console

    return Console(stderr=True, highlight=False, soft_wrap=True)


Advance = Callable[[int], None]


@contextmanager
def counting(label: str, total: int | None) -> Iterator[Advance]:
    """A bar up to `total`, on a terminal alone; call what it gives with each few that are done.

    Without a total, it shows how many are done and that there is work going on.
    """
    if not console().is_terminal:
        yield lambda _: None
        return
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn

    columns = (TextColumn(label), BarColumn(bar_width=24), MofNCompleteColumn())
    with Progress(*columns, console=console(), transient=True) as bar:
        task = bar.add_task(label, total=total)
        yield lambda done: bar.advance(task, done)


class _ConsoleHandler(logging.Handler):
    """Prints messages so that a progress bar below them stays whole."""

    def emit(self, record: logging.LogRecord) -> None:
        style = "yellow" if record.levelno >= logging.WARNING else None
        prefix = "warning: " if record.levelno >= logging.WARNING else ""
        console().print(prefix + record.getMessage(), style=style, markup=False)


def show_messages(errors_alone: bool = False) -> None:
    """Have what attnlab and Hydra log shown, and other libraries' warnings; or errors alone."""
    root = logging.getLogger()
    root.handlers[:] = [_ConsoleHandler()]
    root.setLevel(logging.ERROR if errors_alone else logging.WARNING)
    for name in ("attnlab", "hydra"):
        logging.getLogger(name).setLevel(logging.ERROR if errors_alone else logging.INFO)
