"""What becomes of a batch whose loss or gradient is no finite number: it is written out as JSON.

non_finite/epoch-0-batch-17.json
"""

import json
import logging
from pathlib import Path
from typing import Any

from torch import Tensor

from attnlab.data.vocabulary import Vocabulary, VocabularyPair
from attnlab.run.folder import Run
from attnlab.support.errors import AttnlabError
from attnlab.support.files import write_file
from attnlab.support.folders import shown_path
from attnlab.training.loop import NonFinite, Progress

_MOST_IN_A_ROW = 10
_MOST_WRITTEN = 100  # files, so that a run which skips for days does not fill the disk

logger = logging.getLogger(__name__)


class NonFiniteBatches:
    """Writes batches into the run's folder, and stops training or lets it go on, as configured.

    Where another process writes the same ones, `writes` is False.
    """

    def __init__(self, run: Run, vocabulary: VocabularyPair, writes: bool = True) -> None:
        self._run, self._vocabulary, self._writes = run, vocabulary, writes

    def meet(self, found: NonFinite, progress: Progress) -> None:
        """Write the batch of `found` out; return if training is to go on without it.

        Raises:
            AttnlabError: training is to stop.
        """
        problem = f"{_problem(found)} at update {found.update:,}"
        where = "its batch was one of many, and was not written out"
        if progress.skipped <= _MOST_WRITTEN:
            where = f"its batch is in {self._write(found)}"
        remedy = (
            "Lower optimiser.learning_rate=, raise schedule.warmup_updates=, or clip with "
            "optimiser.clip_norm=1"
        )
        if self._run.config.on_non_finite == "stop":
            raise AttnlabError(
                f"{problem}; training stopped before it could spoil the weights, and the last "
                f"checkpoint stands; {where}. {remedy}; or leave such batches out: attnlab train "
                f"--resume {shown_path(self._run.folder)} on_non_finite=skip"
            )
        if progress.skipped_in_a_row >= _MOST_IN_A_ROW:
            raise AttnlabError(
                f"{problem}, the {progress.skipped_in_a_row}th batch in a row; training stopped, "
                f"and the last checkpoint stands; {where}. {remedy}"
            )
        logger.warning("%s; skipped (%s so far); %s", problem, f"{progress.skipped:,}", where)

    def _write(self, found: NonFinite) -> Path:
        folder = self._run.folder / "non_finite"
        path = folder / f"epoch-{found.epoch}-batch-{found.place}.json"
        if not self._writes:
            return path
        folder.mkdir(exist_ok=True)
        batch = found.batch
        sources = _texts(batch.source, batch.source_mask, self._vocabulary.source)
        targets = _texts(batch.target_output, batch.target_mask, self._vocabulary.target)
        told = {
            "update": found.update,
            "epoch": found.epoch,
            "batch": found.place,
            "loss": _number(found.loss),
            "gradient_norm": _number(found.gradient_norm),
            "learning_rate": found.learning_rate,
            "sentences": [
                {"source": source, "target": target}
                for source, target in zip(sources, targets, strict=True)
            ],
        }
        write_file(path, json.dumps(told, ensure_ascii=False, indent=1))
        return path


def _problem(found: NonFinite) -> str:
    for name, value in (("loss", found.loss), ("gradient_norm", found.gradient_norm)):
        if isinstance(_number(value), str):
            return f"{name} is {value}"
    raise ValueError("both are finite numbers")


def _number(value: float) -> float | str:
    """What JSON has no number for as a string."""
    return value if abs(value) < float("inf") else str(value)


def _texts(tokens: Tensor, mask: Tensor, vocabulary: Vocabulary) -> list[dict[str, Any]]:
    """Each row of (batch, length) as its ids, the end included, and as what they say."""
    rows = [row[seen].tolist() for row, seen in zip(tokens, mask, strict=True)]
    return [{"text": vocabulary.decode(ids), "ids": ids} for ids in rows]
