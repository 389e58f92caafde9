"""Metrics that a run recorded while it trained, read from its metrics.jsonl."""

import json
from collections.abc import Iterator
from typing import Any

from attnlab.run.folder import Run
from attnlab.support.ranges import LARGEST_FLOAT, LARGEST_INT
from attnlab.training.checkpoint import checkpoint_update, snapshot_number
from attnlab.training.selection import Validation

METRICS = "metrics.jsonl"
_PREFIX = "valid/"


def recorded_validations(run: Run) -> dict[int, Validation]:
    """Every validation by its update, the earliest first."""
    found = {}
    for update, values in _lines(run):
        scores = {
            name.removeprefix(_PREFIX): float(value)
            for name, value in values.items()
            if name.startswith(_PREFIX) and isinstance(value, int | float)
            if abs(value) <= LARGEST_FLOAT  # nor is it NaN
        }
        if scores:
            found[update] = Validation(scores)
    return found


def update_of_checkpoint(run: Run, checkpoint: str) -> int:
    """The update after which a run's `checkpoint` was written; 0 if unknown.

    For `averaged`, the mean of several, that of the latest. Checkpoints of an older attnlab do not
    record it; it is then looked up in metrics.jsonl.
    """
    number = snapshot_number(checkpoint)
    if number is None:
        number = checkpoint_update(run.checkpoints / checkpoint)
    if number is not None:
        return number
    metric, best = run.config.stopping.metric, None
    if checkpoint == "best":
        for update, found in recorded_validations(run).items():
            if metric in found.scores and (best is None or found.is_better_than(best[1], metric)):
                best = update, found
    if best is not None:
        return best[0]
    return max((update for update, _ in _lines(run)), default=0)


def _lines(run: Run) -> Iterator[tuple[int, dict[str, Any]]]:
    """Update and values of each line, without lines that cannot be read."""
    try:
        lines = (run.folder / METRICS).read_text(encoding="utf-8", errors="replace").splitlines()
    except FileNotFoundError:
        return
    yield from filter(None, map(read_metrics, lines))


def read_metrics(line: str) -> tuple[int, dict[str, Any]] | None:
    """The update and values of a line of metrics.jsonl; None if it cannot be read."""
    try:
        values = json.loads(line)
    except (ValueError, RecursionError):
        return None
    update = values.get("update") if isinstance(values, dict) else None
    if type(update) is not int or not 0 <= update <= LARGEST_INT:
        return None
    return update, values
