"""Figures in a file of comma-separated values, for spreadsheets and programs."""

import csv
from collections.abc import Iterable, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

from attnlab.errors import AttnlabError


def write_csv(path: Path, head: Sequence[str], rows: Iterable[Sequence[Any]]) -> None:
    """Write `rows` under their `head`, whole or not at all; None is an empty cell.

    Raises:
        AttnlabError: it cannot be written there.
    """
    unfinished = path.with_name(f".{path.name}.new")
    try:
        with unfinished.open("w", encoding="utf-8", newline="") as file:
            writer = csv.writer(file)
            writer.writerow(head)
            writer.writerows(rows)
        unfinished.replace(path)
    except OSError as error:
        with suppress(OSError):
            unfinished.unlink(missing_ok=True)
        raise AttnlabError(
            f"cannot write {path}: {error.strerror or error}; choose another --output"
        ) from error
