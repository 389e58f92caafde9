"""Tables without lines, by Rich: for a terminal, or as plain text for files and standard output."""

from collections.abc import Sequence
from io import StringIO

from rich.console import Console
from rich.table import Column, Table
from rich.text import Text


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
    """Lines of text, never wrapped: `left` columns flush left, the others flush right.

    Raises:
        ValueError: a row has more or fewer cells than the head.
    """
    lines = grid(
        *(Column(no_wrap=True, justify="left" if at < left else "right") for at in range(len(head)))
    )
    for row in (head, *rows):
        if len(row) != len(head):
            raise ValueError(f"{len(row)} cells in a row of a table with {len(head)} columns")
        lines.add_row(*map(Text, row))
    text = StringIO()
    Console(file=text, width=10**6, color_system=None, force_jupyter=False).print(lines)
    return "\n".join(line.rstrip() for line in text.getvalue().splitlines())


def three_digits(value: float) -> str:
    """A positive number with three significant digits, and all of those before the point."""
    return f"{value:,.0f}" if value >= 100 else f"{value:.3g}"
