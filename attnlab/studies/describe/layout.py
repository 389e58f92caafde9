"""Sections and tables of a corpus's description, as wide as the terminal is."""

from collections.abc import Callable, Iterator, Sequence

from rich.console import Group, RenderableType
from rich.padding import Padding
from rich.table import Column
from rich.text import Text

NAME, BAR, QUIET, ALARM = "cyan", "blue", "dim", "yellow"
"""Styles: of splits and tags, of bars, of explanations, of warnings."""

INDENT, LONGEST_NAME = 2, 20


def section(title: str, explanation: str, *bodies: RenderableType) -> Group:
    """A heading with what its figures are, and `bodies` below, an empty line between them."""
    heading = Text.assemble((title, "bold"), (f"  {explanation}" if explanation else "", QUIET))
    blocks: list[RenderableType] = ["", heading]
    for index, body in enumerate(bodies):
        blocks += [""] * (index > 0)
        blocks.append(Padding(body, (0, 0, 0, INDENT), expand=False))
    return Group(*blocks)


def name_column() -> Column:
    """Of splits or tags; longer ones than `LONGEST_NAME` go on in the next line."""
    return Column(style=NAME, overflow="fold", max_width=LONGEST_NAME)


def figure_columns(*heads: str) -> list[Column]:
    """Columns of figures, which end where their heads end."""
    return [Column(head, justify="right", no_wrap=True) for head in heads]


def two_lines(name: str) -> str:
    """A head for a narrow column: `test_long` in two lines."""
    return name.replace("_", "_\n") if len(name) > 6 else name


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
