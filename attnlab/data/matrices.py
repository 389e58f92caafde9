"""Matrices with labels from CSV, TSV, NPY and NPZ files; nothing is unpickled."""

import csv
import lzma
import re
import struct
import tokenize
import warnings
import zipfile
import zlib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.lib.npyio import NpzFile
from numpy.typing import NDArray

from attnlab.support.errors import AttnlabError, UsageError

SUFFIXES = (".csv", ".tsv", ".npy", ".npz")
MOST_CELLS = 4096
"""On either side of a matrix: a figure has no more dots than that for them."""
MOST_MATRICES = 64
"""In one stack."""
MOST_BYTES = 1 << 30
"""Of all arrays of an NPZ file, once unpacked."""
LARGEST, SMALLEST = 1e100, 1e-100
"""Magnitudes of numbers whose differences and squares are finite, and not 0."""
MISSING = frozenset({"", "nan", "na", "n/a", "null", "none"})
"""Cells without a number, in lower case."""
UNREADABLE = (
    *(ValueError, TypeError, KeyError, EOFError, SyntaxError, OverflowError, MemoryError),
    *(RuntimeError, struct.error, tokenize.TokenError),  # encrypted; NotImplementedError: packed
    *(zipfile.BadZipFile, zlib.error, lzma.LZMAError),
)
"""Errors that NumPy and zipfile raise for damaged or encrypted files, besides OSError."""

_NUMBER = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?")
_INFINITE = re.compile(r"[+-]?inf(inity)?", re.IGNORECASE)


@dataclass(frozen=True, kw_only=True)
class LabelledMatrix:
    """Numbers (rows, columns), NaN in empty cells, with labels where the file has them."""

    values: NDArray[np.float64]
    rows: list[str] | None = None
    columns: list[str] | None = None


@dataclass(frozen=True, kw_only=True)
class MatrixStack:
    """Matrices of one shape that belong together; `grid` is (rows, columns) where they had one."""

    matrices: list[LabelledMatrix]
    grid: tuple[int, int] | None = None


def require_drawable(where: str, rows: int, columns: int) -> None:
    """Refuse a matrix without cells, or one with more than a figure can show.

    Raises:
        AttnlabError: `where` names the file or part.
    """
    if rows < 1 or columns < 1:
        raise AttnlabError(f"{where}: holds no numbers ({rows} rows, {columns} columns)")
    if max(rows, columns) > MOST_CELLS:
        raise AttnlabError(
            f"{where}: {rows:,} rows and {columns:,} columns are too many for a figure, which "
            f"shows {MOST_CELLS:,} of either at most; cut out the part that is of interest"
        )


def read_matrices(path: Path) -> MatrixStack:
    """Read a file with a matrix, or a stack of matrices.

    An array has the axes (rows, columns), (matrices, rows, columns) or (grid rows, grid columns,
    rows, columns).

    Raises:
        UsageError: the name has another ending than one of `SUFFIXES`.
        AttnlabError: it cannot be read, has other axes, is too large, or has an infinite cell;
            NaN is an empty cell.
    """
    suffix = path.suffix.lower()
    if suffix not in SUFFIXES:
        raise UsageError(
            f"{path}: cannot read '{suffix or path.name}'; end the name with one of: "
            f"{', '.join(SUFFIXES)}"
        )
    if suffix in (".csv", ".tsv"):
        return MatrixStack(matrices=[read_delimited(path)])
    return _stack(path, _array(path))


def _array(path: Path) -> NDArray[np.generic]:
    """The file's only array; an NPY file is mapped, not read."""
    with warnings.catch_warnings():  # NumPy warns of odd headers that it can still parse
        warnings.simplefilter("ignore", UserWarning)
        return _load_array(path)


def _load_array(path: Path) -> NDArray[np.generic]:
    try:
        if path.suffix.lower() == ".npy":
            array: NDArray[np.generic] = np.load(path, mmap_mode="r", allow_pickle=False)
            return array
        with open_archive(path) as arrays:
            if len(arrays.files) != 1:
                names = ", ".join(arrays.files[:5])
                raise AttnlabError(
                    f"{path}: holds {len(arrays.files)} arrays ({names}); save the one to be "
                    "shown as .npy"
                )
            only: NDArray[np.generic] = arrays[arrays.files[0]]
            if not isinstance(only, np.ndarray):  # the bytes of another file
                raise ValueError(f"{arrays.files[0]} is no array")
            return only
    except OSError as error:
        raise AttnlabError(f"{path}: cannot be read ({error.strerror or error})") from error
    except UNREADABLE as error:
        raise AttnlabError(
            f"{path}: holds no array of numbers to be read ({error}); write it with numpy.save"
        ) from error


def _stack(path: Path, array: NDArray[np.generic]) -> MatrixStack:
    if array.dtype.kind not in "biuf":
        raise AttnlabError(f"{path}: holds {array.dtype} and no numbers that colours can show")
    if array.ndim not in (2, 3, 4):
        raise AttnlabError(
            f"{path}: has the shape {array.shape}; a matrix has 2 axes, a stack of them 3, and a "
            "grid of them 4"
        )
    *stacked, rows, columns = array.shape
    require_drawable(str(path), rows, columns)
    count = int(np.prod(stacked, dtype=np.int64))
    if not 1 <= count <= MOST_MATRICES:
        raise AttnlabError(
            f"{path}: has the shape {array.shape}, and so {count:,} matrices; a figure shows 1 to "
            f"{MOST_MATRICES}"
        )
    with np.errstate(over="ignore"):  # of a wider type
        values = np.array(array, dtype=np.float64)
    beyond = np.argwhere(np.abs(values) > LARGEST)
    if len(beyond):
        place = tuple(beyond[0].tolist())
        problem = "no finite number" if np.isinf(values[place]) else f"beyond ±{LARGEST:g}"
        raise AttnlabError(
            f"{path}: element {list(place)} is {values[place]}, {problem}; NaN would be shown as "
            "no number"
        )
    values[np.abs(values) < SMALLEST] = 0.0
    matrices = [LabelledMatrix(values=each) for each in values.reshape(count, rows, columns)]
    return MatrixStack(
        matrices=matrices, grid=(stacked[0], stacked[1]) if len(stacked) == 2 else None
    )


@contextmanager
def open_archive(path: Path) -> Iterator[NpzFile]:
    """Open an NPZ file from an unknown source; each array is read on access.

    Raises:
        ValueError: the arrays together are too large.
        OSError, or one of UNREADABLE: it cannot be read.
    """
    with zipfile.ZipFile(path) as members:
        size = sum(info.file_size for info in members.infolist())
    if size > MOST_BYTES:
        raise ValueError(f"arrays of {size:,} bytes are too large")
    with path.open("rb") as file, np.load(file, allow_pickle=False) as arrays:
        yield arrays


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
    """The file's lines of cells, and their separator."""
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
    """The index from 0 of a column, by its name or its number from 1; None if there is none."""
    if names is not None and wanted in names:
        return list(names).index(wanted)
    if wanted.isdecimal() and len(wanted) < 18 and 1 <= int(wanted) <= count:
        return int(wanted) - 1
    return None
