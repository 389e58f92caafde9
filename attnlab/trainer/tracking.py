"""Recording of training: metrics.jsonl for programs, and event files for TensorBoard.

torch's SummaryWriter writes in a thread of its own, whose errors (a full disk) are only printed.
Here events are written in the caller's thread, so that errors reach the caller.
"""

import json
import logging
import os
import re
import socket
import struct
import time
from collections.abc import Iterable, Mapping
from itertools import count
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tensorboard.compat.proto.event_pb2 import Event, SessionLog  # type: ignore[import-untyped]
from tensorboard.compat.proto.summary_pb2 import Summary  # type: ignore[import-untyped]
from tensorboard.plugins.hparams.summary_v2 import hparams_pb  # type: ignore[import-untyped]
from tensorboard.summary.writer.record_writer import RecordWriter  # type: ignore[import-untyped]
from torch.utils.tensorboard import summary as summaries
from torch.utils.tensorboard._utils import figure_to_image

from attnlab.run.layout import METRICS
from attnlab.run.metrics import read_metrics
from attnlab.support.files import naming, open_unlinked, write_file
from attnlab.support.schema import flatten

if TYPE_CHECKING:
    from matplotlib.figure import Figure

# TensorBoard looks for TensorFlow, and logs long messages if it is not installed.
logging.getLogger("tensorboard").setLevel(logging.ERROR)

TRAINING = ".training"
"""Suffix of training's event files; other commands write event files to the same folder."""

_SECONDS_BETWEEN_FLUSHES = 10.0
_STEP_SECONDS = "^seconds/(waiting_for_data|forward_and_backward|optimiser)$"
_file_numbers = count()

logger = logging.getLogger(__name__)


class EventFile:
    """A new event file in `folder`, whose name ends in `suffix`.

    With `purge_from`, TensorBoard hides events of earlier files in the folder, from that update on.
    The first file needs a `purge_from` as well: TensorBoard takes the first START event in a folder
    for the beginning, and each later one for a restart.
    """

    def __init__(self, folder: Path, purge_from: int | None = None, suffix: str = "") -> None:
        name = f"{time.time():.6f}.{socket.gethostname()}.{os.getpid()}.{next(_file_numbers)}"
        self.path = folder / f"events.out.tfevents.{name}{suffix}"
        self._file = self.path.open("xb")
        self._records = RecordWriter(self._file)
        self._flushed = 0.0
        self._write(Event(file_version="brain.Event:2"))
        if purge_from is not None:
            start = SessionLog(status=SessionLog.START)
            self._write(Event(step=purge_from, session_log=start))

    def add(self, summary: Summary, update: int | None = None) -> None:
        """Write `summary`, and flush if the last flush was over ten seconds ago."""
        self._write(Event(summary=summary, step=update))

    def _write(self, event: Event) -> None:
        event.wall_time = time.time()
        with naming(self.path):
            self._records.write(event.SerializeToString())
        if time.monotonic() - self._flushed > _SECONDS_BETWEEN_FLUSHES:
            self.flush()

    def flush(self) -> None:
        """Flush the file, so that other processes can read all events."""
        with naming(self.path):
            self._file.flush()
        self._flushed = time.monotonic()

    def close(self) -> None:
        """Flush and close the file."""
        with naming(self.path):
            self._file.close()


def training_events(folder: Path) -> dict[str, int]:
    """Sizes in bytes of training's event files in `folder`, by name."""
    return {path.name: path.stat().st_size for path in folder.glob(f"*.tfevents.*{TRAINING}")}


def _cut_training_events(folder: Path, sizes: Mapping[str, int]) -> None:
    """Cut training's event files to their earlier `sizes`, and delete those without one."""
    for name, size in training_events(folder).items():
        if name not in sizes:
            (folder / name).unlink()
        elif size > sizes[name]:
            with open_unlinked(folder / name, "r+b") as file:
                file.truncate(sizes[name])


