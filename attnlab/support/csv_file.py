"""Figures in a file of comma-separated values, for spreadsheets and programs."""

import csv
from collections.abc import Iterable, Sequence
from io import StringIO
from pathlib import Path
from typing import Any

from attnlab.support.errors import AttnlabError
from attnlab.support.files import write_file


def write_csv(path: Path, head: Sequence[str], rows: Iterable[Sequence[Any]]) -> None:
    """Write `rows` under their `head`, whole or not at all; None is an empty cell.

    Raises:
        AttnlabError: it cannot be written there.
    """
    content = StringIO(newline="")
    writer = csv.writer(content)
    writer.writerow(head)
    writer.writerows(rows)
    try:
        write_file(path, content.getvalue())
    except OSError as error:
        raise AttnlabError(
            f"cannot write {path}: {error.strerror or error}; choose another --output"
        ) from error
