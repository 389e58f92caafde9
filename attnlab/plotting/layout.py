"""Where everything on a page of heatmaps stands. Knows words and sizes, draws nothing.

All lengths are points, 72 to the inch, from the top left corner of the page.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

from attnlab.plotting.lettering import text_width, wrapped

HEADING_SIZE, TITLE_SIZE, LABEL_SIZE, NAME_SIZE = 11.0, 9.0, 8.5, 7.5
LABEL_GAP = 4.5
"""Between a matrix and its labels."""
MOST_PRINTED = 12
"""Words on either side of a panel whose weights may be printed in its cells."""

_LINE = 1.3  # height of a line of text, in sizes of its letters
_MARGIN, _GUTTER = 14.0, 24.0
_SMALLEST_CELL = 15.0  # slanted lines of labels then pass each other without touching
_NUMBER_CELL = 22.0  # "0.53" fits
_SLANT = math.sqrt(0.5)  # sine and cosine of 45 degrees
_SHORTEST_BAR, _LONGEST_BAR = 90.0, 240.0
_BAR_GAP, _BAR_WIDTH, _BAR_TEXT = 16.0, 9.0, 44.0
_NARROWEST_TEXT = 200.0  # a title or a heading is not broken into shorter lines than this
_PLEASANT_SHAPE = 1.4  # width of a page over its height


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
class PanelText:
    """The words of one panel. `corner` names the keys (first line) and the queries (second)."""

    title: str
    queries: list[str]
    keys: list[str]
    corner: tuple[str, str]


@dataclass(kw_only=True)
class Page:
    """A finished arrangement; `matrices` are in the order of the panels."""

    width: float
    height: float
    matrices: list[Box]
    colour_bar: Box
    slanted_keys: bool
    lines: list[Line]


@dataclass(kw_only=True)
class _Room:
    """What one panel needs: its matrix and the strips around it."""

    title: list[str]
    left: float
    above: float
    width: float
    height: float
    overhang: float

    @property
    def right_of_labels(self) -> float:
        title = max(text_width(line, TITLE_SIZE, bold=True) for line in self.title)
        return max(self.width + self.overhang, title - self.left)


def arrange(
    panels: Sequence[PanelText],
    *,
    heading: str,
    note: str,
    columns: int | None,
    room_for_numbers: bool,
) -> Page:
    """Place the panels in a grid, row by row, as large as their words need."""
    cell = _cell_size(panels, room_for_numbers)
    slanted = any(text_width(key, LABEL_SIZE) > cell - 3 for panel in panels for key in panel.keys)
    rooms = [_room(panel, cell, slanted) for panel in panels]
    grid = _rows(rooms, columns) if columns else _pleasant_grid(rooms)

    lefts, grid_width = _column_lefts(grid)
    label_rooms = [max(room.left for room in column) for column in _columns(grid)]
    last = len(grid[0]) - 1
    bar_left = lefts[last] + label_rooms[last] + grid[0][last].width + _BAR_GAP
    right = max(grid_width, bar_left + _BAR_WIDTH + _BAR_TEXT)

    text_room = max(right, _NARROWEST_TEXT)
    lines, top = _block(heading, _MARGIN, text_room, HEADING_SIZE, bold=True)
    top += 10 if lines else 0

    matrices: list[Box] = []
    bar = Box(left=0, top=0, width=0, height=0)
    for number, row in enumerate(grid):
        above = max(room.above for room in row)
        height = max(room.height for room in row)
        if number == 0:
            bar_height = min(max(height, _SHORTEST_BAR), _LONGEST_BAR)
            bar = Box(left=_MARGIN + bar_left, top=top + above, width=_BAR_WIDTH, height=bar_height)
            height = max(height, bar_height)
        for left, labels, room in zip(lefts, label_rooms, row, strict=False):
            matrices.append(
                Box(
                    left=_MARGIN + left + labels,
                    top=top + above,
                    width=room.width,
                    height=room.height,
                )
            )
            lines += _stacked(room.title, _MARGIN + left, top, TITLE_SIZE, bold=True)
        top += above + height + _GUTTER
    note_lines, bottom = _block(note, top - _GUTTER / 2, text_room, LABEL_SIZE, bold=False)
    lines += note_lines
    ink = max(text_width(line.text, line.size, bold=line.bold) + line.left for line in lines)
    return Page(
        width=max(_MARGIN + right, ink) + _MARGIN,
        height=(bottom if note_lines else top - _GUTTER) + _MARGIN,
        matrices=matrices,
        colour_bar=bar,
        slanted_keys=slanted,
        lines=lines,
    )


def _cell_size(panels: Sequence[PanelText], room_for_numbers: bool) -> float:
    """Large cells for short sentences; never so small that labels touch."""
    pleasant, largest = (280.0, 36.0) if len(panels) == 1 else (160.0, 24.0)
    longest = [max(len(panel.queries), len(panel.keys)) for panel in panels]
    cell = min(max(pleasant / max(longest), _SMALLEST_CELL), largest)
    return max(cell, _NUMBER_CELL) if room_for_numbers and min(longest) <= MOST_PRINTED else cell


def _room(panel: PanelText, cell: float, slanted: bool) -> _Room:
    width, height = len(panel.keys) * cell, len(panel.queries) * cell
    left = LABEL_GAP + max(
        *(text_width(query, LABEL_SIZE) for query in panel.queries),
        *(text_width(name, NAME_SIZE) for name in panel.corner),
    )
    line, overhang, labels = _LINE * LABEL_SIZE, 0.0, _LINE * LABEL_SIZE
    if slanted:
        reaches = [_SLANT * (text_width(key, LABEL_SIZE) + line) for key in panel.keys]
        ends = [(column + 0.5) * cell + reach for column, reach in enumerate(reaches)]
        overhang, labels = max(0.0, max(ends) - width), max(reaches)
    title_width = max(left + width + overhang, _NARROWEST_TEXT)
    title = wrapped(panel.title, title_width, TITLE_SIZE, bold=True) or [""]
    above = LABEL_GAP + max(labels, 2 * _LINE * NAME_SIZE) + _LINE * TITLE_SIZE * len(title) + 3
    return _Room(title=title, left=left, above=above, width=width, height=height, overhang=overhang)


def _rows(rooms: Sequence[_Room], columns: int) -> list[Sequence[_Room]]:
    return [rooms[start : start + columns] for start in range(0, len(rooms), columns)]


def _columns(grid: Sequence[Sequence[_Room]]) -> list[list[_Room]]:
    return [[row[c] for row in grid if c < len(row)] for c in range(len(grid[0]))]


def _column_lefts(grid: Sequence[Sequence[_Room]]) -> tuple[list[float], float]:
    """The left edge of every column of the grid, and the right edge of the last."""
    lefts, right = [], -_GUTTER
    for column in _columns(grid):
        lefts.append(right + _GUTTER)
        right = lefts[-1] + max(room.left for room in column)
        right += max(room.right_of_labels for room in column)
    return lefts, right


def _pleasant_grid(rooms: Sequence[_Room]) -> list[Sequence[_Room]]:
    """The grid whose page is nearest to a pleasant shape, with few holes."""

    def fault(columns: int) -> float:
        grid = _rows(rooms, columns)
        _, width = _column_lefts(grid)
        height = sum(
            max(room.above for room in row) + max(room.height for room in row) + _GUTTER
            for row in grid
        )
        holes = columns * len(grid) - len(rooms)
        return abs(math.log(width / height / _PLEASANT_SHAPE)) + (0.4 if holes else 0.0)

    return _rows(rooms, min(range(1, len(rooms) + 1), key=fault))


def _block(
    text: str, top: float, width: float, size: float, *, bold: bool
) -> tuple[list[Line], float]:
    """The text in lines from `top` down at the left margin, and where it ends."""
    texts = wrapped(text, width, size, bold=bold)
    return _stacked(texts, _MARGIN, top, size, bold=bold), top + len(texts) * _LINE * size


def _stacked(
    texts: Sequence[str], left: float, top: float, size: float, *, bold: bool
) -> list[Line]:
    return [
        Line(text=text, left=left, baseline=top + (n * _LINE + 1) * size, size=size, bold=bold)
        for n, text in enumerate(texts)
    ]
