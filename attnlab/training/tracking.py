"""What a run tells while it trains: metrics.jsonl for programs, TensorBoard for people."""

import json
import logging
from pathlib import Path
from typing import TYPE_CHECKING, Any

from torch.utils.tensorboard import summary as summaries
from torch.utils.tensorboard._utils import figure_to_image

from attnlab.files import naming, write_file
from attnlab.ranges import LARGEST_INT
from attnlab.schema import flatten
from attnlab.training.events import EventFile

if TYPE_CHECKING:
    from matplotlib.figure import Figure

METRICS = "metrics.jsonl"

# TensorBoard asks whether TensorFlow is there and says so at length if it is not.
logging.getLogger("tensorboard").setLevel(logging.ERROR)

logger = logging.getLogger(__name__)


class Tracker:
    """Writes into the run's `folder`: scalars to both places, texts and figures to TensorBoard.

    Training goes on behind `update`, or begins where that is None: what had been written of later
    updates is left out of metrics.jsonl, and TensorBoard hides it.
    """

    def __init__(self, folder: Path, update: int | None = None) -> None:
        self._metrics = folder / METRICS
        first = 0 if update is None else update + 1
        kept = [line for number, line in self._lines() if number < first]
        write_file(self._metrics, "".join(kept))
        again = any(folder.glob("events.out.tfevents.*"))
        self._events = EventFile(folder, purge_from=first if again else None)

    def _lines(self) -> list[tuple[int, str]]:
        """What was recorded before, each line with its update."""
        if not self._metrics.exists():
            return []
        text = self._metrics.read_text(encoding="utf-8", errors="replace")
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

    def hyperparameters(self, settings: dict[str, Any], results: dict[str, float]) -> None:
        """Put `settings` beside `results` on TensorBoard's HPARAMS page, in this run's own log.

        `SummaryWriter.add_hparams` would open a second run for it.
        """
        plain = {
            name: value if isinstance(value, bool | int | float | str) else str(value)
            for name, value in flatten(settings).items()
        }
        for summary in summaries.hparams(plain, results):  # type: ignore[no-untyped-call]
            self._events.add(summary)

    def flush(self) -> list[Path]:
        """Let others see all that was recorded; returns the files that it is in."""
        self._events.flush()
        return [self._metrics, self._events.path]

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

    def hyperparameters(self, settings: dict[str, Any], results: dict[str, float]) -> None:
        """Nothing."""

    def flush(self) -> list[Path]:
        """No files."""
        return []

    def close(self) -> None:
        """Nothing."""


def read_metrics(line: str) -> tuple[int, dict[str, Any]] | None:
    """The update and the values of a line of metrics.jsonl; None for what is no such line."""
    try:
        values = json.loads(line)
    except (ValueError, RecursionError):
        return None
    update = values.get("update") if isinstance(values, dict) else None
    if not isinstance(update, int) or not 0 <= update <= LARGEST_INT:
        return None
    return update, values
