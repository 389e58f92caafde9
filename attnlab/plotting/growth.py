"""How figures grow with length: lines on log–log axes, and how steep each is in the end.

Knows numbers and names only, no layer and no model.
"""

import itertools
import math
from collections.abc import Sequence
from dataclasses import dataclass

from matplotlib.axes import Axes
from matplotlib.figure import Figure, FigureBase
from matplotlib.layout_engine import ConstrainedLayoutEngine
from matplotlib.lines import Line2D
from matplotlib.ticker import FixedLocator, FuncFormatter, NullLocator

from attnlab.plotting.axes import letter
from attnlab.plotting.colours import FRAME, INK, QUIET_INK
from attnlab.plotting.grid import HEADING_SIZE, LABEL_SIZE, NAME_SIZE, TITLE_SIZE
from attnlab.plotting.lettering import text_style
from attnlab.plotting.log_axes import log_ticks

_PANEL_WIDTH, _PANEL_HEIGHT, _ABOVE, _BELOW = 4.3, 3.1, 0.7, 0.1  # inches
_ABOVE_WITHOUT_LEGEND = 0.45
_NOTE_LINE = 1.25 * NAME_SIZE  # points from one line's note to the next
_NOTE_GAP = 5.0  # points from a line's end to its note
_GUIDES = {1: "∝ n", 2: "∝ n²"}
_GUIDE_WIDTH, _GUIDE_HEIGHT, _GUIDE_END = 0.3, 0.35, 0.9  # shares of the axes, at most

# Okabe & Ito 2008: told apart with every kind of colour vision; markers and dashes do it again.
Look = tuple[str, str, str | tuple[float, tuple[float, float]]]
_LOOKS: tuple[Look, ...] = (
    ("#0072b2", "o", "-"),
    ("#56b4e9", "D", (0, (3, 1.5))),
    ("#d55e00", "s", "-"),
    ("#009e73", "^", "-"),
    ("#cc79a7", "v", (0, (3, 1.5))),
    ("#e69f00", "P", "-"),
    ("#333333", "X", (0, (1, 1.2))),
)
_SUPERSCRIPTS = str.maketrans("0123456789.-", "⁰¹²³⁴⁵⁶⁷⁸⁹·⁻")


@dataclass(frozen=True, kw_only=True)
class GrowthLine:
    """`values` at `lengths`, all above 0; `look`: which of seven; `note`: what its end says."""

    name: str
    look: int
    lengths: Sequence[float]
    values: Sequence[float]
    note: str


@dataclass(frozen=True, kw_only=True)
class GrowthPanel:
    """One pair of axes. `guided`: whether two grey lines show what grows as n, and as n²."""

    title: str
    value_name: str
    lines: Sequence[GrowthLine]
    guided: bool = True


def power_of_length(exponent: float | None) -> str:
    """A note such as n²·⁰; none without an exponent."""
    return "" if exponent is None else f"n{f'{exponent:.1f}'.translate(_SUPERSCRIPTS)}"


def draw_growth(
    panels: Sequence[GrowthPanel], *, heading: str, length_name: str, legend_per_row: bool = False
) -> Figure:
    """Panels two in a row, one legend above all of them for the names of their lines.

    Where each row has lines of its own, `legend_per_row` puts one above each of them.

    Raises:
        ValueError: there is nothing to draw.
    """
    if not any(line.lengths for panel in panels for line in panel.lines):
        raise ValueError("there are no points to draw")
    rows = math.ceil(len(panels) / 2)
    above = _ABOVE_WITHOUT_LEGEND if legend_per_row else _ABOVE
    width, height = 2 * _PANEL_WIDTH, rows * _PANEL_HEIGHT + above + _BELOW
    figure = Figure(figsize=(width, height), facecolor="white", layout="constrained")
    engine = figure.get_layout_engine()
    assert isinstance(engine, ConstrainedLayoutEngine)
    engine.set(
        rect=(0.005, _BELOW / height, 0.99, 1 - (above + _BELOW) / height),
        wspace=0.04,
        hspace=0.05,
    )
    strips = figure.subfigures(rows, 1, squeeze=False)[:, 0] if legend_per_row else ()
    for number, panel in enumerate(panels):
        if legend_per_row:
            axes = strips[number // 2].add_subplot(1, 2, number % 2 + 1)
        else:
            axes = figure.add_subplot(rows, 2, number + 1)
        alike = [each for each in panels if each.guided == panel.guided]
        lengths = {length for each in alike for line in each.lines for length in line.lengths}
        _draw(axes, panel, length_name, sorted(lengths))
    for row, strip in enumerate(strips):
        _legend(strip, panels[2 * row : 2 * row + 2], None)
    left = 0.12 / width
    figure.text(left, 1 - 0.27 / height, heading, color=INK, **text_style(heading, HEADING_SIZE))
    if not legend_per_row:
        _legend(figure, panels, (left, 1 - 0.35 / height))
    return figure


def _draw(axes: Axes, panel: GrowthPanel, length_name: str, lengths: Sequence[float]) -> None:
    """`lengths`: of all panels of this one's kind, which so have one axis of lengths."""
    axes.set_xscale("log", base=2)
    axes.set_yscale("log")
    lines = [line for line in panel.lines if line.lengths]
    for line in lines:
        colour, marker, dashes = _look(line.look)
        axes.plot(
            line.lengths,
            line.values,
            color=colour,
            marker=marker,
            markersize=4,
            linestyle=dashes,
            linewidth=1.5,
            zorder=3,
        )
    axes.set_title(panel.title, loc="left", color=INK, **text_style(panel.title, TITLE_SIZE))
    axes.set_xlabel(length_name, color=QUIET_INK, **text_style("", LABEL_SIZE))
    axes.set_ylabel(panel.value_name, color=QUIET_INK, **text_style("", LABEL_SIZE))
    axes.tick_params(colors=QUIET_INK, labelsize=NAME_SIZE, which="both", width=0.6)
    axes.spines[["top", "right"]].set_visible(False)
    axes.spines[:].set(color=FRAME, linewidth=0.6)
    axes.grid(visible=True, color=FRAME, alpha=0.35, linewidth=0.5)
    axes.set_axisbelow(True)
    if lines:
        _ticks(axes, lengths)
        if panel.guided:
            _guide(axes)
        _notes(axes, lines)


def _ticks(axes: Axes, lengths: Sequence[float]) -> None:
    """Lengths as they are, every other one where they are many; values as plain numbers."""
    shown = lengths[:: 2 if len(lengths) > 6 else 1]
    axes.set_xlim(lengths[0] * 0.88, lengths[-1] * 1.14)
    axes.xaxis.set_major_locator(FixedLocator(list(shown)))
    axes.xaxis.set_minor_locator(NullLocator())
    axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:,.0f}"))
    log_ticks(axes.yaxis)


