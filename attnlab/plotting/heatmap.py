"""Heatmaps of who looked where. Knows arrays and strings, no model, no vocabulary, no file.

The figure is as large as its words need: labels have one size, cells are square and equal, and
every panel of a figure shares one scale of colours from 0 to 1.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from numpy.typing import NDArray

from attnlab.plotting.colours import FRAME, INK, QUIET_INK, attention_colours
from attnlab.plotting.layout import (
    LABEL_GAP,
    LABEL_SIZE,
    MOST_PRINTED,
    NAME_SIZE,
    Box,
    Page,
    PanelText,
    arrange,
)
from attnlab.plotting.lettering import text_style, visible_label

LEAST_PRINTED = 0.05
"""Smaller weights are not printed into their cells: the colour says it all."""

_NUMBER_SIZE = 6.5
_DARK_FROM = 0.5  # white is easier to read than ink on heavier weights
_ROUNDING = 1e-3  # half-precision weights may exceed 1 by this much


@dataclass(kw_only=True)
class AttentionPanel:
    """One attention map: who (a row) looked where (the columns).

    Attributes:
        title: What is seen, as "decoder · layer 2 · cross · head 3".
        weights: Shape (queries, keys), each from 0 to 1; a row sums to 1, or to 0 where a query
            could see nothing.
        queries: Row labels from the top, such as the words of a translation.
        keys: Column labels from the left, such as the words of a source sentence.
        query_name: What the rows are, as "translation".
        key_name: What the columns are, as "source".

    Raises:
        ValueError: Weights that do not fit the labels, that are empty, not finite, or outside 0..1.
    """

    title: str
    weights: NDArray[np.floating]
    queries: list[str]
    keys: list[str]
    query_name: str
    key_name: str

    def __post_init__(self) -> None:
        where = f"attention panel '{self.title}'"
        expected = (len(self.queries), len(self.keys))
        if self.weights.shape != expected:
            raise ValueError(
                f"{where}: weights of shape {self.weights.shape} "
                f"for {expected[0]} queries and {expected[1]} keys"
            )
        if 0 in expected:
            raise ValueError(f"{where}: needs a query and a key at least, has {expected}")
        if not np.isfinite(self.weights).all():
            row, column = np.argwhere(~np.isfinite(self.weights))[0]
            raise ValueError(
                f"{where}: the weight of query {row} ('{self.queries[row]}') on key {column} "
                f"('{self.keys[column]}') is {self.weights[row, column]}"
            )
        if self.weights.min() < -_ROUNDING or self.weights.max() > 1 + _ROUNDING:
            raise ValueError(
                f"{where}: weights from {self.weights.min():g} to {self.weights.max():g}; "
                "they must lie between 0 and 1"
            )


def draw_heatmaps(
    panels: Sequence[AttentionPanel],
    *,
    heading: str = "",
    note: str = "",
    columns: int | None = None,
    print_weights: bool = False,
) -> Figure:
    """The panels in a grid, filled row by row, with one colour bar.

    Args:
        panels: At least one; sizes may differ.
        heading: Stands over the whole figure, broken into lines where it is long.
        note: Small print under the panels.
        columns: Panels in a row of the grid, as the number of heads; chosen by shape if None.
        print_weights: Write weights of at least 0.05 into the cells of panels of at most 12 by 12
            words; larger panels show colours alone.

    Returns:
        A figure that no global state of matplotlib holds. Its first axes are the panels, in their
        order, and its last the colour bar. In each, cell (row, column) is the unit square that
        starts at x = column, y = row, so that further marks can be drawn over it.

    Raises:
        ValueError: No panels, or fewer than one column.
    """
    if not panels:
        raise ValueError("a figure needs at least one attention panel")
    if columns is not None and columns < 1:
        raise ValueError(f"a grid needs at least one column, got {columns}")
    texts = [
        PanelText(
            title=panel.title,
            queries=[visible_label(token) for token in panel.queries],
            keys=[visible_label(token) for token in panel.keys],
            corner=(f"{panel.key_name} →", f"{panel.query_name} ↓"),
        )
        for panel in panels
    ]
    page = arrange(
        texts, heading=heading, note=note, columns=columns, room_for_numbers=print_weights
    )
    figure = Figure(figsize=(page.width / 72, page.height / 72), facecolor="white")
    for panel, text, matrix in zip(panels, texts, page.matrices, strict=True):
        axes = _add_axes(figure, page, matrix)
        _draw_cells(axes, panel.weights)
        _label(axes, text, slanted_keys=page.slanted_keys)
        if print_weights and max(panel.weights.shape) <= MOST_PRINTED:
            _print_weights(axes, panel.weights)
    _draw_colour_bar(_add_axes(figure, page, page.colour_bar))
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


def _add_axes(figure: Figure, page: Page, box: Box) -> Axes:
    return figure.add_axes(
        (
            box.left / page.width,
            1 - box.bottom / page.height,
            box.width / page.width,
            box.height / page.height,
        )
    )


def _draw_cells(axes: Axes, weights: NDArray[np.floating]) -> None:
    rows, columns = weights.shape
    axes.pcolormesh(
        np.asarray(weights, dtype=np.float64),
        cmap=attention_colours(),
        vmin=0.0,
        vmax=1.0,
        edgecolors="white",
        linewidth=0.5,
    )
    axes.set(xlim=(0, columns), ylim=(rows, 0), xticks=[], yticks=[], facecolor="white")
    axes.spines[:].set(color=FRAME, linewidth=0.6)


def _label(axes: Axes, text: PanelText, *, slanted_keys: bool) -> None:
    """Queries at the left, keys above, and what both are in the corner between them."""
    middle = 0.27 * LABEL_SIZE  # half the height of an "x": where the eye puts a line's middle
    for row, query in enumerate(text.queries):
        _write(axes, query, (0, row + 0.5), (-LABEL_GAP, -middle), ha="right")
    for column, key in enumerate(text.keys):
        place = (column + 0.5, 0)
        if slanted_keys:
            shift = (middle * 0.7, LABEL_GAP)
            _write(axes, key, place, shift, ha="left", rotation=45, rotation_mode="anchor")
        else:
            _write(axes, key, place, (0, LABEL_GAP), ha="center")
    for line, name in enumerate(reversed(text.corner)):
        above = (-LABEL_GAP, LABEL_GAP + line * 1.3 * NAME_SIZE)
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


def _print_weights(axes: Axes, weights: NDArray[np.floating]) -> None:
    for (row, column), weight in np.ndenumerate(weights):
        if weight >= LEAST_PRINTED:
            number = f"{weight:.2f}"
            axes.text(
                column + 0.5,
                row + 0.5,
                number,
                color="white" if weight > _DARK_FROM else INK,
                ha="center",
                va="center_baseline",
                **text_style(number, _NUMBER_SIZE),
            )


def _draw_colour_bar(axes: Axes) -> None:
    steps = np.linspace(0.0, 1.0, 257)
    axes.pcolormesh(
        [0, 1],
        steps,
        (steps[:-1, np.newaxis] + steps[1:, np.newaxis]) / 2,
        cmap=attention_colours(),
        vmin=0.0,
        vmax=1.0,
        edgecolors="face",  # without it, viewers show hairlines between the steps
        linewidth=0.2,
    )
    axes.set(xlim=(0, 1), ylim=(0, 1), xticks=[], yticks=[])
    axes.spines[:].set(color=FRAME, linewidth=0.6)
    for weight in (0.0, 0.25, 0.5, 0.75, 1.0):
        shift = (4.0, -0.27 * NAME_SIZE)
        _write(axes, f"{weight:.2f}", (1, weight), shift, size=NAME_SIZE, ha="left")
    name, shift = "attention weight", (33.0, 0.0)
    _write(axes, name, (1, 0.5), shift, ha="center", rotation=90, rotation_mode="anchor")
