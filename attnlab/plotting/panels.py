"""Pages of panels: curves, matrices or anything drawn on axes, with titles, labels and legends."""

import math
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import chain
from typing import Any, Literal, TypeAlias

import numpy as np
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.axis import Axis
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, Locator, MaxNLocator, NullFormatter, NullLocator
from numpy.typing import NDArray

from attnlab.plotting.colours import (
    FRAME,
    INK,
    NAN_GREY,
    QUIET_INK,
    VERMILION,
    Scale,
    attention_colours,
)
from attnlab.plotting.page import MARGIN, Box, Frame, Grid, Page, colour_bar_room
from attnlab.plotting.text import (
    HEADING_SIZE,
    LABEL_SIZE,
    NAME_SIZE,
    TITLE_SIZE,
    text_style,
    text_width,
)

Numbers: TypeAlias = NDArray[np.floating] | NDArray[np.integer]
Legend: TypeAlias = Literal["beside", "row", "page"]
"""Where names of lines stand: beside each panel, above each row, or above all panels."""

LINES: tuple[dict[str, Any], ...] = (
    {"color": "#1f5a94", "linestyle": "-"},
    {"color": VERMILION, "linestyle": (0, (5, 1.5))},
    {"color": "#009e73", "linestyle": (0, (6, 1.5, 1.2, 1.5))},
    {"color": "#cc79a7", "linestyle": (0, (2.2, 1.2))},
    {"color": "#7a7f87", "linestyle": (0, (1, 1.2))},
    {"color": "#56b4e9", "linestyle": (0, (8, 2))},
    {"color": "#e69f00", "linestyle": (0, (4, 1, 1, 1, 1, 1))},
    {"color": "#7b3fa0", "linestyle": (0, (10, 2, 2, 2))},
    {"color": "#8c5a2b", "linestyle": (0, (3, 3))},
    {"color": "#6b7a00", "linestyle": (0, (1, 2.5))},
)
"""Styles of lines on the same axes: the scale's blue, colours of Okabe & Ito 2008, three more."""

_BAND = 0.18  # opacity
_FEWEST_TICKS, _MOST_TICKS = 4, 8
_TICK_STEPS: tuple[tuple[float, ...], ...] = ((1,), (1, 3), (1, 2, 5), (1, 1.5, 2, 3, 4, 6, 8))
"""Multiples of a power of ten that get a tick, from the coarsest set to the finest."""

_SUPERSCRIPTS = str.maketrans("0123456789-", "⁰¹²³⁴⁵⁶⁷⁸⁹⁻")

# Lengths in points.
_GAP = (14.0, 14.0)
_BAR_GAP, _BAR_WIDTH = 5.0, 6.5
_SAMPLE, _SAMPLE_GAP, _LEGEND_GAP, _COLUMN_GAP = 19.0, 4.0, 6.0, 12.0
_LEGEND_LINE = 1.55 * NAME_SIZE


@dataclass(frozen=True, kw_only=True)
class Panel(ABC):
    """One pair of axes on a page; `size` is their width and height in points.

    `legend`: heading of the names of lines, which are those that `draw` gives as `label`.
    """

    title: str = ""
    x_label: str = ""
    y_label: str = ""
    legend: str = ""
    size: tuple[float, float] = (166.0, 151.0)

    @abstractmethod
    def draw(self, axes: Axes) -> None:
        """Draw the data."""

    @property
    def colour_bar(self) -> tuple[Scale, tuple[float, float]] | None:
        """A colour scale and the part of it that a colour bar at the right shows."""
        return None


@dataclass(frozen=True, kw_only=True)
class Drawing(Panel):
    """Whatever `paint` draws."""

    paint: Callable[[Axes], object]

    def draw(self, axes: Axes) -> None:
        """Call `paint`."""
        self.paint(axes)