def _guide(axes: Axes) -> None:
    """Two short lines from one point at the lower right, where hardly a rising line is."""
    (lowest, highest), (left, right) = axes.get_ylim(), axes.get_xlim()
    high, wide = math.log(highest / lowest), math.log(right / left)
    span = min(_GUIDE_WIDTH * wide, _GUIDE_HEIGHT * high / max(_GUIDES))
    last = left * math.exp(_GUIDE_END * wide)
    start = lowest * math.exp(0.04 * high)
    for power, name in _GUIDES.items():
        end = start * math.exp(power * span)
        axes.plot([last / math.exp(span), last], [start, end], color=QUIET_INK, linewidth=0.8)
        axes.annotate(
            name,
            (last, end),
            xytext=(_NOTE_GAP - 2, 0),
            textcoords="offset points",
            va="center",
            color=QUIET_INK,
            **text_style(name, NAME_SIZE),
        )
    axes.set_ylim(lowest, highest)


def _notes(axes: Axes, lines: Sequence[GrowthLine]) -> None:
    """Each line's note beside its end, moved up or down where two would overlap."""
    axes.figure.canvas.draw()
    noted = [line for line in lines if line.note]
    height = axes.bbox.height * 72 / axes.figure.dpi
    ends = {
        line.name: axes.transData.transform((line.lengths[-1], line.values[-1]))[1]
        * 72
        / axes.figure.dpi
        for line in noted
    }
    bottom = axes.bbox.y0 * 72 / axes.figure.dpi
    places = _apart([ends[line.name] - bottom for line in noted], height)
    for line, place in zip(noted, places, strict=True):
        axes.annotate(
            line.note,
            (line.lengths[-1], place / height),
            xycoords=("data", "axes fraction"),
            xytext=(_NOTE_GAP, 0),
            textcoords="offset points",
            va="center",
            color=_look(line.look)[0],
            annotation_clip=False,
            **text_style(line.note, NAME_SIZE, bold=True),
        )


def _look(number: int) -> Look:
    return _LOOKS[number % len(_LOOKS)]


def _apart(places: Sequence[float], height: float) -> list[float]:
    """Places in points near those wanted, no two closer than a line, the highest within height."""
    found = list(places)
    order = sorted(range(len(places)), key=lambda index: places[index])
    for below, above in itertools.pairwise(order):
        found[above] = max(found[above], found[below] + _NOTE_LINE)
    ceiling = height
    for index in reversed(order):
        found[index] = min(found[index], ceiling)
        ceiling = found[index] - _NOTE_LINE
    return found


def _legend(
    over: FigureBase, panels: Sequence[GrowthPanel], place: tuple[float, float] | None
) -> None:
    """In a row from `place`, or above the panels of a row of its own."""
    named = {line.name: line.look for panel in panels for line in panel.lines if line.lengths}
    handles = [
        Line2D([], [], color=colour, marker=marker, markersize=4, ls=dashes, linewidth=1.5)
        for colour, marker, dashes in map(_look, named.values())
    ]
    legend = over.legend(
        handles,
        list(named),
        loc="upper left" if place else "outside upper left",
        bbox_to_anchor=place,
        ncols=len(named),
        frameon=False,
        borderaxespad=0.0,
        handlelength=2.6,
        labelcolor=INK,
        fontsize=LABEL_SIZE,
    )
    letter(legend, LABEL_SIZE)
