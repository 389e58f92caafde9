"""Pages of panels: matrices in colour, and lines. Knows arrays and strings, not what they mean.

All lengths are inches. A panel's title, labels, colour bar and names of lines have strips of their
own around its axes, so that nothing lies over what is drawn.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
from matplotlib.axes import Axes
from matplotlib.cm import ScalarMappable
from matplotlib.colors import Normalize
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import FuncFormatter, MaxNLocator
from numpy.typing import NDArray

from attnlab.plotting.axes import LINES, quiet
from attnlab.plotting.colours import (
    FRAME,
    INK,
    NOTHING,
    QUIET_INK,
    attention_colours,
    signed_colours,
)
from attnlab.plotting.grid import HEADING_SIZE, LABEL_SIZE, NAME_SIZE, TITLE_SIZE
from attnlab.plotting.lettering import text_style, text_width, wrapped

_AXES_WIDTH, _AXES_HEIGHT = 2.3, 2.1
_TITLE, _BELOW, _GAP, _EDGE = 0.34, 0.48, 0.12, 0.14
_NUMBERS, _LABEL = 0.42, 0.2  # strips left of the axes
_BAR, _BAR_GAP, _BAR_NUMBERS = 0.09, 0.07, 0.46
_SAMPLE = 0.3  # of a line, beside its name
_HEADING, _LINE = 0.36, 0.16

Numbers: TypeAlias = NDArray[np.floating] | NDArray[np.integer]


@dataclass(frozen=True, kw_only=True)
class MatrixPanel:
    """Rows from the top, columns from the left; cells that are NaN are grey.

    `row_start`, `column_start`: the numbers of the first row and column, unless there are
    `row_names` and `column_names`. `lowest` and `highest` are the ends of the scale: where the
    lowest is below 0, the signs differ in colour. `print_numbers`: whole ones, into the cells,
    instead of a colour bar.
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
    print_numbers: bool = False


@dataclass(frozen=True, kw_only=True)
class LinesPanel:
    """Lines by name, each of its x and its y; a single line needs no name.

    `legend` stands over the names. `ordered`: the lines are steps of something, from light to dark.
    `dots`: on the lines. `stairs`: y holds around each x. `square`: both axes have one scale.
    """

    title: str
    lines: Mapping[str, tuple[Numbers, Numbers]]
    x_label: str
    y_label: str
    legend: str = ""
    ordered: bool = False
    dots: bool = False
    stairs: bool = False
    square: bool = False
    log_x: bool = False
    log_y: bool = False
    y_limits: tuple[float, float] | None = None


Panel: TypeAlias = MatrixPanel | LinesPanel


def draw_panels(rows: Sequence[Sequence[Panel]], *, heading: str, note: str = "") -> Figure:
    """The panels in rows from the top, under a `heading` and over a `note` in small print.

    Raises:
        ValueError: there are no panels.
    """
    columns = [
        [row[number] for row in rows if number < len(row)]
        for number in range(max(map(len, rows), default=0))
    ]
    if not columns:
        raise ValueError("a page needs at least one panel")
    lefts = [max(map(_left, column)) for column in columns]
    rights = [max(map(_right, column)) for column in columns]
    panels = sum(lefts) + sum(rights) + len(columns) * (_AXES_WIDTH + _GAP)
    width = max(2 * _EDGE + panels, 0.3 + text_width(heading, HEADING_SIZE, bold=True) / 72)
    lines = wrapped(note, 72 * (width - 3 * _EDGE), NAME_SIZE)
    step = _TITLE + _AXES_HEIGHT + _BELOW
    height = _EDGE + _HEADING + len(rows) * step + _LINE * len(lines) + _EDGE
    figure = Figure(figsize=(width, height), facecolor="white")
    for number, row in enumerate(rows):
        left, top = _EDGE, _EDGE + _HEADING + number * step + _TITLE
        for panel, before, behind in zip(row, lefts, rights, strict=False):
            box = (left + before, top, _AXES_WIDTH, _AXES_HEIGHT)
            axes = _add_axes(figure, box)
            _write(figure, (left, top - 0.11), panel.title, TITLE_SIZE, bold=True)
            if isinstance(panel, MatrixPanel):
                _draw_matrix(figure, axes, box, panel)
            else:
                _draw_lines(figure, axes, box, panel)
            axes.tick_params(which="both", pad=2.5)
            axes.xaxis.labelpad = 3
            left += before + _AXES_WIDTH + behind + _GAP
    _write(figure, (_EDGE, _EDGE + 0.14), heading, HEADING_SIZE, bold=True)
    for number, line in enumerate(reversed(lines)):
        _write(figure, (_EDGE, height - _EDGE - _LINE * number), line, NAME_SIZE)
    return figure


