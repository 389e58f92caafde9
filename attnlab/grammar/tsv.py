"""Reader of the grammar's tables: TSV files with a header, comments and one row a word."""

import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from attnlab.support.errors import AttnlabError

FOLDER = Path(__file__).parent / "tables"


@dataclass(frozen=True, kw_only=True)
class Row:
    """A row of a table as text by column, with its file and line."""

    path: Path
    line: int
    cells: dict[str, str]

    def __getitem__(self, column: str) -> str:
        return self.cells[column]

    def error(self, message: str) -> AttnlabError:
        """An error that names the file and the line."""
        return AttnlabError(f"{self.path}:{self.line}: {message}")

    def choice(self, column: str, known: Sequence[str]) -> str:
        """The cell of a column that holds one of the `known` values."""
        value = self[column]
        if value not in known:
            raise self.error(f"{column} is {value!r}; it must be one of: {', '.join(known)}")
        return value

    def choices(self, column: str, known: frozenset[str]) -> frozenset[str]:
        """The values of a cell, separated by spaces, each of them known."""
        values = self[column].split()
        for value in values:
            if value not in known:
                raise self.error(f"{column} has {value!r}; known are: {', '.join(sorted(known))}")
        if len(set(values)) < len(values):
            raise self.error(f"{column} has a value twice: {self[column]}")
        return frozenset(values)

    def integer(self, column: str) -> int:
        """The cell of a column that holds a whole number."""
        if not (self[column].isascii() and self[column].isdigit()):
            raise self.error(f"{column} is {self[column]!r}; it must be a whole number")
        return int(self[column])


def read_table(
    name: str,
    columns: Sequence[str],
    *,
    key: Sequence[str],
    optional: Sequence[str] = (),
    folder: Path = FOLDER,
) -> list[Row]:
    """The rows of the table `name`.tsv, whose header must be `columns`, in the order of the file.

    Empty lines and lines that begin with `#` are comments; the first other line is the header. No
    two rows may have equal cells in the columns `key`; cells of `optional` columns may be empty.

    Raises:
        AttnlabError: the file is missing, is not UTF-8, or has an error; the message names the
            file and the line.
    """
    path = folder / f"{name}.tsv"
    rows: list[Row] = []
    lines_by_key: dict[tuple[str, ...], int] = {}
    header: list[str] | None = None
    for number, line in _lines(path):
        cells = line.split("\t")
        if header is None:
            header = cells
            if header != list(columns):
                raise AttnlabError(
                    f"{path}:{number}: the header must be these columns, separated by tabs: "
                    f"{', '.join(columns)}"
                )
            continue
        if len(cells) != len(columns):
            raise AttnlabError(
                f"{path}:{number}: {len(cells)} cells instead of {len(columns)}; separate them "
                f"by one tab each: {', '.join(columns)}"
            )
        row = Row(path=path, line=number, cells=dict(zip(columns, cells, strict=True)))
        _check_text(row, optional)
        identity = tuple(row[column] for column in key)
        if identity in lines_by_key:
            raise row.error(
                f"{', '.join(identity)} stands in line {lines_by_key[identity]} already"
            )
        lines_by_key[identity] = number
        rows.append(row)
    if not rows:
        raise AttnlabError(f"{path}: the table has no rows")
    return rows


def _lines(path: Path) -> Iterator[tuple[int, str]]:
    try:
        text = path.read_text(encoding="utf-8")
    except UnicodeDecodeError as error:
        raise AttnlabError(f"{path}: not UTF-8 ({error.reason}); save it as UTF-8") from error
    except OSError as error:
        raise AttnlabError(
            f"{path}: cannot be read ({error.strerror}); it comes with attnlab, so install it anew"
        ) from error
    for number, line in enumerate(text.split("\n"), 1):
        if line.strip() and not line.startswith("#"):
            yield number, line


def _check_text(row: Row, optional: Sequence[str]) -> None:
    for column, cell in row.cells.items():
        if not cell and column not in optional:
            raise row.error(f"{column} is empty")
        if cell != " ".join(cell.split()):
            raise row.error(f"{column} has spaces at an end or two together: {cell!r}")
        if "’" in cell:
            raise row.error(f"{column} has a curly apostrophe; type a straight one: {cell}")
        if not unicodedata.is_normalized("NFC", cell):
            raise row.error(f"{column} has an accent as a character of its own: {cell}")
