"""The console on standard error for messages and progress, and encodings of standard streams."""

import codecs
import io
import logging
import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cache
from typing import TYPE_CHECKING

from attnlab.support.errors import readable

if TYPE_CHECKING:
    from rich.console import Console


@cache
def console() -> "Console":
    """The console on standard error, in colour on a terminal."""
    from rich.console import Console

    # In a notebook, Rich would show each message as a cell's result of its own.
    return Console(stderr=True, highlight=False, soft_wrap=True, force_jupyter=False)


def make_streams_tolerant() -> None:
    """Let standard output and error encode any text, whatever the locale.

    Pipes and files get UTF-8, unless PYTHONIOENCODING names another encoding. Characters that an
    encoding lacks are escaped as in JSON, which stays valid; so are lone surrogates, which stand
    for undecodable bytes of file names.
    """
    codecs.register_error("json-escape", _escape)
    codecs.register(_seven_bits)
    forced = os.environ.get("PYTHONIOENCODING", "").partition(":")[0]
    for stream in (sys.stdout, sys.stderr):
        if not isinstance(stream, io.TextIOWrapper):
            continue
        encoding = stream.encoding if forced or stream.isatty() else "utf-8"
        if codecs.lookup(encoding).name == "ascii":
            encoding = _SEVEN_BITS  # typer takes "ascii" for a mistake and writes UTF-8 instead
        loses = stream.errors in ("ignore", "replace", "xmlcharrefreplace", "namereplace")
        errors = stream.errors if loses else "json-escape"
        stream.reconfigure(encoding=encoding, errors=errors)


_SEVEN_BITS = "seven_bits"


def _seven_bits(name: str) -> codecs.CodecInfo | None:
    """ASCII under another name."""
    if name != _SEVEN_BITS:
        return None
    found = codecs.lookup("ascii")
    return codecs.CodecInfo(*found[:4], found.incrementalencoder, found.incrementaldecoder, name)


def _escape(error: UnicodeError) -> tuple[str, int]:
    """An error handler for `codecs`: characters as JSON escapes their UTF-16 code units."""
    if not isinstance(error, UnicodeEncodeError):
        raise error
    units = error.object[error.start : error.end].encode("utf-16-be", "surrogatepass").hex()
    escaped = "".join(f"\\u{units[at : at + 4]}" for at in range(0, len(units), 4))
    return escaped, error.end


def animates() -> bool:
    """Whether standard error is a terminal on which a progress bar can redraw itself.

    FORCE_COLOR makes Rich take a file for a terminal, and a notebook's terminal adds a line at
    every redrawing.
    """
    # What ipykernel sets for the commands that it starts; not every notebook sets the first.
    in_notebook = "JPY_PARENT_PID" in os.environ or (
        "CLICOLOR_FORCE" in os.environ and os.environ.get("GIT_PAGER") == "cat"
    )
    return console().is_interactive and sys.stderr.isatty() and not in_notebook


Advance = Callable[[int], None]


@contextmanager
def counting(label: str, total: int | None) -> Iterator[Advance]:
    """Show a progress bar up to `total`, None if unknown, on a terminal; yield its advance."""
    if not animates():
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
        console().print(_message(record), style=style, markup=False)


class _Listener(logging.Handler):
    """Calls a function with each message."""

    def __init__(self, listen: Callable[[str], None]) -> None:
        super().__init__()
        self._listen = listen

    def emit(self, record: logging.LogRecord) -> None:
        self._listen(_message(record))


def _message(record: logging.LogRecord) -> str:
    prefix = "warning: " if record.levelno >= logging.WARNING else ""
    return readable(prefix + record.getMessage())


def show_messages(errors_alone: bool = False) -> None:
    """Show the log of attnlab and Hydra, and other libraries' warnings; or errors alone."""
    root = logging.getLogger()
    root.handlers[:] = [_ConsoleHandler()]
    root.setLevel(logging.ERROR if errors_alone else logging.WARNING)
    for name in ("attnlab", "hydra"):
        logging.getLogger(name).setLevel(logging.ERROR if errors_alone else logging.INFO)


@contextmanager
def messages_to(listen: Callable[[str], None] | None) -> Iterator[None]:
    """Call `listen` with each message of attnlab in the block, or print them if it is None.

    They are not printed where the program has set up `logging` for itself, since it gets them then.
    """
    ours = logging.getLogger("attnlab")
    handler: logging.Handler | None = None if listen is None else _Listener(listen)
    if handler is None and not ours.hasHandlers():
        handler = _ConsoleHandler()
    level = ours.level
    if handler is not None:
        ours.addHandler(handler)
        ours.setLevel(logging.INFO)
    try:
        yield
    finally:
        if handler is not None:
            ours.removeHandler(handler)
            ours.setLevel(level)