def _left(panel: Panel) -> float:
    """How much room the numbers or names of the rows take, and what they are of."""
    names = (panel.row_names or ()) if isinstance(panel, MatrixPanel) else ()
    widest = max((text_width(name, NAME_SIZE) / 72 + 0.1 for name in names), default=_NUMBERS)
    return max(widest, _NUMBERS) + _LABEL


def _right(panel: Panel) -> float:
    """How much room a colour bar or the names of lines take, and what of the title is wider."""
    title = text_width(panel.title, TITLE_SIZE, bold=True) / 72 - _left(panel) - _AXES_WIDTH
    if isinstance(panel, MatrixPanel):
        room = 0.0 if panel.print_numbers else _BAR_GAP + _BAR + _BAR_NUMBERS
    else:
        widths = [text_width(name, NAME_SIZE) / 72 for name in panel.lines if name]
        room = max((_SAMPLE + 0.15 + each for each in widths), default=0.0)
        room = max(room, text_width(panel.legend, NAME_SIZE) / 72 + 0.12 if panel.legend else 0.0)
    return max(room, title)


def _add_axes(figure: Figure, box: tuple[float, float, float, float]) -> Axes:
    left, top, width, height = box
    page_width, page_height = figure.get_size_inches()
    return figure.add_axes(
        (
            left / page_width,
            1 - (top + height) / page_height,
            width / page_width,
            height / page_height,
        )
    )


def _write(
    figure: Figure, place: tuple[float, float], text: str, size: float, *, bold: bool = False
) -> None:
    """From the left and on a baseline, measured from the top left corner."""
    width, height = figure.get_size_inches()
    figure.text(
        place[0] / width,
        1 - place[1] / height,
        text,
        color=INK if bold else QUIET_INK,
        va="baseline",
        **text_style(text, size, bold=bold),
    )


def _label_rows(figure: Figure, box: tuple[float, float, float, float], label: str) -> None:
    """Upright beside the numbers, in the same place in every panel."""
    width, height = figure.get_size_inches()
    left, top, _, tall = box
    figure.text(
        (left - _NUMBERS - _LABEL / 2) / width,
        1 - (top + tall / 2) / height,
        label,
        rotation=90,
        ha="center",
        va="center",
        color=QUIET_INK,
        **text_style(label, LABEL_SIZE),
    )


def _draw_matrix(
    figure: Figure, axes: Axes, box: tuple[float, float, float, float], panel: MatrixPanel
) -> None:
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
    bar_box = (box[0] + box[2] + _BAR_GAP, box[1], _BAR, box[3])
    bar = figure.colorbar(ScalarMappable(scale, colours), cax=_add_axes(figure, bar_box))
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


def _draw_lines(
    figure: Figure, axes: Axes, box: tuple[float, float, float, float], panel: LinesPanel
) -> None:
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
    if panel.y_limits is not None:
        axes.set_ylim(*panel.y_limits)
    if panel.square:
        axes.set_aspect("equal", adjustable="datalim")
    _label_rows(figure, box, panel.y_label)
    axes.grid(visible=True, color=FRAME, alpha=0.4, linewidth=0.5)
    if len(drawn) > 1:
        _name_lines(axes, drawn, panel.legend)


def _name_lines(axes: Axes, drawn: list[Line2D], over: str) -> None:
    small = {"family": "DejaVu Sans", "size": NAME_SIZE}
    legend = axes.legend(
        drawn,
        [str(line.get_label()) for line in drawn],
        title=over or None,
        loc="upper left",
        bbox_to_anchor=(1.02, 1.02),
        prop=small,
        title_fontproperties=small,
        alignment="left",
        labelcolor=INK,
        frameon=False,
        handlelength=_SAMPLE * 72 / NAME_SIZE * 0.8,
        handletextpad=0.5,
        labelspacing=0.35,
        borderpad=0.0,
        borderaxespad=0.0,
    )
    legend.get_title().set_color(QUIET_INK)
