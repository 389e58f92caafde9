"""What a run tells while it trains: metrics.jsonl for programs, TensorBoard for people."""

import json
import logging
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tensorboard.plugins.hparams.summary_v2 import hparams_pb  # type: ignore[import-untyped]
from torch.utils.tensorboard import summary as summaries
from torch.utils.tensorboard._utils import figure_to_image

from attnlab.run.metrics import METRICS, read_metrics
from attnlab.support.files import naming, write_file
from attnlab.support.schema import flatten
from attnlab.trainer.events import TRAINING, EventFile, cut_training_events, training_events

if TYPE_CHECKING:
    from matplotlib.figure import Figure

# TensorBoard asks whether TensorFlow is there and says so at length if it is not.
logging.getLogger("tensorboard").setLevel(logging.ERROR)

logger = logging.getLogger(__name__)


class Tracker:
    """Writes into the run's `folder`: scalars to both places, texts and figures to TensorBoard.

    Training goes on behind `update`, or begins where that is None. What was recorded after the
    checkpoint of that update is removed: it comes again. `sizes`, which `flush` gave for that
    checkpoint, tell where that begins, also amidst the records of `update` itself; without them,
    it is what belongs to later updates, which TensorBoard then only hides.
    """

    def __init__(
        self, folder: Path, update: int | None = None, sizes: Mapping[str, int] | None = None
    ) -> None:
        self._folder, self._metrics = folder, folder / METRICS
        first = 0 if update is None else update + 1
        if update is None:
            sizes = {}
        kept = [line for number, line in self._lines(sizes) if number < first]
        write_file(self._metrics, "".join(kept), durable=True)
        if sizes is not None:
            cut_training_events(folder, sizes)
        self._has_row = bool(training_events(folder))
        self._events = EventFile(folder, purge_from=first, ending=TRAINING)

    def _lines(self, sizes: Mapping[str, int] | None) -> list[tuple[int, str]]:
        """What was recorded up to the checkpoint, each line with its update."""
        if not self._metrics.exists():
            return []
        recorded = self._metrics.read_bytes()[: None if sizes is None else sizes.get(METRICS)]
        text = recorded.decode(errors="replace")
        lines = [line for line in text.splitlines(keepends=True) if line.endswith("\n")]
        numbered = [(read[0], line) for line in lines if (read := read_metrics(line)) is not None]
        if len(numbered) < len(lines):  # a line that a crash cut short goes without a word
            unread = len(lines) - len(numbered)
            logger.warning("%s: %d lines cannot be read, and are left out", self._metrics, unread)
        return numbered

    def scalars(self, update: int, values: dict[str, float]) -> None:
        """Record the `values`, by names such as train/loss, at `update`."""
        with naming(self._metrics), self._metrics.open("a", encoding="utf-8") as file:
            file.write(json.dumps({"update": update, **values}) + "\n")
        for name, value in values.items():
            self._events.add(summaries.scalar(name, value), update)  # type: ignore[no-untyped-call]

    def text(self, update: int, name: str, markdown: str) -> None:
        """Record a text sample."""
        self._events.add(summaries.text(name, markdown), update)  # type: ignore[no-untyped-call]

    def figure(self, update: int, name: str, figure: "Figure") -> None:
        """Record a picture."""
        pixels = figure_to_image(figure, close=False)  # type: ignore[no-untyped-call]
        image = summaries.image(name, pixels, dataformats="CHW")  # type: ignore[no-untyped-call]
        self._events.add(image, update)

    def hyperparameters(self, settings: dict[str, Any]) -> None:
        """Give this run a row on TensorBoard's HPARAMS page: the `settings` that are not None.

        `SummaryWriter.add_hparams` would open a second run for it. It would also write down the
        columns, which TensorBoard takes from any one run; without that, it takes those of all.
        The other columns are the latest values of the run's scalars. A run that goes on has its
        row already.
        """
        if self._has_row:
            return
        plain = {
            name: value if isinstance(value, bool | int | float | str) else str(value)
            for name, value in flatten(settings).items()
            if value is not None
        }
        row = f"{self._folder.parent.name}/{self._folder.name}"
        self._events.add(hparams_pb(plain, trial_id=row))

    def best(self, update: int, scores: Mapping[str, float]) -> None:
        """Record the best validation so far, for TensorBoard alone: metrics.jsonl has them all."""
        for metric, score in scores.items():
            summary = summaries.scalar(f"best/{metric}", score)  # type: ignore[no-untyped-call]
            self._events.add(summary, update)

    def finished(self) -> None:
        """Mark the run as done on the HPARAMS page."""
        _, _, end = summaries.hparams({}, {})  # type: ignore[no-untyped-call]
        self._events.add(end)

    def flush(self) -> dict[str, int]:
        """Let others see all that was recorded; returns the files that it is in, with their sizes.

        By name, in bytes.
        """
        self._events.flush()
        size = self._metrics.stat().st_size if self._metrics.exists() else 0
        return {METRICS: size, **training_events(self._folder)}

    def close(self) -> None:
        """Write out what is still held back."""
        self._events.close()


class NoTracker(Tracker):
    """Records nothing: for a process that leaves that to another one."""

    def __init__(self) -> None:
        pass

    def scalars(self, update: int, values: dict[str, float]) -> None:
        """Nothing."""

    def text(self, update: int, name: str, markdown: str) -> None:
        """Nothing."""

    def figure(self, update: int, name: str, figure: "Figure") -> None:
        """Nothing."""

    def hyperparameters(self, settings: dict[str, Any]) -> None:
        """Nothing."""

    def best(self, update: int, scores: Mapping[str, float]) -> None:
        """Nothing."""

    def finished(self) -> None:
        """Nothing."""

    def flush(self) -> dict[str, int]:
        """No files."""
        return {}

    def close(self) -> None:
        """Nothing."""
