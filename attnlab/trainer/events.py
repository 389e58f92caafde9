"""TensorBoard's event files, written where the caller is, so that a failure reaches the caller.

torch's SummaryWriter writes in a thread of its own, whose failures (a full disk) end up as a
traceback on the screen.
"""

import os
import socket
import time
from collections.abc import Mapping
from itertools import count
from pathlib import Path

from tensorboard.compat.proto.event_pb2 import Event, SessionLog  # type: ignore[import-untyped]
from tensorboard.compat.proto.summary_pb2 import Summary  # type: ignore[import-untyped]
from tensorboard.summary.writer.record_writer import RecordWriter  # type: ignore[import-untyped]

from attnlab.support.files import naming, open_unlinked

TRAINING = ".training"
"""What the names of training's own files end in; others in the folder are of other commands."""

_SECONDS_BETWEEN_FLUSHES = 10.0
_numbers = count()


class EventFile:
    """A new event file in `folder`, whose name ends in `ending`.

    With `purge_from`, TensorBoard hides what earlier files of the folder have of that update and
    later ones, if the first of these had a `purge_from` too: it takes the first START that it
    finds in a folder for the beginning, and only those after it for a restart.
    """

    def __init__(self, folder: Path, purge_from: int | None = None, ending: str = "") -> None:
        name = f"{time.time():.6f}.{socket.gethostname()}.{os.getpid()}.{next(_numbers)}"
        self.path = folder / f"events.out.tfevents.{name}{ending}"
        self._file = self.path.open("xb")
        self._records = RecordWriter(self._file)
        self._flushed = 0.0
        self._write(Event(file_version="brain.Event:2"))
        if purge_from is not None:
            start = SessionLog(status=SessionLog.START)
            self._write(Event(step=purge_from, session_log=start))

    def add(self, summary: Summary, update: int | None = None) -> None:
        """Write `summary`; it is on the disk within ten seconds of further writing."""
        self._write(Event(summary=summary, step=update))

    def _write(self, event: Event) -> None:
        event.wall_time = time.time()
        with naming(self.path):
            self._records.write(event.SerializeToString())
        if time.monotonic() - self._flushed > _SECONDS_BETWEEN_FLUSHES:
            self.flush()

    def flush(self) -> None:
        """Let others see all that was written."""
        with naming(self.path):
            self._file.flush()
        self._flushed = time.monotonic()

    def close(self) -> None:
        """Write out what is still held back."""
        with naming(self.path):
            self._file.close()


def training_events(folder: Path) -> dict[str, int]:
    """The names of the event files that training wrote into `folder`, and their sizes in bytes."""
    return {path.name: path.stat().st_size for path in folder.glob(f"*.tfevents.*{TRAINING}")}


def cut_training_events(folder: Path, sizes: Mapping[str, int]) -> None:
    """Undo what training wrote since `training_events` gave `sizes`."""
    for name, size in training_events(folder).items():
        if name not in sizes:
            (folder / name).unlink()
        elif size > sizes[name]:
            with open_unlinked(folder / name, "r+b") as file:
                file.truncate(sizes[name])
