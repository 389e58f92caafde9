"""Panels side by side: how much room each needs with its words, and in what grid they stand.

All lengths are points, 72 to the inch. Knows words and sizes, no page, and draws nothing.
"""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import pairwise

from attnlab.plotting.lettering import text_width, wrapped

HEADING_SIZE, TITLE_SIZE, LABEL_SIZE, NAME_SIZE = 11.0, 9.0, 8.5, 7.5
LINE = 1.3  # height of a line of text, in sizes of its letters
LABEL_GAP = 4.5
"""Between a matrix and its labels."""
GUTTER = 24.0
"""Between panels."""
MOST_PRINTED = 12
"""Words on either side of a panel whose weights may be printed in its cells."""
NARROWEST_TEXT = 200.0
"""A title or a heading is not broken into shorter lines than this."""

_SMALLEST_CELL = 15.0  # slanted lines of labels then pass each other without touching
_NUMBER_CELL = 22.0  # "0.53" fits
_NUMBER_GAP = 7.0  # beside a longer number
_SLANT = math.sqrt(0.5)  # sine and cosine of 45 degrees
_TIE = "\u00a0"  # as wide as a space, and no place to break a line
_PLEASANT_SHAPE = 1.4  # width of a page over its height


@dataclass(kw_only=True)
class PanelText:
    """The words of one panel. `corner` names the keys (first line) and the queries (second).

    A row or a column without a label has an empty one. `number_width`: of the widest number that
    is printed into a cell, in points; 0 where none is.
    """

    title: str
    queries: list[str]
    keys: list[str]
    corner: tuple[str, str]
    number_width: float = 0.0


@dataclass(kw_only=True)
class Room:
    """What one panel needs: its matrix and the strips around it."""

    title: list[str]
    left: float
    above: float
    width: float
    height: float
    overhang: float
    shows_queries: bool
    shows_keys: bool

    @property
    def right_of_labels(self) -> float:
        """From the matrix's left edge to where the panel ends."""
        title = max(text_width(line, TITLE_SIZE, bold=True) for line in self.title)
        return max(self.width + self.overhang, title - self.left)


def cell_size(panels: Sequence[PanelText]) -> float:
    """Large cells for short sentences; never so small that labels touch."""
    pleasant, largest = (280.0, 36.0) if len(panels) == 1 else (160.0, 24.0)
    longest = max(max(len(panel.queries), len(panel.keys)) for panel in panels)
    nearest = min(min(_between(panel.queries), _between(panel.keys)) for panel in panels)
    cell = min(max(pleasant / longest, _SMALLEST_CELL / nearest), largest)
    widest = max(panel.number_width for panel in panels)
    return max(cell, _NUMBER_CELL, widest + _NUMBER_GAP) if widest else cell


def need_slanting(panels: Sequence[PanelText], cell: float) -> bool:
    """Whether keys that lie flat would touch one another."""
    return any(
        text_width(key, LABEL_SIZE) > cell * _between(panel.keys) - 3
        for panel in panels
        for key in panel.keys
    )


def _between(labels: Sequence[str]) -> int:
    """From a label to the next one, in cells, where they are nearest."""
    places = [place for place, label in enumerate(labels) if label]
    return min((later - one for one, later in pairwise(places)), default=len(labels))


def columns(grid: Sequence[Sequence[Room]]) -> list[list[Room]]:
    """The grid's panels from the top down; some of its rows may be shorter."""
    most = max(map(len, grid))
    return [[row[c] for row in grid if c < len(row)] for c in range(most)]


def column_lefts(grid: Sequence[Sequence[Room]]) -> tuple[list[float], float]:
    """The left edge of every column of the grid, and the right edge of the last."""
    lefts, right = [], -GUTTER
    for column in columns(grid):
        lefts.append(right + GUTTER)
        right = lefts[-1] + max(room.left for room in column)
        right += max(room.right_of_labels for room in column)
    return lefts, right


def fit(
    panels: Sequence[PanelText],
    rows: Sequence[int],
    *,
    cell: float,
    slanted: bool,
    repeat_labels: bool,
) -> list[list[Room]]:
    """The panels' rooms in rows of so many, with labels where they are to stand."""
    grid: list[list[Room]] = []
    above: Sequence[PanelText] = ()
    start = 0
    for length in rows:
        row = panels[start : start + length]
        start += length
        rooms = []
        for column, panel in enumerate(row):
            queries = repeat_labels or not column or row[column - 1].queries != panel.queries
            keys = repeat_labels or column >= len(above) or above[column].keys != panel.keys
            rooms.append(_room(panel, cell, slanted, shows_queries=queries, shows_keys=keys))
        grid.append(rooms)
        above = row
    return grid


def _room(
    panel: PanelText, cell: float, slanted: bool, *, shows_queries: bool, shows_keys: bool
) -> Room:
    width, height = len(panel.keys) * cell, len(panel.queries) * cell
    left, overhang, labels = 0.0, 0.0, 0.0
    if shows_queries:
        left = LABEL_GAP + max(text_width(query, LABEL_SIZE) for query in panel.queries)
    line = LINE * LABEL_SIZE
    if shows_keys and slanted:
        reaches = [_SLANT * (text_width(key, LABEL_SIZE) + line) for key in panel.keys]
        ends = [(column + 0.5) * cell + reach for column, reach in enumerate(reaches)]
        overhang, labels = max(0.0, max(ends) - width), max(reaches)
    elif shows_keys:
        labels = line
    if shows_queries and shows_keys:
        left = max(left, LABEL_GAP + max(text_width(name, NAME_SIZE) for name in panel.corner))
    if shows_keys and any(panel.corner):
        labels = max(labels, 2 * LINE * NAME_SIZE)
    title_width = max(left + width + overhang, NARROWEST_TEXT)
    title = _title_lines(panel.title, title_width)
    return Room(
        title=title,
        left=left,
        above=LABEL_GAP + labels + LINE * TITLE_SIZE * sum(map(bool, title)) + 3,
        width=width,
        height=height,
        overhang=overhang,
        shows_queries=shows_queries,
        shows_keys=shows_keys,
    )


def _title_lines(title: str, width: float) -> list[str]:
    """The title in lines, broken at its `·` where it has some, rather than between words."""
    tied = " · ".join(part.replace(" ", _TIE) for part in title.split(" · "))
    return [line.replace(_TIE, " ") for line in wrapped(tied, width, TITLE_SIZE, bold=True)] or [""]


def pleasant_grid(
    panels: int, fitted: Callable[[Sequence[int]], list[list[Room]]]
) -> list[list[Room]]:
    """The grid whose page is nearest to a pleasant shape, with few holes."""

    def grid_of(columns: int) -> list[list[Room]]:
        return fitted([min(columns, panels - start) for start in range(0, panels, columns)])

    def fault(columns: int) -> float:
        grid = grid_of(columns)
        _, width = column_lefts(grid)
        height = sum(
            max(room.above for room in row) + max(room.height for room in row) + GUTTER
            for row in grid
        )
        holes = columns * len(grid) - panels
        return abs(math.log(width / height / _PLEASANT_SHAPE)) + (0.4 if holes else 0.0)

    return grid_of(min(range(1, panels + 1), key=fault))
