"""Grids of heatmaps with square cells, room for all labels, and one colour scale."""

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from itertools import chain, pairwise
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.collections import PatchCollection
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle
from numpy.typing import NDArray

from attnlab.plotting.colours import ATTENTION, INK, QUIET_INK, VERMILION, Scale
from attnlab.plotting.matrix import Cell, Heatmap
from attnlab.plotting.page import MARGIN, Frame, Grid, Page, colour_bar_room
from attnlab.plotting.text import (
    HEADING_SIZE,
    LABEL_SIZE,
    LINE,
    NAME_SIZE,
    NUMBER_SIZE,
    TITLE_SIZE,
    text_style,
    text_width,
    wrapped,
)

MOST_PRINTED = 12
"""Most rows or columns of a heatmap with numbers in its cells."""

_LEGEND = "outlined: words that the gold alignment links"
_GUTTER = 24.0  # between heatmaps; all lengths are in points
_LABEL_GAP = 4.5  # between cells and labels
_NARROWEST_TEXT = 200.0  # the least width at which titles and headings are wrapped
_SMALLEST_CELL = 15.0  # the least for which slanted labels do not touch
_NUMBER_CELL, _NUMBER_GAP = 22.0, 7.0  # the least cell with a number, and the least space beside it
_GRID_FROM = 4.0  # the least cell with white grid lines, which make small cells paler
_OUTLINE, _HALO = 1.5, 3.4  # line widths of a gold cell's outline and of the white around it
_SHORTEST_BAR, _LONGEST_BAR, _BAR_GAP, _BAR_WIDTH = 90.0, 240.0, 16.0, 9.0
_SWATCH = 10.0
_MIDDLE = 0.27 * LABEL_SIZE  # half the height of an "x"
_SLANT = math.sqrt(0.5)  # sine and cosine of 45 degrees
_TIE = "\u00a0"  # as wide as a space, but a line is not broken there
_ASPECT_RATIO = 1.4  # preferred width of a page over its height


@dataclass(kw_only=True)
class _PanelFrame(Frame):
    """The frame of one heatmap, its wrapped title, and which of its labels are drawn."""

    title: str
    shows_rows: bool
    shows_columns: bool