class Tracker:
    """Records metrics.jsonl (scalars) and TensorBoard events (scalars, texts and figures).

    Both are in the run's `folder`. Without a folder, as in processes other than the first, nothing
    is recorded.

    Training begins if `update` is None; earlier records are removed. Otherwise it resumes from the
    checkpoint of that update, and later records are removed: files are cut to the `sizes` that
    `flush` returned at that checkpoint. Without `sizes`, lines of later updates are removed from
    metrics.jsonl, and TensorBoard hides later events.
    """

    def __init__(
        self,
        folder: Path | None,
        update: int | None = None,
        sizes: Mapping[str, int] | None = None,
    ) -> None:
        self._folder, self._events = folder, None
        if folder is None:
            return
        self._metrics = folder / METRICS
        first = 0 if update is None else update + 1
        if update is None:
            sizes = {}
        lines = [line for number, line in self._lines(sizes) if number < first]
        write_file(self._metrics, "".join(lines), durable=True)
        if sizes is not None:
            _cut_training_events(folder, sizes)
        self._has_row = bool(training_events(folder))
        self._events = EventFile(folder, purge_from=first, suffix=TRAINING)

    def _lines(self, sizes: Mapping[str, int] | None) -> list[tuple[int, str]]:
        """The lines recorded up to the checkpoint, each with its update."""
        if not self._metrics.exists():
            return []
        recorded = self._metrics.read_bytes()[: None if sizes is None else sizes.get(METRICS)]
        text = recorded.decode(errors="replace")
        # A crash may have cut the last line short.
        lines = [line for line in text.splitlines(keepends=True) if line.endswith("\n")]
        numbered = [(read[0], line) for line in lines if (read := read_metrics(line)) is not None]
        if len(numbered) < len(lines):
            unread = len(lines) - len(numbered)
            logger.warning("%s: %d lines cannot be read, and are left out", self._metrics, unread)
        return numbered

    def _add(self, summary: Summary, update: int | None = None) -> None:
        if self._events is not None:
            self._events.add(summary, update)

    def scalars(self, update: int, values: dict[str, float]) -> None:
        """Record `values`, such as {"train/loss": 2.5}, at `update`."""
        if self._events is None:
            return
        with naming(self._metrics), self._metrics.open("a", encoding="utf-8") as file:
            file.write(json.dumps({"update": update, **values}) + "\n")
        for name, value in values.items():
            self._add(summaries.scalar(name, value), update)  # type: ignore[no-untyped-call]

    def text(self, update: int, name: str, markdown: str) -> None:
        """Record a text in TensorBoard."""
        self._add(summaries.text(name, markdown), update)  # type: ignore[no-untyped-call]

    def figure(self, update: int, name: str, figure: "Figure") -> None:
        """Record a figure in TensorBoard, as a bitmap."""
        pixels = figure_to_image(figure, close=False)  # type: ignore[no-untyped-call]
        image = summaries.image(name, pixels, dataformats="CHW")  # type: ignore[no-untyped-call]
        self._add(image, update)

    def picture(self, update: int, name: str, png: bytes) -> None:
        """Record a picture in TensorBoard, as it is."""
        width, height = struct.unpack(">II", png[16:24])  # of a PNG's first chunk
        image = Summary.Image(height=height, width=width, colorspace=4, encoded_image_string=png)
        self._add(Summary(value=[Summary.Value(tag=name, image=image)]), update)

    def hyperparameters(self, settings: dict[str, Any]) -> None:
        """Add this run to TensorBoard's HPARAMS page, with all `settings` that are not None.

        `SummaryWriter.add_hparams` would create a second run, and declare the columns, which
        TensorBoard reads from one run only; if none are declared, it shows the settings of all
        runs. A resumed run is on the page already.
        """
        if self._folder is None or self._has_row:
            return
        plain = {
            name: value if isinstance(value, bool | int | float | str) else str(value)
            for name, value in flatten(settings).items()
            if value is not None
        }
        run = f"{self._folder.parent.name}/{self._folder.name}"
        self._add(hparams_pb(plain, trial_id=run))

    def layout(self, metrics: Iterable[str], attentions: Iterable[str]) -> None:
        """Lay out TensorBoard's CUSTOM SCALARS page; the layouts of all runs are shown together.

        It has a chart for each of the `metrics` of validation, and one for the entropies of each of
        the model's `attentions`, by readable name. A resumed run has its layout already.
        """
        if self._folder is None or self._has_row:
            return
        entropies = {
            name: ["Multiline", [rf"^attention_entropy/{re.escape(name)}(\.head\d+)?$"]]
            for name in attentions
        }
        measured = {metric: ["Multiline", [f"^valid/{metric}$"]] for metric in metrics}
        training = {
            name.replace("_", " "): ["Multiline", [f"^train/{name}$"]]
            for name in ("learning_rate", "gradient_norm", "tokens_per_second")
        }
        layout = {
            "quality": {"loss": ["Multiline", ["^train/loss$", "^valid/loss$"]]} | measured,
            "training": training | {"seconds of an update": ["Multiline", [_STEP_SECONDS]]},
        }
        if entropies:
            layout["attention entropy (0: one word, 1: all alike)"] = entropies
        self._add(summaries.custom_scalars(layout))  # type: ignore[no-untyped-call]

    def best(self, update: int, scores: Mapping[str, float]) -> None:
        """Record the best validation so far on TensorBoard; metrics.jsonl has all of them."""
        for metric, score in scores.items():
            self._add(summaries.scalar(f"best/{metric}", score), update)  # type: ignore[no-untyped-call]

    def finished(self) -> None:
        """Mark the run as finished on the HPARAMS page."""
        _, _, end = summaries.hparams({}, {})  # type: ignore[no-untyped-call]
        self._add(end)

    def flush(self) -> dict[str, int]:
        """Flush all records; returns the sizes of the files in bytes, by name."""
        if self._folder is None or self._events is None:
            return {}
        self._events.flush()
        size = self._metrics.stat().st_size if self._metrics.exists() else 0
        return {METRICS: size, **training_events(self._folder)}

    def close(self) -> None:
        """Close the event file."""
        if self._events is not None:
            self._events.close()
