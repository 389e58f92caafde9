"""One panel into its axes. Knows no page."""

import numpy as np
from matplotlib.axes import Axes
from matplotlib.cm import ScalarMappable
from matplotlib.colors import Normalize
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import FuncFormatter, MaxNLocator
from numpy.typing import NDArray

from attnlab.plotting.axes import LINES, letter, quiet
from attnlab.plotting.colours import (
    FRAME,
    INK,
    NOTHING,
    QUIET_INK,
    attention_colours,
    signed_colours,
)
from attnlab.plotting.grid import LABEL_SIZE, NAME_SIZE
from attnlab.plotting.lettering import text_style
from attnlab.plotting.log_axes import log_ticks
from attnlab.plotting.panels.kinds import LinesPanel, MatrixPanel
from attnlab.plotting.panels.room import BAR, BAR_GAP, LABEL, NUMBERS, SAMPLE, Box, add_axes


def _label_rows(figure: Figure, box: Box, label: str) -> None:
    """Upright beside the numbers, in the same place in every panel."""
    width, height = figure.get_size_inches()
    left, top, _, tall = box
    figure.text(
        (left - NUMBERS - LABEL / 2) / width,
        1 - (top + tall / 2) / height,
        label,
        rotation=90,
        ha="center",
        va="center",
        color=QUIET_INK,
        **text_style(label, LABEL_SIZE),
    )


def draw_matrix(figure: Figure, axes: Axes, box: Box, panel: MatrixPanel) -> None:
    """Cells, numbers or names beside them, and the colour bar."""
    values = np.asarray(panel.values, dtype=np.float64)
    rows, columns = values.shape
    signed = panel.lowest < 0
    bound = max(abs(panel.lowest), abs(panel.highest)) or 1.0
    colours, scale = attention_colours(), Normalize(0.0, bound)
    if signed:
        colours, scale = signed_colours(), Normalize(-bound, bound)
    top, left = panel.row_start - 0.5, panel.column_start - 0.5
    quiet(axes, x=panel.column_label)
    axes.spines[:].set_visible(True)
    axes.set_facecolor(NOTHING)
    axes.imshow(
        np.ma.masked_invalid(values),
        cmap=colours,
        norm=scale,
        aspect="auto",
        interpolation="nearest",
        extent=(left, left + columns, top + rows, top),
    )
    for axis, names in ((axes.yaxis, panel.row_names), (axes.xaxis, panel.column_names)):
        if names is None:
            axis.set_major_locator(MaxNLocator(8, integer=True, min_n_ticks=1))
        else:
            axis.set_ticks(range(len(names)), list(names))
            axis.set_tick_params(length=0)
    if panel.row_names is None:
        _label_rows(figure, box, panel.row_label)
    if panel.print_numbers:
        _print_numbers(axes, values, bound)
        return
    bar_box = (box[0] + box[2] + BAR_GAP, box[1], BAR, box[3])
    bar = figure.colorbar(ScalarMappable(scale, colours), cax=add_axes(figure, bar_box))
    if panel.lowest < panel.highest:
        bar.ax.set_ylim(panel.lowest, panel.highest)
    bar.ax.tick_params(colors=QUIET_INK, labelsize=NAME_SIZE, width=0.6, pad=2.5)
    bar.outline.set(edgecolor=FRAME, linewidth=0.6)


def _print_numbers(axes: Axes, values: NDArray[np.float64], bound: float) -> None:
    for (row, column), value in np.ndenumerate(values):
        text = f"{value:.0f}"
        colour = "white" if abs(value) > bound / 2 else INK
        axes.text(
            column,
            row,
            text,
            ha="center",
            va="center",
            color=colour,
            **text_style(text, LABEL_SIZE),
        )


def draw_lines(figure: Figure, axes: Axes, box: Box, panel: LinesPanel) -> None:
    """Lines, and their names beside the axes where there are several."""
    drawn: list[Line2D] = []
    for number, (name, (x, y)) in enumerate(panel.lines.items()):
        style = LINES[number % len(LINES)]
        if panel.ordered:
            style = {"color": attention_colours()(0.25 + 0.75 * (number + 1) / len(panel.lines))}
        drawn += axes.plot(
            x,
            y,
            **style,
            linewidth=1.3,
            marker="o" if panel.dots else None,
            markersize=3.2,
            drawstyle="steps-mid" if panel.stairs else "default",
            label=name,
        )
    quiet(axes, x=panel.x_label)
    axes.xaxis.set_major_locator(MaxNLocator(7, integer=not panel.square, min_n_ticks=1))
    if panel.log_x:
        axes.set_xscale("log", base=2)
        axes.xaxis.set_major_formatter(FuncFormatter(lambda x, _: f"{x:g}"))
    if panel.log_y:
        axes.set_yscale("log")
        log_ticks(axes.yaxis)
    if panel.y_limits is not None:
        axes.set_ylim(*panel.y_limits)
    if panel.square:
        axes.set_aspect("equal", adjustable="datalim")
    _label_rows(figure, box, panel.y_label)
    axes.grid(visible=True, color=FRAME, alpha=0.4, linewidth=0.5)
    if len(drawn) > 1:
        _name_lines(axes, drawn, panel.legend)


def _name_lines(axes: Axes, drawn: list[Line2D], over: str) -> None:
    legend = axes.legend(
        drawn,
        [str(line.get_label()) for line in drawn],
        title=over or None,
        loc="upper left",
        bbox_to_anchor=(1.02, 1.02),
        fontsize=NAME_SIZE,  # of which the measures below are shares
        alignment="left",
        labelcolor=INK,
        frameon=False,
        handlelength=SAMPLE * 72 / NAME_SIZE * 0.8,
        handletextpad=0.5,
        labelspacing=0.35,
        borderpad=0.0,
        borderaxespad=0.0,
    )
    letter(legend, NAME_SIZE)
    legend.get_title().set_color(QUIET_INK)