def draw_heatmaps(
    panels: Sequence[Heatmap],
    *,
    scale: Scale = ATTENTION,
    heading: str = "",
    caption: str = "",
    note: str = "",
    columns: int | Sequence[int] | None = None,
    print_weights: bool = False,
    repeat_labels: bool = True,
    colour_bar: bool = True,
) -> Figure:
    """Draw the panels in a grid, filled row by row, with one colour bar.

    Args:
        panels: At least one; sizes may differ.
        scale: Map from numbers to colours.
        heading: Heading of the figure, wrapped if it is long.
        caption: One line under the heading; it is never wrapped, so that panels are at the same
            place in figures that differ only in their captions.
        note: Small print under the panels.
        columns: Panels per row of the grid, or in each row; None chooses by the aspect ratio.
        print_weights: Print numbers into the cells of panels of at most 12 by 12.
        repeat_labels: Label every panel. If False, row labels equal to those of the panel at the
            left, and column labels equal to those of the panel above, are left out.
        colour_bar: Draw the colour bar. A page of many figures has one for all.

    Returns:
        A figure whose first axes are the panels, in order, and whose last is the colour bar. Cell
        (row, column) is the unit square that starts at x = column, y = row.

    Raises:
        ValueError: No panels, fewer than one column, or rows that do not hold the panels.
    """
    if not panels:
        raise ValueError("a figure needs at least one heatmap")
    lengths = _row_lengths(len(panels), columns)
    printed = [
        panel.numbers() if print_weights and max(panel.values.shape) <= MOST_PRINTED else {}
        for panel in panels
    ]
    cell = _cell_size(panels, [text for numbers in printed for text in numbers.values()])
    slanted = any(
        text_width(label, LABEL_SIZE) > cell * _label_distance(panel.columns) - 3
        for panel in panels
        for label in panel.column_labels
    )
    frames_in = partial(
        _panel_frames, panels, cell=cell, slanted=slanted, repeat_labels=repeat_labels
    )
    frames = frames_in(lengths) if lengths else _choose_frames(len(panels), frames_in)
    page = Page()
    bar_height = min(max(*(each.height for each in frames[0]), _SHORTEST_BAR), _LONGEST_BAR)
    bar_height = bar_height if colour_bar else 0.0
    frames[0] = [replace(each, below=max(0.0, bar_height - each.height)) for each in frames[0]]
    gap = (_GUTTER, _GUTTER)
    flat = Grid(frames, gap=gap)  # its columns do not depend on the heading above
    bar_right = flat.boxes[0][-1].right
    if colour_bar:
        bar_right += _BAR_GAP + _BAR_WIDTH + colour_bar_room(scale)
    text_width_limit = max(flat.right, bar_right, MARGIN + _NARROWEST_TEXT) - MARGIN

    top = page.paragraph(heading, MARGIN, text_width_limit, HEADING_SIZE, bold=True)
    if caption:
        top = page.paragraph(caption, top + 2, math.inf, TITLE_SIZE)
    grid = Grid(frames, top=top + (10 if heading or caption else 0), gap=gap)
    lefts = [left for row in frames for left, _ in zip(grid.column_lefts, row, strict=False)]
    places = zip(chain(*frames), chain(*grid.boxes), lefts, strict=True)
    for panel, numbers, (frame, box, left) in zip(panels, printed, places, strict=True):
        title_top = box.top - frame.above
        page.paragraph(frame.title, title_top, math.inf, TITLE_SIZE, bold=True, left=left)
        axes = page.cells(box)
        page.reserve(box.right + frame.right, box.bottom)
        draw_cells(axes, panel.values, scale, cell)
        _outline(axes, panel.gold, cell)
        _label(axes, panel, frame, cell, slanted=slanted)
        print_numbers(axes, panel.values, numbers, scale)
    if colour_bar:
        first = grid.boxes[0][-1]
        bar = replace(first, left=first.right + _BAR_GAP, width=_BAR_WIDTH, height=bar_height)
        page.colour_bar(bar, scale)
    bottom = grid.bottom
    if any(panel.gold for panel in panels):
        bottom = _explain_outlines(page, bottom + _GUTTER / 2)
    if note:
        page.paragraph(note, bottom + _GUTTER / 2, text_width_limit, LABEL_SIZE)
    return page.finish()


def draw_cells(axes: Axes, values: NDArray[np.floating], scale: Scale, cell: float) -> None:
    """Draw the cells of a matrix; `cell` is their size in points."""
    rows, columns = values.shape
    numbers = np.ma.masked_invalid(np.asarray(values, dtype=np.float64))
    colours: dict[str, Any] = {"cmap": scale.colours, "vmin": scale.lowest, "vmax": scale.highest}
    if cell >= _GRID_FROM:
        axes.pcolormesh(numbers, edgecolors="white", linewidth=0.5, **colours)
    else:
        axes.imshow(numbers, extent=(0, columns, rows, 0), aspect="auto", **colours)
    axes.set(xlim=(0, columns), ylim=(rows, 0), facecolor="white")


def print_numbers(
    axes: Axes, values: NDArray[np.floating], numbers: Mapping[Cell, str], scale: Scale
) -> None:
    """Write numbers into their cells, in white or INK, whichever has more contrast."""
    for (row, column), number in numbers.items():
        axes.text(
            column + 0.5,
            row + 0.5,
            number,
            color="white" if scale.is_dark(values[row, column]) else INK,
            ha="center",
            va="center_baseline",
            **text_style(number, NUMBER_SIZE),
        )


