"""What a run tells while it trains: metrics.jsonl for programs, TensorBoard for people."""

import json
import logging
from pathlib import Path
from typing import Any

from matplotlib.figure import Figure
from torch.utils.tensorboard import SummaryWriter
from torch.utils.tensorboard.summary import hparams

METRICS = "metrics.jsonl"

# TensorBoard asks whether TensorFlow is there and says so at length if it is not.
logging.getLogger("tensorboard").setLevel(logging.ERROR)


class Tracker:
    """Writes into the run's `folder`: scalars to both places, texts and figures to TensorBoard.

    After a resume at `update`, what had been written of later updates is left out of
    metrics.jsonl, and TensorBoard hides it.
    """

    def __init__(self, folder: Path, update: int = 0) -> None:
        self._metrics = folder / METRICS
        kept = [line for line in self._lines() if json.loads(line)["update"] <= update]
        beside = self._metrics.with_suffix(".new")
        beside.write_text("".join(kept), encoding="utf-8")
        beside.replace(self._metrics)
        self._writer = SummaryWriter(
            str(folder), max_queue=100, flush_secs=10, purge_step=update + 1 if update else None
        )

    def _lines(self) -> list[str]:
        if not self._metrics.exists():
            return []
        lines = self._metrics.read_text(encoding="utf-8").splitlines(keepends=True)
        return [line for line in lines if line.endswith("\n")]  # one cut short by a crash goes

    def scalars(self, update: int, values: dict[str, float]) -> None:
        """Record the `values`, by names such as train/loss, at `update`."""
        with self._metrics.open("a", encoding="utf-8") as file:
            file.write(json.dumps({"update": update, **values}) + "\n")
        for name, value in values.items():
            self._writer.add_scalar(name, value, update)

    def text(self, update: int, name: str, markdown: str) -> None:
        """Record a text sample."""
        self._writer.add_text(name, markdown, update)

    def figure(self, update: int, name: str, figure: Figure) -> None:
        """Record a picture."""
        self._writer.add_figure(name, figure, update, close=False)

    def hyperparameters(self, settings: dict[str, Any], results: dict[str, float]) -> None:
        """Put `settings` beside `results` on TensorBoard's HPARAMS page, in this run's own log.

        `SummaryWriter.add_hparams` would open a second run for it.
        """
        plain = {
            name: value if isinstance(value, bool | int | float | str) else str(value)
            for name, value in settings.items()
        }
        writer = self._writer._get_file_writer()  # type: ignore[no-untyped-call]
        for summary in hparams(plain, results):  # type: ignore[no-untyped-call]
            writer.add_summary(summary)

    def close(self) -> None:
        """Write out what is still held back."""
        self._writer.close()