@dataclass(frozen=True, kw_only=True)
class MatrixPanel(Panel):
    """A matrix with rows from the top and columns from the left; cells that are NaN are grey.

    `row_start`, `column_start`: the indices of the first row and column, where there are no
    `row_names` or `column_names`. `lowest` and `highest` are the ends of the colour scale, which is
    signed where `lowest` is negative. `print_numbers`: print whole numbers into the cells instead
    of a colour bar.
    """

    values: Numbers
    lowest: float
    highest: float
    row_start: int = 0
    column_start: int = 0
    row_names: Sequence[str] | None = None
    column_names: Sequence[str] | None = None
    print_numbers: bool = False

    @property
    def scale(self) -> Scale:
        """A scale that has 0 at its start, or in its middle."""
        bound = max(abs(self.lowest), abs(self.highest)) or 1.0
        signed = self.lowest < 0
        return Scale(lowest=-bound if signed else 0.0, highest=bound, signed=signed)

    @property
    def colour_bar(self) -> tuple[Scale, tuple[float, float]] | None:
        """The scale from `lowest` to `highest`."""
        scale = self.scale
        if self.print_numbers:
            return None
        is_range = self.lowest < self.highest
        return scale, (self.lowest, self.highest) if is_range else (scale.lowest, scale.highest)

    def draw(self, axes: Axes) -> None:
        """Draw cells, and indices or names beside them."""
        values = np.asarray(self.values, dtype=np.float64)
        rows, columns = values.shape
        top, left, scale = self.row_start - 0.5, self.column_start - 0.5, self.scale
        axes.spines[:].set_visible(True)
        axes.set_facecolor(NAN_GREY)
        axes.imshow(
            np.ma.masked_invalid(values),
            cmap=scale.colours,
            vmin=scale.lowest,
            vmax=scale.highest,
            aspect="auto",
            interpolation="nearest",
            extent=(left, left + columns, top + rows, top),
        )
        for axis, names in ((axes.yaxis, self.row_names), (axes.xaxis, self.column_names)):
            if names is None:
                axis.set_major_locator(MaxNLocator(8, integer=True, min_n_ticks=1))
            else:
                axis.set_ticks(range(len(names)), list(names))
                axis.set_tick_params(length=0)
        for (row, column), value in np.ndenumerate(values) if self.print_numbers else ():
            text = f"{value:.0f}"
            colour = "white" if scale.is_dark(value) else INK
            style = text_style(text, LABEL_SIZE)
            axes.text(column, row, text, ha="center", va="center", color=colour, **style)