def _row_lengths(panels: int, columns: int | Sequence[int] | None) -> list[int] | None:
    if columns is None:
        return None
    if isinstance(columns, int):
        if columns < 1:
            raise ValueError(f"a grid needs at least one column, got {columns}")
        return [min(columns, panels - start) for start in range(0, panels, columns)]
    if min(columns, default=0) < 1 or sum(columns) != panels:
        raise ValueError(f"rows of {list(columns)} panels do not hold {panels} of them")
    return list(columns)


def _cell_size(panels: Sequence[Heatmap], numbers: Sequence[str]) -> float:
    """Size of a cell: larger for smaller matrices; labels and numbers never touch."""
    preferred, largest = (280.0, 36.0) if len(panels) == 1 else (160.0, 24.0)
    longest: int = max(max(panel.values.shape) for panel in panels)
    sides = [side for panel in panels for side in (panel.rows, panel.columns)]
    cell = min(max(preferred / longest, _SMALLEST_CELL / min(map(_label_distance, sides))), largest)
    if not numbers:
        return float(cell)
    widest = max(text_width(number, NUMBER_SIZE) for number in numbers)
    return max(cell, _NUMBER_CELL, widest + _NUMBER_GAP)


def _label_distance(labels: Sequence[str]) -> int:
    """Smallest distance between two labels, in cells."""
    places = [place for place, label in enumerate(labels) if label]
    return min((later - one for one, later in pairwise(places)), default=len(labels))


def _panel_frames(
    panels: Sequence[Heatmap],
    lengths: Sequence[int],
    *,
    cell: float,
    slanted: bool,
    repeat_labels: bool,
) -> list[list[_PanelFrame]]:
    """Frames of the panels, in rows of these lengths."""
    frames: list[list[_PanelFrame]] = []
    above: Sequence[Heatmap] = ()
    left = iter(panels)
    for length in lengths:
        row = [next(left) for _ in range(length)]
        frames.append(
            [
                _panel_frame(
                    *(panel, cell, slanted),
                    shows_rows=repeat_labels or not n or row[n - 1].rows != panel.rows,
                    shows_columns=repeat_labels
                    or n >= len(above)
                    or above[n].columns != panel.columns,
                )
                for n, panel in enumerate(row)
            ]
        )
        above = row
    return frames


def _panel_frame(
    panel: Heatmap, cell: float, slanted: bool, *, shows_rows: bool, shows_columns: bool
) -> _PanelFrame:
    height, width = (count * cell for count in panel.values.shape)
    left, overhang, labels = 0.0, 0.0, 0.0
    if shows_rows:
        left = _LABEL_GAP + max(text_width(label, LABEL_SIZE) for label in panel.row_labels)
    line = LINE * LABEL_SIZE
    if shows_columns and slanted:
        reaches = [_SLANT * (text_width(each, LABEL_SIZE) + line) for each in panel.column_labels]
        ends = [(column + 0.5) * cell + reach for column, reach in enumerate(reaches)]
        overhang, labels = max(0.0, max(ends) - width), max(reaches)
    elif shows_columns:
        labels = line
    if shows_columns and any(panel.axis_names):
        labels = max(labels, 2 * LINE * NAME_SIZE)
        if shows_rows:
            left = max(left, _LABEL_GAP + max(text_width(n, NAME_SIZE) for n in panel.axis_names))
    # A title is wrapped at its "·", if it has any, rather than between words.
    tied = " · ".join(part.replace(" ", _TIE) for part in panel.title.split(" · "))
    title_width = max(left + width + overhang, _NARROWEST_TEXT)
    title = [line.replace(_TIE, " ") for line in wrapped(tied, title_width, TITLE_SIZE, bold=True)]
    widest = max((text_width(line, TITLE_SIZE, bold=True) for line in title), default=0.0)
    return _PanelFrame(
        width=width,
        height=height,
        left=left,
        right=max(overhang, widest - left - width),
        above=_LABEL_GAP + labels + LINE * TITLE_SIZE * sum(map(bool, title)) + 3,
        title="\n".join(title),
        shows_rows=shows_rows,
        shows_columns=shows_columns,
    )


