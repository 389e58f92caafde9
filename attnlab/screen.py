"""The one console on standard error: messages and progress go through it, results never do."""

import logging
from functools import cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rich.console import Console


@cache
def console() -> "Console":
    """Standard error, in colour where it is a terminal."""
    from rich.console import Console

    return Console(stderr=True, highlight=False, soft_wrap=True)


class _ConsoleHandler(logging.Handler):
    """Prints messages so that a progress bar below them stays whole."""

    def emit(self, record: logging.LogRecord) -> None:
        style = "yellow" if record.levelno >= logging.WARNING else None
        prefix = "warning: " if record.levelno >= logging.WARNING else ""
        console().print(prefix + record.getMessage(), style=style, markup=False)


def show_messages() -> None:
    """Have what attnlab and Hydra log shown, and other libraries' warnings."""
    root = logging.getLogger()
    root.handlers[:] = [_ConsoleHandler()]
    root.setLevel(logging.WARNING)
    for name in ("attnlab", "hydra"):
        logging.getLogger(name).setLevel(logging.INFO)
