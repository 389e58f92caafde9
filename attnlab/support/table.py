"""Tables: as Rich's for a terminal, as plain text, Markdown, LaTeX and comma-separated values."""

import csv
from collections.abc import Iterable, Sequence
from io import StringIO
from pathlib import Path
from typing import Any

from rich.cells import cell_len
from rich.table import Column, Table

from attnlab.support.errors import AttnlabError
from attnlab.support.files import write_file


def grid(*columns: Column, gap: int = 2) -> Table:
    """An empty Rich table whose columns are `gap` characters apart."""
    return Table(
        *columns,
        box=None,
        padding=(0, 0, 0, gap),
        pad_edge=False,
        header_style="dim",
        show_header=any(column.header for column in columns),
    )


def table(head: Sequence[str], rows: Sequence[Sequence[str]], left: int = 1) -> str:
    """Unwrapped lines of text; the first `left` columns are left-aligned, the others right-aligned.

    Raises:
        ValueError: a row has more or fewer cells than the head.
    """
    for row in rows:
        if len(row) != len(head):
            raise ValueError(f"{len(row)} cells in a row of a table with {len(head)} columns")
    # Rich measures the cells; its layout would take a second for a thousand rows.
    lengths = [[cell_len(cell) for cell in row] for row in (head, *rows)]
    widths = [max(column) for column in zip(*lengths, strict=True)]
    lines = []
    for row, taken in zip((head, *rows), lengths, strict=True):
        room = [" " * (width - length) for width, length in zip(widths, taken, strict=True)]
        cells = zip(row, room, strict=True)
        padded = (cell + gap if at < left else gap + cell for at, (cell, gap) in enumerate(cells))
        lines.append("  ".join(padded).rstrip())
    return "\n".join(lines)


def markdown_table(head: Sequence[str], rows: Sequence[Sequence[str]], left: int = 1) -> str:
    """The table in Markdown; arguments are those of `table`."""
    rule = ["---" if at < left else "---:" for at in range(len(head))]
    lines = ([cell.replace("|", "\\|") for cell in row] for row in (head, rule, *rows))
    return "\n".join(f"| {' | '.join(cells)} |" for cells in lines)


_LATEX = str.maketrans(
    {**{each: f"\\{each}" for each in "&%$#_{}"}, "\\": r"\textbackslash{}"}
    | {"~": r"\textasciitilde{}", "^": r"\textasciicircum{}", "±": r"$\pm$", "−": "$-$"}
)


def latex_table(head: Sequence[str], rows: Sequence[Sequence[str]], left: int = 1) -> str:
    """The table in LaTeX, with rules of the package booktabs; arguments are those of `table`."""
    columns = "l" * left + "r" * (len(head) - left)
    lines = [" & ".join(cell.translate(_LATEX) for cell in row) + r" \\" for row in (head, *rows)]
    begin, end = (
        [rf"\begin{{tabular}}{{{columns}}}", r"\toprule"],
        [r"\bottomrule", r"\end{tabular}"],
    )
    return "\n".join([*begin, lines[0], r"\midrule", *lines[1:], *end])


def three_digits(value: float) -> str:
    """Format a positive number with three significant digits, or all digits of its integer part."""
    return f"{value:,.0f}" if value >= 100 else f"{value:.3g}"


def write_csv(path: Path, head: Sequence[str], rows: Iterable[Sequence[Any]]) -> None:
    """Write `head` and `rows` to a CSV file, atomically; None is an empty cell.

    Raises:
        AttnlabError: the file cannot be written.
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
