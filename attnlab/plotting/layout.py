"""Where everything on a page of heatmaps stands. Knows words and sizes, draws nothing.

All lengths are points, 72 to the inch, from the top left corner of the page.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial

from attnlab.plotting.grid import (
    GUTTER,
    HEADING_SIZE,
    LABEL_SIZE,
    LINE,
    NARROWEST_TEXT,
    TITLE_SIZE,
    PanelText,
    cell_size,
    column_lefts,
    columns,
    fit,
    need_slanting,
    pleasant_grid,
)
from attnlab.plotting.lettering import text_width, wrapped

_MARGIN = 14.0
_SHORTEST_BAR, _LONGEST_BAR = 90.0, 240.0
_BAR_GAP, _BAR_WIDTH = 16.0, 9.0
_SWATCH = 10.0


@dataclass(kw_only=True)
class Box:
    """A rectangle on the page."""

    left: float
    top: float
    width: float
    height: float

    @property
    def right(self) -> float:
        """The right edge."""
        return self.left + self.width

    @property
    def bottom(self) -> float:
        """The lower edge."""
        return self.top + self.height


@dataclass(kw_only=True)
class Line:
    """One line of text; `baseline` is where its letters stand."""

    text: str
    left: float
    baseline: float
    size: float
    bold: bool


@dataclass(kw_only=True)
class Matrix:
    """Where a panel's cells are, and whether its labels stand beside them."""

    box: Box
    shows_queries: bool
    shows_keys: bool


@dataclass(kw_only=True)
class Page:
    """A finished arrangement; `matrices` are in the order of the panels.

    `swatch` is the cell beside the legend's text, where there is a legend.
    """

    width: float
    height: float
    matrices: list[Matrix]
    colour_bar: Box
    swatch: Box | None
    slanted_keys: bool
    lines: list[Line]


def arrange(
    panels: Sequence[PanelText],
    *,
    heading: str,
    caption: str,
    legend: str,
    note: str,
    rows: Sequence[int] | None,
    bar_text: float,
    repeat_labels: bool,
) -> Page:
    """Place the panels in a grid, row by row, as large as their words need.

    `rows` says how many stand in each row; None leaves that to what makes a pleasant page.
    `bar_text` is the room for what stands beside the colour bar.
    """
    cell = cell_size(panels)
    slanted = need_slanting(panels, cell)
    in_rows = partial(fit, panels, cell=cell, slanted=slanted, repeat_labels=repeat_labels)
    grid = in_rows(rows) if rows else pleasant_grid(len(panels), in_rows)

    lefts, grid_width = column_lefts(grid)
    label_rooms = [max(room.left for room in column) for column in columns(grid)]
    last = len(grid[0]) - 1
    bar_left = lefts[last] + label_rooms[last] + grid[0][last].width + _BAR_GAP
    right = max(grid_width, bar_left + _BAR_WIDTH + bar_text)

    text_room = max(right, NARROWEST_TEXT)
    lines, top = _block(heading, _MARGIN, text_room, HEADING_SIZE, bold=True)
    if caption:
        lines += _stacked([caption], _MARGIN, top + 2, TITLE_SIZE, bold=False)
        top += LINE * TITLE_SIZE + 2
    top += 10 if lines else 0

    matrices: list[Matrix] = []
    bar = Box(left=0, top=0, width=0, height=0)
    for number, row in enumerate(grid):
        above = max(room.above for room in row)
        height = max(room.height for room in row)
        if number == 0:
            bar_height = min(max(height, _SHORTEST_BAR), _LONGEST_BAR)
            bar = Box(left=_MARGIN + bar_left, top=top + above, width=_BAR_WIDTH, height=bar_height)
            height = max(height, bar_height)
        for left, labels, room in zip(lefts, label_rooms, row, strict=False):
            box = Box(
                left=_MARGIN + left + labels,
                top=top + above,
                width=room.width,
                height=room.height,
            )
            matrices.append(
                Matrix(box=box, shows_queries=room.shows_queries, shows_keys=room.shows_keys)
            )
            first = top + above - room.above  # titles of a row end on one line
            lines += _stacked(room.title, _MARGIN + left, first, TITLE_SIZE, bold=True)
        top += above + height + GUTTER
    bottom, swatch = top - GUTTER, None
    if legend:
        swatch = Box(left=_MARGIN + 1, top=bottom + GUTTER / 2, width=_SWATCH, height=_SWATCH)
        lines += _stacked([legend], swatch.right + 6, swatch.top + 0.3, LABEL_SIZE, bold=False)
        bottom = swatch.bottom
    note_lines, below = _block(note, bottom + GUTTER / 2, text_room, LABEL_SIZE, bold=False)
    lines += note_lines
    ink = max(text_width(line.text, line.size, bold=line.bold) + line.left for line in lines)
    return Page(
        width=max(_MARGIN + right, ink) + _MARGIN,
        height=(below if note_lines else bottom) + _MARGIN,
        matrices=matrices,
        colour_bar=bar,
        swatch=swatch,
        slanted_keys=slanted,
        lines=lines,
    )


def _block(
    text: str, top: float, width: float, size: float, *, bold: bool
) -> tuple[list[Line], float]:
    """The text in lines from `top` down at the left margin, and where it ends."""
    texts = wrapped(text, width, size, bold=bold)
    return _stacked(texts, _MARGIN, top, size, bold=bold), top + len(texts) * LINE * size


def _stacked(
    texts: Sequence[str], left: float, top: float, size: float, *, bold: bool
) -> list[Line]:
    return [
        Line(text=text, left=left, baseline=top + (n * LINE + 1) * size, size=size, bold=bold)
        for n, text in enumerate(texts)
    ]
