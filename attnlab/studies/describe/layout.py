"""The few shapes that a report on the terminal is made of: sections, tables, columns that fit."""

from collections.abc import Callable, Iterator, Sequence

from rich.console import Group, RenderableType
from rich.padding import Padding
from rich.table import Column, Table
from rich.text import Text

NAME, BAR, QUIET, ALARM = "cyan", "blue", "dim", "yellow"
"""Styles: of splits and tags, of bars, of what explains, of what is wrong."""

INDENT = 2
_NAME_WIDTH = 20


def section(title: str, explained: str, *bodies: RenderableType) -> Group:
    """A blank line, a heading with a few words about it, and what stands under it."""
    heading = Text.assemble((title, "bold"), (f"  {explained}" if explained else "", QUIET))
    blocks: list[RenderableType] = ["", heading]
    for index, body in enumerate(bodies):
        blocks += [""] * (index > 0)
        blocks.append(Padding(body, (0, 0, 0, INDENT), expand=False))
    return Group(*blocks)


def table(*columns: Column, gap: int = 2) -> Table:
    """A table without lines, its columns `gap` characters apart; heads stand at the bottom."""
    return Table(
        *columns,
        box=None,
        padding=(0, 0, 0, gap),
        pad_edge=False,
        header_style=QUIET,
        show_header=any(column.header for column in columns),
    )


def names(head: str = "") -> Column:
    """The column of what the rows are about."""
    return Column(head, style=NAME, overflow="fold", max_width=_NAME_WIDTH)


def numbers(*heads: str) -> list[Column]:
    """Columns of figures; a head may have several lines."""
    return [Column(head, justify="right", no_wrap=True) for head in heads]


def broken(name: str) -> str:
    """A head for a narrow column: `test_long` in two lines."""
    return name.replace("_", "_\n") if len(name) > 6 else name


def count(number: int, noun: str) -> str:
    """`1 pair`, `1,204 pairs`."""
    return f"{number:,} {noun}" if number == 1 else f"{number:,} {noun}s"


def chunks(columns: Sequence[str], width: Callable[[str], int], room: int) -> Iterator[list[str]]:
    """As many `columns` at a time as `room` has characters for, at least one."""
    chunk: list[str] = []
    used = 0
    for column in columns:
        if chunk and used + width(column) > room:
            yield chunk
            chunk, used = [], 0
        chunk.append(column)
        used += width(column)
    if chunk:
        yield chunk
