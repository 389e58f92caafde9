"""Tables of numbers in CSV and TSV files, with or without labels. What is refused, by its line."""

import csv
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from attnlab.data.matrices.labelled import (
    LARGEST,
    MOST_CELLS,
    SMALLEST,
    LabelledMatrix,
    require_drawable,
)
from attnlab.support.errors import AttnlabError

MISSING = frozenset({"", "nan", "na", "n/a", "null", "none"})
"""What a cell says, in any letters, that has no number."""

_NUMBER = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?")
_INFINITE = re.compile(r"[+-]?inf(inity)?", re.IGNORECASE)


@dataclass(frozen=True)
class _Line:
    """One line of the file that has cells; lines count from 1."""

    number: int
    cells: list[str]


def read_delimited(path: Path, most_rows: int = MOST_CELLS) -> LabelledMatrix:
    """The table in a file of comma-, semicolon- or tab-separated values.

    A first line of words names the columns, and a first column of words the rows; so does a first
    line whose first cell is empty, and a first line that is one cell shorter than the others.
    Empty lines, and those that begin with #, are left out. Between semicolons a number may have a
    decimal comma. A cell that is empty or says nan, na or null is NaN.

    Raises:
        AttnlabError: it cannot be read, lines differ in length, a cell is no finite number, there
            is no number, or there are more than `most_rows` rows or 4,096 columns.
    """
    lines, separator = _lines(path, most_rows)
    if not lines:
        raise AttnlabError(f"{path}: is empty; it needs lines of numbers, such as 0.2,0.8")
    decimal_comma = separator == ";"

    def is_word(cell: str) -> bool:
        text = cell.strip()
        return text.lower() not in MISSING and _as_number(text, decimal_comma) is None

    first = lines[0].cells
    width = len(lines[1].cells) if len(lines) > 1 else len(first)
    shorter = len(lines) > 1 and len(first) == width - 1
    corner = len(lines) > 1 and not first[0].strip() and bool(lines[1].cells[0].strip())
    worded = all(map(is_word, first if len(first) == 1 or shorter else first[1:]))
    header = first if worded or (corner and len(first) > 1) else None
    if header is None or not shorter:
        width = len(first)
    data = lines[1:] if header is not None else lines
    if not data:
        raise AttnlabError(f"{path}: has names of columns, and no line of numbers below them")
    labelled = (header is not None and (shorter or corner)) or (
        width > 1 and all(is_word(line.cells[0]) for line in data)
    )
    for line in data:
        if len(line.cells) != width:
            raise AttnlabError(
                f"{path}:{line.number}: {_count(len(line.cells), 'cell')}, where the lines before "
                f"have {width}; every line of a matrix has as many"
            )
    values = [
        [_number(path, line, place, decimal_comma) for place in range(labelled, width)]
        for line in data
    ]
    columns = None
    if header is not None:
        columns = [name.strip() for name in (header[labelled:] if not shorter else header)]
    matrix = LabelledMatrix(
        values=np.array(values, dtype=np.float64).reshape(len(data), width - labelled),
        rows=[line.cells[0].strip() for line in data] if labelled else None,
        columns=columns,
    )
    require_drawable(str(path), min(len(data), MOST_CELLS), matrix.values.shape[1])
    return matrix


def _lines(path: Path, most_rows: int) -> tuple[list[_Line], str]:
    """The file's lines of cells, and what separates those."""
    lines: list[_Line] = []
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            separator = _separator(path, file.readline())
            file.seek(0)
            reader = csv.reader(file, delimiter=separator)
            for cells in reader:
                if not any(cell.strip() for cell in cells) or cells[0].lstrip().startswith("#"):
                    continue
                lines.append(_Line(reader.line_num, cells))
                if len(lines) > most_rows + 1:
                    raise AttnlabError(
                        f"{path}: has more than {most_rows:,} rows, which are too many; cut out "
                        "the part that is of interest"
                    )
    except UnicodeDecodeError as error:
        raise AttnlabError(f"{path}: is no UTF-8 text; save it as CSV in UTF-8") from error
    except csv.Error as error:
        raise AttnlabError(f"{path}: cannot be read as CSV ({error})") from error
    except OSError as error:
        raise AttnlabError(f"{path}: cannot be read ({error.strerror or error})") from error
    return lines, separator


def _separator(path: Path, line: str) -> str:
    if path.suffix.lower() == ".tsv":
        return "\t"
    return next((mark for mark in ",;\t" if mark in line and (mark != "," or ";" not in line)), ",")


def _as_number(text: str, decimal_comma: bool) -> float | None:
    if decimal_comma:
        text = text.replace(",", ".")
    if _NUMBER.fullmatch(text):
        return float(text)
    return float(text) if _INFINITE.fullmatch(text) else None


def _number(path: Path, line: _Line, place: int, decimal_comma: bool) -> float:
    text = line.cells[place].strip()
    if text.lower() in MISSING:
        return float("nan")
    value = _as_number(text, decimal_comma)
    where = f"{path}:{line.number}, column {place + 1}"
    if value is None:
        hint = "; separate cells by commas, semicolons or tabs" if len(text.split()) > 1 else ""
        raise AttnlabError(f"{where}: '{_short(text)}' is not a number{hint}")
    if not np.isfinite(value):
        raise AttnlabError(f"{where}: {_short(text)} is no finite number; leave the cell empty")
    if abs(value) > LARGEST:
        raise AttnlabError(f"{where}: {_short(text)} is beyond ±{LARGEST:g}; rescale the numbers")
    return value if abs(value) >= SMALLEST else 0.0


def _short(text: str) -> str:
    return text if len(text) <= 30 else f"{text[:29]}…"


def _count(number: int, what: str) -> str:
    return f"{number} {what}" if number == 1 else f"{number} {what}s"


def column_number(names: Sequence[str] | None, count: int, wanted: str) -> int | None:
    """The place from 0 of a column by its name, or by its number from 1; None: there is none."""
    if names is not None and wanted in names:
        return list(names).index(wanted)
    if wanted.isdecimal() and len(wanted) < 18 and 1 <= int(wanted) <= count:
        return int(wanted) - 1
    return None
