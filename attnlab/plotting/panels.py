"""Pages of panels: matrices in colour, and lines. Knows arrays and strings alone."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TypeAlias

import numpy as np
from matplotlib.axes import Axes
from matplotlib.cm import ScalarMappable
from matplotlib.colors import Colormap, Normalize
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator
from numpy.typing import NDArray

from attnlab.plotting.colours import (
    FRAME,
    INK,
    LINES,
    QUIET_INK,
    attention_colours,
    signed_colours,
)
from attnlab.plotting.grid import HEADING_SIZE, LABEL_SIZE, NAME_SIZE, TITLE_SIZE
from attnlab.plotting.lettering import text_style, wrapped

_WIDTH, _HEIGHT = 3.25, 2.75  # inches, of a panel with its labels
_LINE = 0.16  # inches, of a line of small print
_HEADING = 0.36
_STYLES = ("-", "--", "-.", ":")

Numbers: TypeAlias = NDArray[np.floating] | NDArray[np.integer]


@dataclass(frozen=True, kw_only=True)
class MatrixPanel:
    """Rows from the top, columns from the left; NaN is left white.

    `row_start`, `column_start`: the numbers of the first row and column. `row_names` stand beside
    the rows, and `column_names` above the columns, in place of numbers. `lowest` and `highest` are
    the ends of the scale: where the lowest is below 0, signs have different colours. `print_digits`
    of each number are written into its cell, if that is not None.
    """

    title: str
    values: Numbers
    row_label: str
    column_label: str
    lowest: float
    highest: float
    row_start: int = 0
    column_start: int = 0
    row_names: Sequence[str] | None = None
    column_names: Sequence[str] | None = None
    colour_bar: bool = True
    print_digits: int | None = None


@dataclass(frozen=True, kw_only=True)
class LinesPanel:
    """Lines by name, each of its x and its y.

    `ordered`: the lines are steps of something, from light to dark. `legend`: what is over the
    lines' names; none are written where it is None. `dots`: on the lines. `square`: both axes have
    one scale. `steps`: y holds until the next x.
    """

    title: str
    lines: Mapping[str, tuple[Numbers, Numbers]]
    x_label: str
    y_label: str
    legend: str | None = ""
    ordered: bool = False
    dots: bool = False
    steps: bool = False
    square: bool = False
    log_x: bool = False
    log_y: bool = False
    y_limits: tuple[float, float] | None = None
    whole_x: bool = field(default=True)


Panel: TypeAlias = MatrixPanel | LinesPanel


def draw_panels(rows: Sequence[Sequence[Panel]], *, heading: str, note: str = "") -> Figure:
    """The panels in rows from the top, under a `heading` and over a `note` in small print.

    Raises:
        ValueError: there are no panels.
    """
    columns = max((len(row) for row in rows), default=0)
    if not columns:
        raise ValueError("a page needs at least one panel")
    width = columns * _WIDTH
    lines = wrapped(note, 72 * width - 20, NAME_SIZE)
    foot = _LINE * len(lines) + (0.08 if lines else 0.0)
    height = len(rows) * _HEIGHT + _HEADING + foot
    figure = Figure(figsize=(width, height), facecolor="white", layout="constrained")
    engine = figure.get_layout_engine()
    assert engine is not None
    engine.set(
        rect=(0, foot / height, 1, 1 - (foot + _HEADING) / height),
        w_pad=0.08,
        h_pad=0.08,
        hspace=0.03,
        wspace=0.03,
    )
    grid = figure.add_gridspec(len(rows), columns)
    for y, row in enumerate(rows):
        for x, panel in enumerate(row):
            axes = figure.add_subplot(grid[y, x])
            _finish(axes, panel)
            if isinstance(panel, MatrixPanel):
                _draw_matrix(figure, axes, panel)
            else:
                _draw_lines(axes, panel)
    left = 10 / (72 * width)
    figure.text(
        left,
        1 - 0.1 / height,
        heading,
        va="top",
        color=INK,
        **text_style(heading, HEADING_SIZE, bold=True),
    )
    for number, line in enumerate(reversed(lines)):
        baseline = (0.08 + _LINE * number) / height
        figure.text(left, baseline, line, color=QUIET_INK, **text_style(line, NAME_SIZE))
    return figure


def _finish(axes: Axes, panel: Panel) -> None:
    axes.set_title(
        panel.title, loc="left", color=INK, **text_style(panel.title, TITLE_SIZE, bold=True)
    )
    axes.tick_params(colors=QUIET_INK, labelsize=NAME_SIZE, which="both", width=0.6)
    axes.spines[:].set(color=FRAME, linewidth=0.6)


def _name_axes(axes: Axes, x: str, y: str) -> None:
    axes.set_xlabel(x, color=QUIET_INK, **text_style(x, LABEL_SIZE))
    axes.set_ylabel(y, color=QUIET_INK, **text_style(y, LABEL_SIZE))


def _draw_matrix(figure: Figure, axes: Axes, panel: MatrixPanel) -> None:
    values = np.asarray(panel.values, dtype=float)
    rows, columns = values.shape
    colours: Colormap = signed_colours() if panel.lowest < 0 else attention_colours()
    bound = max(abs(panel.lowest), abs(panel.highest))
    scale = Normalize(-bound if panel.lowest < 0 else 0.0, bound or 1.0)
    top, left = panel.row_start - 0.5, panel.column_start - 0.5
    axes.imshow(
        values,
        cmap=colours,
        norm=scale,
        aspect="auto",
        interpolation="nearest",
        extent=(left, left + columns, top + rows, top),
    )
    _name_axes(axes, panel.column_label, panel.row_label)
    for axis, names, start in (
        (axes.yaxis, panel.row_names, panel.row_start),
        (axes.xaxis, panel.column_names, panel.column_start),
    ):
        if names is None:
            axis.set_major_locator(MaxNLocator(8, integer=True, min_n_ticks=1))
        else:
            axis.set_ticks(range(start, start + len(names)), list(names))
            axis.set_tick_params(length=0)
    if panel.print_digits is not None:
        for (row, column), value in np.ndenumerate(values):
            text = f"{value:.{panel.print_digits}f}"
            dark = abs(value) > 0.55 * bound
            axes.text(
                left + column + 0.5,
                top + row + 0.5,
                text,
                ha="center",
                va="center",
                color="white" if dark else INK,
                **text_style(text, NAME_SIZE),
            )
    if panel.colour_bar:
        bar = figure.colorbar(ScalarMappable(scale, colours), ax=axes, pad=0.02, aspect=28)
        bar.ax.set_ylim(panel.lowest, panel.highest or 1.0)
        bar.ax.tick_params(colors=QUIET_INK, labelsize=NAME_SIZE, width=0.6)
        bar.outline.set(edgecolor=FRAME, linewidth=0.6)


def _draw_lines(axes: Axes, panel: LinesPanel) -> None:
    for number, (name, (x, y)) in enumerate(panel.lines.items()):
        if panel.ordered:
            colour = attention_colours()(0.3 + 0.7 * (number + 1) / len(panel.lines))
            style = "-"
        else:
            colour, style = LINES[number % len(LINES)], _STYLES[number % len(_STYLES)]
        axes.plot(
            x,
            y,
            color=colour,
            linestyle=style,
            linewidth=1.4,
            marker="o" if panel.dots else None,
            markersize=3.5,
            drawstyle="steps-post" if panel.steps else "default",
            label=name,
        )
    if panel.log_x:
        axes.set_xscale("log", base=2)
    elif panel.whole_x:
        axes.xaxis.set_major_locator(MaxNLocator(8, integer=True, min_n_ticks=1))
    if panel.log_y:
        axes.set_yscale("log")
    if panel.y_limits is not None:
        axes.set_ylim(*panel.y_limits)
    if panel.square:
        axes.set_aspect("equal", adjustable="datalim")
    _name_axes(axes, panel.x_label, panel.y_label)
    axes.spines[["top", "right"]].set_visible(False)
    axes.grid(visible=True, color=FRAME, alpha=0.4, linewidth=0.5)
    axes.set_axisbelow(True)
    if panel.legend is not None:
        legend = axes.legend(
            title=panel.legend or None,
            prop={"family": "DejaVu Sans", "size": NAME_SIZE - 0.5},
            title_fontproperties={"family": "DejaVu Sans", "size": NAME_SIZE - 0.5},
            labelcolor=INK,
            framealpha=0.85,
            edgecolor="none",
            handlelength=1.8,
            labelspacing=0.3,
            borderpad=0.3,
        )
        legend.get_title().set_color(QUIET_INK)
