"""Heatmaps of who looked where, or of any matrix. Knows arrays and strings, no model, no file.

The figure is as large as its words need: labels have one size, cells are square and equal, and
every panel of a figure shares one scale of colours, which for attention goes from 0 to 1.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.collections import PatchCollection
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle
from numpy.typing import NDArray

from attnlab.plotting.colours import FRAME, GOLD, INK, QUIET_INK, attention_colours
from attnlab.plotting.grid import LABEL_GAP, LABEL_SIZE, MOST_PRINTED, NAME_SIZE, PanelText
from attnlab.plotting.layout import Box, Page, arrange
from attnlab.plotting.lettering import text_style, text_width
from attnlab.plotting.panel import Panel
from attnlab.plotting.scale import ATTENTION, Scale

_LEGEND = "outlined: words that the gold alignment links"
_NUMBER_SIZE = 6.5
_GRID_FROM = 4.0  # points: in smaller cells white lines between them would pale their colours
_NAME_GAP, _NAME_ROOM = 16.5, 27.5  # from the colour bar's numbers to its name's middle, and end
_OUTLINE, _HALO = 1.5, 3.4  # widths: a gold cell's outline, and the white that sets it off


def draw_heatmaps(
    panels: Sequence[Panel],
    *,
    scale: Scale = ATTENTION,
    heading: str = "",
    caption: str = "",
    note: str = "",
    columns: int | Sequence[int] | None = None,
    print_weights: bool = False,
    repeat_labels: bool = True,
) -> Figure:
    """The panels in a grid, filled row by row, with one colour bar.

    Args:
        panels: At least one; sizes may differ.
        scale: From numbers to colours.
        heading: Stands over the whole figure, broken into lines where it is long.
        caption: One line under the heading that is never broken, so that what is below it stands
            in the same place whatever the caption says.
        note: Small print under the panels.
        columns: Panels in a row of the grid, as the number of heads, or in each of its rows in
            turn; chosen by shape if None.
        print_weights: Write the numbers into the cells of panels of at most 12 by 12 words, of
            attention those of at least 0.05; larger panels show colours alone.
        repeat_labels: Write labels beside each panel; or else only where those of the panel to the
            left, or above, are others.

    Returns:
        A figure that no global state of matplotlib holds. Its first axes are the panels, in their
        order, and its last the colour bar. In each, cell (row, column) is the unit square that
        starts at x = column, y = row, so that further marks can be drawn over it.

    Raises:
        ValueError: No panels, fewer than one column, or rows that do not hold the panels.
    """
    if not panels:
        raise ValueError("a figure needs at least one attention panel")
    rows = _rows(len(panels), columns)
    printed = [
        panel.numbers() if print_weights and max(panel.values.shape) <= MOST_PRINTED else {}
        for panel in panels
    ]
    texts = [
        PanelText(
            title=panel.title,
            queries=panel.row_texts,
            keys=panel.column_texts,
            corner=panel.corner,
            number_width=max((text_width(n, _NUMBER_SIZE) for n in numbers.values()), default=0.0),
        )
        for panel, numbers in zip(panels, printed, strict=True)
    ]
    bar_numbers = max(text_width(text, NAME_SIZE) for _, text in scale.ticks())
    page = arrange(
        texts,
        heading=heading,
        caption=caption,
        legend=_LEGEND if any(panel.gold for panel in panels) else "",
        note=note,
        rows=rows,
        bar_text=bar_numbers + _NAME_ROOM,
        repeat_labels=repeat_labels,
    )
    figure = Figure(figsize=(page.width / 72, page.height / 72), facecolor="white")
    for panel, text, numbers, matrix in zip(panels, texts, printed, page.matrices, strict=True):
        axes = _add_axes(figure, page, matrix.box)
        cell = matrix.box.width / len(text.keys)
        _draw_cells(axes, panel.values, scale, cell)
        _outline(axes, panel.gold, cell)
        if matrix.shows_queries:
            _label_queries(axes, text.queries)
        if matrix.shows_keys:
            _label_keys(axes, text.keys, slanted=page.slanted_keys)
        if matrix.shows_queries and matrix.shows_keys:
            _name_axes(axes, text.corner, max(0.0, _MIDDLE - cell / 2))
        _print_numbers(axes, panel.values, numbers, scale)
    _draw_colour_bar(_add_axes(figure, page, page.colour_bar), scale, bar_numbers)
    if page.swatch is not None:
        _explain_outlines(figure, page, page.swatch)
    for line in page.lines:
        figure.text(
            line.left / page.width,
            1 - line.baseline / page.height,
            line.text,
            color=INK if line.bold else QUIET_INK,
            va="baseline",
            **text_style(line.text, line.size, bold=line.bold),
        )
    return figure


def _rows(panels: int, columns: int | Sequence[int] | None) -> list[int] | None:
    """How many panels stand in each row of the grid."""
    if columns is None:
        return None
    if isinstance(columns, int):
        if columns < 1:
            raise ValueError(f"a grid needs at least one column, got {columns}")
        return [min(columns, panels - start) for start in range(0, panels, columns)]
    if min(columns, default=0) < 1 or sum(columns) != panels:
        raise ValueError(f"rows of {list(columns)} panels do not hold {panels} of them")
    return list(columns)


def _add_axes(figure: Figure, page: Page, box: Box) -> Axes:
    return figure.add_axes(
        (
            box.left / page.width,
            1 - box.bottom / page.height,
            box.width / page.width,
            box.height / page.height,
        )
    )


def _draw_cells(axes: Axes, values: NDArray[np.floating], scale: Scale, cell: float) -> None:
    rows, columns = values.shape
    numbers = np.ma.masked_invalid(np.asarray(values, dtype=np.float64))
    colours: dict[str, Any] = {"cmap": scale.colours, "vmin": scale.lowest, "vmax": scale.highest}
    if cell >= _GRID_FROM:
        axes.pcolormesh(numbers, edgecolors="white", linewidth=0.5, **colours)
    else:
        axes.imshow(numbers, extent=(0, columns, rows, 0), aspect="auto", **colours)
    axes.set(xlim=(0, columns), ylim=(rows, 0), xticks=[], yticks=[], facecolor="white")
    axes.spines[:].set(color=FRAME, linewidth=0.6)


def _outline(axes: Axes, cells: frozenset[tuple[int, int]], cell_size: float) -> None:
    """Frame these `cells` (row, column) from within; `cell_size` is in points."""
    if not cells:
        return
    outline = min(_OUTLINE, 0.07 * cell_size)  # the colour within is to be seen in a small cell
    halo = _HALO / _OUTLINE * outline
    inset = (halo / 2 - 0.3) / cell_size  # over the cell's own edge, so that none of it is left
    side = 1 - 2 * inset
    frames = [Rectangle((column + inset, row + inset), side, side) for row, column in sorted(cells)]
    for colour, width in (("white", halo), (GOLD, outline)):
        axes.add_collection(
            PatchCollection(frames, facecolor="none", edgecolor=colour, linewidth=width)
        )


def _explain_outlines(figure: Figure, page: Page, swatch: Box) -> None:
    """A framed cell in the legend."""
    figure.add_artist(
        Rectangle(
            (swatch.left / page.width, 1 - swatch.bottom / page.height),
            swatch.width / page.width,
            swatch.height / page.height,
            transform=figure.transFigure,
            facecolor=attention_colours()(0.0),
            edgecolor=GOLD,
            linewidth=_OUTLINE,
        )
    )


_MIDDLE = 0.27 * LABEL_SIZE  # half the height of an "x": where the eye puts a line's middle


def _label_queries(axes: Axes, queries: Sequence[str]) -> None:
    for row, query in enumerate(queries):
        if query:
            _write(axes, query, (0, row + 0.5), (-LABEL_GAP, -_MIDDLE), ha="right")


def _label_keys(axes: Axes, keys: Sequence[str], *, slanted: bool) -> None:
    for column, key in enumerate(keys):
        if not key:
            continue
        place = (column + 0.5, 0)
        if slanted:
            shift = (_MIDDLE * 0.7, LABEL_GAP)
            _write(axes, key, place, shift, ha="left", rotation=45, rotation_mode="anchor")
        else:
            _write(axes, key, place, (0, LABEL_GAP), ha="center")


def _name_axes(axes: Axes, corner: tuple[str, str], raised: float) -> None:
    """What keys and queries are, in the corner between them, `raised` over the first label."""
    for line, name in enumerate(reversed(corner)):
        above = (-LABEL_GAP, LABEL_GAP + raised + line * 1.3 * NAME_SIZE)
        _write(axes, name, (0, 0), above, size=NAME_SIZE, ha="right", color=QUIET_INK)


def _write(
    axes: Axes,
    text: str,
    place: tuple[float, float],
    shift: tuple[float, float],
    *,
    size: float = LABEL_SIZE,
    color: str = INK,
    **style: Any,
) -> None:
    """Write at `place` in cells, moved by `shift` in points."""
    axes.annotate(
        text,
        place,
        xytext=shift,
        textcoords="offset points",
        va="baseline",
        color=color,
        annotation_clip=False,
        **text_style(text, size),
        **style,
    )


def _print_numbers(
    axes: Axes,
    values: NDArray[np.floating],
    numbers: Mapping[tuple[int, int], str],
    scale: Scale,
) -> None:
    for (row, column), number in numbers.items():
        axes.text(
            column + 0.5,
            row + 0.5,
            number,
            color="white" if scale.is_dark(values[row, column]) else INK,
            ha="center",
            va="center_baseline",
            **text_style(number, _NUMBER_SIZE),
        )


def _draw_colour_bar(axes: Axes, scale: Scale, numbers_width: float) -> None:
    steps = np.linspace(scale.lowest, scale.highest, 257)
    axes.pcolormesh(
        [0, 1],
        steps,
        (steps[:-1, np.newaxis] + steps[1:, np.newaxis]) / 2,
        cmap=scale.colours,
        vmin=scale.lowest,
        vmax=scale.highest,
        rasterized=True,  # else viewers of SVG and PDF show hairlines between the steps
    )
    axes.set(xlim=(0, 1), ylim=(scale.lowest, scale.highest), xticks=[], yticks=[])
    axes.spines[:].set(color=FRAME, linewidth=0.6)
    for place, text in scale.ticks():
        shift = (4.0, -0.27 * NAME_SIZE)
        _write(axes, text, (1, place), shift, size=NAME_SIZE, ha="left")
    middle, shift = (scale.lowest + scale.highest) / 2, (numbers_width + _NAME_GAP, 0.0)
    _write(axes, scale.name, (1, middle), shift, ha="center", rotation=90, rotation_mode="anchor")
