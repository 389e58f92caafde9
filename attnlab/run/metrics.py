"""Reading of metrics.jsonl, in which training records its metrics."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from attnlab.run.layout import METRICS
from attnlab.support.ranges import LARGEST_FLOAT, LARGEST_INT
from attnlab.training.selection import Validation

_PREFIX = "valid/"


def recorded_validations(folder: Path) -> dict[int, Validation]:
    """Validations of the run in `folder`, by update, in recorded order."""
    found = {}
    for update, values in recorded(folder, f'"{_PREFIX}'):
        scores = {
            name.removeprefix(_PREFIX): float(value)
            for name, value in values.items()
            if name.startswith(_PREFIX) and is_number(value)
        }
        if scores:
            found[update] = Validation(scores)
    return found


def is_number(value: Any) -> bool:
    """Whether `value` is a finite number, and no bool."""
    return type(value) in (int, float) and abs(value) <= LARGEST_FLOAT


def recorded(folder: Path, part: str = "") -> Iterator[tuple[int, dict[str, Any]]]:
    """Yield update and values of each readable line that contains `part`."""
    try:
        with (folder / METRICS).open("rb") as file:
            lines = [line for line in file if part.encode() in line]
    except FileNotFoundError:
        return
    yield from filter(None, (read_metrics(line.decode(errors="replace")) for line in lines))


def damaged_lines(folder: Path) -> int:
    """The number of lines that cannot be read, such as one that was being written."""
    try:
        lines = (folder / METRICS).read_bytes().splitlines()
    except FileNotFoundError:
        return 0
    return sum(read_metrics(line.decode(errors="replace")) is None for line in lines)


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
