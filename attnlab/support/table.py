"""Figures in columns, as plain text: for terminals, files and mails alike."""

from collections.abc import Sequence


def table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Lines of columns two spaces apart: the first to the left, figures to the right.

    Raises:
        ValueError: a row has more or fewer cells than the head.
    """
    for row in rows:
        if len(row) != len(head):
            raise ValueError(f"{len(row)} cells in a row of a table with {len(head)} columns")
    widths = [max(map(len, column)) for column in zip(head, *rows, strict=True)]
    return "\n".join(
        "  ".join(
            cell.rjust(width) if index else cell.ljust(width)
            for index, (cell, width) in enumerate(zip(row, widths, strict=True))
        ).rstrip()
        for row in (head, *rows)
    )


def three_digits(value: float) -> str:
    """A figure above 0 with three digits that count, and all that it has before the point."""
    return f"{value:,.0f}" if value >= 100 else f"{value:.3g}"
