"""Jobs in processes of their own, which a launcher starts: what connects them with the sweep's.

Both sides share the sweep's folder alone, so that this works with every launcher, and between
machines on a shared file system. Each file has one writer:

    NNN_LABEL.log   what the job prints to standard error, shown by the sweep as it comes
    NNN_LABEL.json  how it ended, and what it printed to standard output
    stop            made when the sweep is stopped
    .lock           held as long as the sweep's process lives
"""

import io
import json
import os
import signal
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, redirect_stderr, redirect_stdout, suppress
from contextvars import ContextVar
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from attnlab.support.console import console, show_messages
from attnlab.support.errors import readable
from attnlab.support.files import is_locked, locked, write_file
from attnlab.support.interruption import Interrupted, StopRequest, deferred_signals

_LOCK, _STOP = ".lock", "stop"
_STOPPED = "the jobs that are running have saved their runs"
_SECONDS_BETWEEN_LOOKS = 0.2
_SECONDS_BETWEEN_CHECKS = 1.0
_SECONDS_TO_SAVE = 60.0  # after them a process that has lost its sweep ends at once

Ending = dict[str, Any]


@contextmanager
def following(folder: Path, ended: Callable[[Ending], None]) -> Iterator[StopRequest]:
    """Show what the jobs of `folder` print, and call `ended` with each ending, in a thread.

    A first signal in the block stops the jobs, which save their runs; a second one ends this
    process, and the jobs stop all the same.
    """
    finished = threading.Event()
    with locked(folder / _LOCK), deferred_signals(when=_STOPPED) as request:
        follower = threading.Thread(
            target=_Follower(folder, ended, request).run, args=(finished,), daemon=True
        )
        follower.start()
        try:
            yield request
        finally:
            finished.set()
            follower.join()


class _Follower:
    """Reads the files that the jobs write."""

    def __init__(self, folder: Path, ended: Callable[[Ending], None], request: StopRequest) -> None:
        self._folder, self._ended, self._request = folder, ended, request
        self._read: dict[Path, int] = {}
        self._seen: set[Path] = set()

    def run(self, finished: threading.Event) -> None:
        """Look again and again until `finished`, and once more then."""
        is_last = False
        while not is_last:
            is_last = finished.wait(_SECONDS_BETWEEN_LOOKS)
            with suppress(OSError):  # a network's file system may be away for a while
                if self._request.signal_number and not (self._folder / _STOP).exists():
                    write_file(self._folder / _STOP, "")
                endings = set(self._folder.glob("*.json")) - self._seen  # before their last lines
                for log in sorted(self._folder.glob("*.log")):
                    self._show_new_lines(log, is_last)
                for path in sorted(endings):
                    ending = json.loads(path.read_text(encoding="utf-8"))
                    self._seen.add(path)
                    self._ended(ending)

    def _show_new_lines(self, log: Path, is_last: bool) -> None:
        with log.open("rb") as file:
            file.seek(self._read.get(log, 0))
            new = file.read()
        whole = len(new) if is_last else new.rfind(b"\n") + 1
        self._read[log] = self._read.get(log, 0) + whole
        label = log.stem.partition("_")[2]
        for line in new[:whole].decode(errors="replace").splitlines():
            style = "yellow" if line.startswith("warning: ") else None
            console().print(readable(f"{label}: {line}"), style=style, markup=False)


@dataclass(frozen=True)
class _Sweep:
    """The sweep that a job in a process of its own belongs to."""

    folder: Path
    outlives: bool
    is_requeued: bool

    def is_stopped(self) -> bool:
        """Whether its jobs are to stop."""
        return (self.folder / _STOP).exists() or self.is_lost()

    def is_lost(self) -> bool:
        """Whether the sweep's process has ended, and its jobs are to end with it."""
        return not self.outlives and not is_locked(self.folder / _LOCK)


_sweep: ContextVar[_Sweep | None] = ContextVar("_sweep", default=None)


def require_going_on() -> None:
    """Raise Interrupted if the sweep of the running job was stopped."""
    sweep = _sweep.get()
    if sweep is not None and sweep.is_stopped():
        raise Interrupted(signal.SIGTERM, "the sweep was stopped before this job began")


def is_requeued() -> bool:
    """Whether a launcher has started the running job once more."""
    sweep = _sweep.get()
    return sweep is not None and sweep.is_requeued


@contextmanager
def connected(folder: Path, name: str, *, outlives: bool) -> Iterator[Callable[[Ending], None]]:
    """A job in a process of its own: within the block, it prints to the sweep's `folder`.

    Yields the function that records its ending there. The job stops when the sweep does; if it
    `outlives` the sweep's process, then only when it is told to.

    Raises:
        Interrupted: the sweep was stopped.
    """
    path = folder / f"{name}.log"
    sweep = _Sweep(folder, outlives, is_requeued=path.exists())
    token = _sweep.set(sweep)
    output, done = io.StringIO(), threading.Event()

    def record(ending: Ending) -> None:
        text = json.dumps({**ending, "output": output.getvalue()}, ensure_ascii=False)
        write_file(folder / f"{name}.json", text)

    try:
        require_going_on()
        log = path.open("a", 1, encoding="utf-8", errors="backslashreplace")
        with (
            log,
            redirect_stderr(log),
            redirect_stdout(output),
            deferred_signals(ignore_repeated=True) as request,
        ):
            show_messages()
            watcher = threading.Thread(target=_watch, args=(sweep, request, done), daemon=True)
            watcher.start()
            try:
                yield record
            finally:
                done.set()
                watcher.join()
    finally:
        _sweep.reset(token)


def _watch(sweep: _Sweep, request: StopRequest, done: threading.Event) -> None:
    """Send this process a signal when the sweep stops, until the job is `done`.

    It is sent again and again: one that came before the training began was recorded in `request`,
    which training does not know.
    """
    lost_at: float | None = None
    while not done.wait(_SECONDS_BETWEEN_CHECKS):
        if number := request.signal_number or (signal.SIGTERM if sweep.is_stopped() else 0):
            os.kill(os.getpid(), number)
        if sweep.is_lost():
            lost_at = lost_at or time.monotonic()
            if time.monotonic() - lost_at > _SECONDS_TO_SAVE:
                os._exit(128 + signal.SIGTERM)