def _choose_frames(
    panels: int, frames_in: Callable[[Sequence[int]], list[list[_PanelFrame]]]
) -> list[list[_PanelFrame]]:
    """Choose rows of panels whose page is close to the preferred aspect ratio, with few gaps."""

    def frames_of(columns: int) -> list[list[_PanelFrame]]:
        return frames_in([min(columns, panels - start) for start in range(0, panels, columns)])

    def penalty(columns: int) -> float:
        frames = frames_of(columns)
        grid = Grid(frames, left=0.0, gap=(_GUTTER, _GUTTER))
        holes = columns * len(frames) - panels
        shape = grid.right / (grid.bottom + _GUTTER)
        return abs(math.log(shape / _ASPECT_RATIO)) + (0.4 if holes else 0.0)

    return frames_of(min(range(1, panels + 1), key=penalty))


def _outline(axes: Axes, cells: frozenset[Cell], cell_size: float) -> None:
    """Outline these cells on the inside, thinner in small cells, so that their colour shows."""
    if not cells:
        return
    outline = min(_OUTLINE, 0.07 * cell_size)
    halo = _HALO / _OUTLINE * outline
    inset = (halo / 2 - 0.3) / cell_size  # covers the cell's own white edge
    side = 1 - 2 * inset
    frames = [Rectangle((column + inset, row + inset), side, side) for row, column in sorted(cells)]
    for colour, width in (("white", halo), (VERMILION, outline)):
        axes.add_collection(
            PatchCollection(frames, facecolor="none", edgecolor=colour, linewidth=width)
        )


def _explain_outlines(page: Page, top: float) -> float:
    """Draw the legend of outlined cells; returns its lower edge."""
    left = MARGIN + 1
    page.figure.add_artist(
        Rectangle(
            (left, -top - _SWATCH),
            _SWATCH,
            _SWATCH,
            transform=page.points,
            facecolor=ATTENTION.colours(0.0),
            edgecolor=VERMILION,
            linewidth=_OUTLINE,
        )
    )
    page.paragraph(_LEGEND, top + 0.3, math.inf, LABEL_SIZE, left=left + _SWATCH + 6)
    page.reserve(left + _SWATCH, top + _SWATCH)
    return top + _SWATCH


def _label(axes: Axes, panel: Heatmap, frame: _PanelFrame, cell: float, *, slanted: bool) -> None:
    """Draw the labels of rows and columns, and in the corner between them the axis names."""
    if frame.shows_rows:
        for row, label in enumerate(panel.row_labels):
            _annotate(axes, label, (0, row + 0.5), (-_LABEL_GAP, -_MIDDLE), ha="right")
    if frame.shows_columns:
        for column, label in enumerate(panel.column_labels):
            place = (column + 0.5, 0)
            if slanted:
                shift = (_MIDDLE * 0.7, _LABEL_GAP)
                style: dict[str, Any] = {"rotation": 45, "rotation_mode": "anchor", "ha": "left"}
                _annotate(axes, label, place, shift, **style)
            else:
                _annotate(axes, label, place, (0, _LABEL_GAP), ha="center")
    if frame.shows_rows and frame.shows_columns:
        raised = max(0.0, _MIDDLE - cell / 2)  # over the first label
        for line, name in enumerate(reversed(panel.axis_names)):
            shift = (-_LABEL_GAP, _LABEL_GAP + raised + line * LINE * NAME_SIZE)
            _annotate(axes, name, (0, 0), shift, size=NAME_SIZE, ha="right", color=QUIET_INK)


def _annotate(
    axes: Axes,
    text: str,
    cell: tuple[float, float],
    shift: tuple[float, float],
    *,
    size: float = LABEL_SIZE,
    color: str = INK,
    **style: Any,
) -> None:
    """Write `text`, unless it is empty, at a position in cells, moved by `shift` points."""
    if text:
        axes.annotate(
            text,
            cell,
            xytext=shift,
            textcoords="offset points",
            va="baseline",
            color=color,
            annotation_clip=False,
            **text_style(text, size),
            **style,
        )