@dataclass(frozen=True, kw_only=True)
class LinesPanel(Panel):
    """Lines by name, each of its x and its y; a single line is not named.

    `bands`: the lowest and highest y at each x around the line of that name. `ordered`: the lines
    are steps of a quantity, from light to dark. `dots`: markers on the lines. `stairs`: y holds
    around each x. `square`: both axes have one scale. `x_names`: labels of x = 0, 1, 2 and so on.
    """

    lines: Mapping[str, tuple[Numbers, Numbers]]
    bands: Mapping[str, tuple[Numbers, Numbers]] = field(default_factory=dict)
    ordered: bool = False
    dots: bool = False
    stairs: bool = False
    square: bool = False
    log_x: bool = False
    log_y: bool = False
    y_limits: tuple[float, float] | None = None
    x_names: Sequence[str] | None = None

    def draw(self, axes: Axes) -> None:
        """Draw the lines over a grid."""
        for number, (name, (x, y)) in enumerate(self.lines.items()):
            style: dict[str, Any] = LINES[number % len(LINES)]
            if self.ordered:
                style = {"color": attention_colours()(0.25 + 0.75 * (number + 1) / len(self.lines))}
            axes.plot(
                x,
                y,
                **style,
                linewidth=1.3 + 0.9 * (number // len(LINES)),  # thicker, where styles come again
                marker="o" if self.dots else None,
                markersize=3.2,
                drawstyle="steps-mid" if self.stairs else "default",
                label=name if len(self.lines) > 1 else None,
            )
            if name in self.bands:
                colour = style["color"]
                axes.fill_between(x, *self.bands[name], color=colour, alpha=_BAND, linewidth=0)
        axes.xaxis.set_major_locator(
            MaxNLocator(7, steps=[1, 2, 5, 10], integer=not self.square, min_n_ticks=1)
        )
        if self.x_names is not None:
            axes.xaxis.set_ticks(range(len(self.x_names)), list(self.x_names))
        if self.log_x:
            axes.set_xscale("log", base=2)
            axes.xaxis.set_major_formatter(FuncFormatter(lambda x, _: f"{x:g}"))
        if self.log_y:
            axes.set_yscale("log")
            log_ticks(axes.yaxis)
        if self.y_limits is not None:
            axes.set_ylim(*self.y_limits)
        if self.square:
            axes.set_aspect("equal", adjustable="datalim")
        axes.grid(visible=True, color=FRAME, alpha=0.4, linewidth=0.5)


def draw_panels(
    rows: Sequence[Sequence[Panel]],
    *,
    heading: str = "",
    note: str = "",
    legend: Legend = "beside",
    shared: bool = False,
) -> Figure:
    """Draw the panels in rows from the top, under a `heading` and over a `note` in small print.

    `shared`: all panels have the same limits, and only the outer ones have labels.

    Raises:
        ValueError: there are no panels.
    """
    if not any(rows):
        raise ValueError("a page needs at least one panel")
    page = Page()
    drawn: list[list[Axes]] = []
    frames: list[list[Frame]] = []
    for number, row in enumerate(rows):
        below = rows[number + 1 :] if shared else ()
        drawn.append([])
        frames.append([])
        for column, panel in enumerate(row):
            x_label = "" if any(column < len(other) for other in below) else panel.x_label
            y_label = "" if shared and column else panel.y_label
            box = Box(left=0.0, top=0.0, width=panel.size[0], height=panel.size[1])
            axes = page.axes(box, share=drawn[0][0] if shared and frames[0] else None)
            _style_axes(axes, x=x_label, y=y_label, title=panel.title)
            panel.draw(axes)
            if shared:
                axes.tick_params(labelbottom=bool(x_label), labelleft=bool(y_label))
            if legend == "beside":
                _add_legend(axes, [axes], 1, panel.legend, (1 + _LEGEND_GAP / panel.size[0], 1.0))
            drawn[-1].append(axes)
            frames[-1].append(_frame(page, panel, axes))
    right = max(Grid(frames, gap=_GAP).right, MARGIN + text_width(heading, HEADING_SIZE, bold=True))
    top = page.paragraph(heading, MARGIN, math.inf, HEADING_SIZE, bold=True)
    named: list[list[Axes]] = [[] for _ in drawn]  # whose lines are named above each row
    if legend == "row":
        named = drawn
    elif legend == "page":
        named[0] = list(chain(*drawn))
    for row_frames, row_axes in zip(frames, named, strict=True):
        _, lines = _legend_shape(_names(row_axes), right - MARGIN)
        for frame in row_frames:
            frame.above += (lines + 0.5) * _LEGEND_LINE if lines else 0.0
    grid = Grid(frames, top=top + 8, gap=_GAP)
    for row_axes, row_top in zip(named, grid.row_tops, strict=True):
        columns, _ = _legend_shape(_names(row_axes), right - MARGIN)
        place = {"bbox_transform": page.points}
        _add_legend(page.figure, row_axes, columns, "", (MARGIN, -row_top - 4), **place)
    for panel, axes, box in zip(chain(*rows), chain(*drawn), chain(*grid.boxes), strict=True):
        page.place(axes, box)
        if panel.colour_bar is not None:
            bar = replace(box, left=box.right + _BAR_GAP, width=_BAR_WIDTH)
            page.colour_bar(bar, panel.colour_bar[0], ends=panel.colour_bar[1])
    page.reserve(right, grid.bottom)
    page.paragraph(note, grid.bottom + 6, page.right - MARGIN, NAME_SIZE)
    return page.finish()


def _style_axes(axes: Axes, *, x: str, y: str, title: str) -> None:
    """Title and label axes, and draw everything but the data in grey."""
    axes.set_xlabel(x, color=QUIET_INK, labelpad=3, **text_style(x, LABEL_SIZE))
    axes.set_ylabel(y, color=QUIET_INK, labelpad=3, **text_style(y, LABEL_SIZE))
    axes.set_title(title, loc="left", color=INK, **text_style(title, TITLE_SIZE, bold=True))
    axes.tick_params(colors=QUIET_INK, labelsize=NAME_SIZE, which="both", width=0.6, pad=2.5)
    axes.spines[["top", "right"]].set_visible(False)
    axes.spines[:].set(color=FRAME, linewidth=0.6)
    axes.set_axisbelow(True)


def _frame(page: Page, panel: Panel, axes: Axes) -> Frame:
    """The axes with room for all that stands around them."""
    left, right, above, below = page.margins(axes)
    if panel.colour_bar is not None:
        right = max(right, _BAR_GAP + _BAR_WIDTH + colour_bar_room(*panel.colour_bar))
    width, height = panel.size
    return Frame(width=width, height=height, left=left, right=right, above=above, below=below)


def _names(axes: Iterable[Axes]) -> dict[str, Artist]:
    """Names of lines with what they are drawn by, once each."""
    found: dict[str, Artist] = {}
    for each in axes:
        for handle, name in zip(*each.get_legend_handles_labels(), strict=True):
            found.setdefault(name, handle)
    return found


def _legend_shape(names: Iterable[str], width: float) -> tuple[int, int]:
    """Columns and lines of a legend of that width, with one column at least."""
    widths = [_SAMPLE + _SAMPLE_GAP + text_width(name, NAME_SIZE) + _COLUMN_GAP for name in names]
    if not widths:
        return 1, 0
    columns = len(widths) if sum(widths) <= width else max(1, int(width // max(widths)))
    return columns, -(-len(widths) // columns)


def _add_legend(
    parent: Axes | Figure,
    axes: Iterable[Axes],
    columns: int,
    title: str,
    place: tuple[float, float],
    **options: Any,
) -> None:
    """Write the names of all lines of `axes` with the upper left corner at `place`."""
    names = _names(axes)
    if not names:
        return
    legend = parent.legend(
        list(names.values()),
        list(names),
        title=title or None,
        loc="upper left",
        bbox_to_anchor=place,
        ncols=columns,
        alignment="left",
        labelcolor=INK,
        frameon=False,
        fontsize=NAME_SIZE,  # unit of the lengths below
        handlelength=_SAMPLE / NAME_SIZE,
        handletextpad=_SAMPLE_GAP / NAME_SIZE,
        columnspacing=_COLUMN_GAP / NAME_SIZE,
        labelspacing=0.35,
        borderpad=0.0,
        borderaxespad=0.0,
        **options,
    )
    for text in (legend.get_title(), *legend.get_texts()):
        text.set(**text_style(text.get_text(), NAME_SIZE))
    legend.get_title().set_color(QUIET_INK)


def log_ticks(axis: Axis) -> None:
    """Give a logarithmic axis plain numbers at four to eight places, if the range allows it."""
    axis.set_major_locator(_LogTicks())
    axis.set_major_formatter(FuncFormatter(lambda value, _: plain_number(value)))
    axis.set_minor_locator(NullLocator())
    axis.set_minor_formatter(NullFormatter())


def log_places(lowest: float, highest: float) -> list[float]:
    """Positions of ticks on a logarithmic axis between two numbers above 0."""
    decades = range(math.floor(math.log10(lowest)), math.ceil(math.log10(highest)) + 1)
    for steps in _TICK_STEPS:
        every = [float(f"{step}e{decade}") for decade in decades for step in steps]
        within = [place for place in every if _within(place, lowest, highest)]
        if len(within) >= _FEWEST_TICKS:
            return within[:: math.ceil(len(within) / _MOST_TICKS)]
    even = MaxNLocator(_MOST_TICKS).tick_values(lowest, highest)
    return [float(place) for place in even if _within(place, lowest, highest)]


def plain_number(value: float) -> str:
    """The number without E notation: 0.002, 20,000, 3×10⁻⁷."""
    if value == 0 or 1e-4 <= value < 1e6:
        return f"{value:,.10g}"
    digits, exponent = f"{value:.10e}".split("e")
    power = f"10{int(exponent)}".translate(_SUPERSCRIPTS).replace("¹⁰", "10", 1)
    return power if float(digits) == 1 else f"{float(digits):g}×{power}"


def _within(place: float, lowest: float, highest: float) -> bool:
    return lowest * (1 - 1e-9) <= place <= highest * (1 + 1e-9)


class _LogTicks(Locator):
    def __call__(self) -> list[float]:
        assert self.axis is not None
        return self.tick_values(*self.axis.get_view_interval())

    def tick_values(self, vmin: float, vmax: float) -> list[float]:
        lowest, highest = sorted((vmin, vmax))
        return log_places(lowest, highest) if lowest > 0 else []
