"""Growth of quantities with length: lines on log–log axes, with the exponent beside each end."""

import itertools
import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FixedLocator, FuncFormatter, NullLocator

from attnlab.plotting.colours import FRAME, QUIET_INK
from attnlab.plotting.panels import Panel, draw_panels, log_ticks
from attnlab.plotting.text import NAME_SIZE, text_style

_NOTE_LINE = 1.25 * NAME_SIZE  # points from one line's note to the next
_NOTE_GAP = 5.0  # points from a line's end to its note
_GUIDES = {1: "∝ n", 2: "∝ n²"}
_GUIDE_WIDTH, _GUIDE_HEIGHT, _GUIDE_END = 0.3, 0.35, 0.9  # at most, as fractions of the axes
_MOST_LENGTHS = 6  # ticks; of more lengths every other one has a tick

# Colours of Okabe & Ito 2008; markers and dashes make lines distinct without colour.
Style = tuple[str, str, str | tuple[float, tuple[float, float]]]
_STYLES: tuple[Style, ...] = (
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
    """`values` at `lengths`, all above 0; `look`: which of seven styles; `note`: beside its end."""

    name: str
    look: int
    lengths: Sequence[float]
    values: Sequence[float]
    note: str

    @property
    def style(self) -> Style:
        """Colour, marker and dashes."""
        return _STYLES[self.look % len(_STYLES)]


@dataclass(frozen=True, kw_only=True)
class GrowthPanel(Panel):
    """Lines on log–log axes. `guided`: with two grey lines that grow as n and as n².

    `lengths`: ticks of the axis of lengths; those of the lines by default.
    """

    lines: Sequence[GrowthLine]
    guided: bool = True
    lengths: Sequence[float] = ()
    size: tuple[float, float] = (232.0, 165.0)

    def draw(self, axes: Axes) -> None:
        """Draw the lines that have points."""
        axes.set_xscale("log", base=2)
        axes.set_yscale("log")
        lines = [line for line in self.lines if line.lengths]
        for line in lines:
            colour, marker, dashes = line.style
            axes.plot(
                line.lengths,
                line.values,
                color=colour,
                marker=marker,
                markersize=4,
                linestyle=dashes,
                linewidth=1.5,
                zorder=3,
                label=line.name,
            )
        axes.grid(visible=True, color=FRAME, alpha=0.35, linewidth=0.5)
        if lines:
            self._set_ticks(axes)
            if self.guided:
                _draw_guides(axes)
            self._write_notes(axes, [line for line in lines if line.note])

    def _set_ticks(self, axes: Axes) -> None:
        lengths = self.lengths or sorted({n for line in self.lines for n in line.lengths})
        axes.set_xlim(lengths[0] * 0.88, lengths[-1] * 1.14)
        shown = lengths[:: 2 if len(lengths) > _MOST_LENGTHS else 1]
        axes.xaxis.set_major_locator(FixedLocator(list(shown)))
        axes.xaxis.set_minor_locator(NullLocator())
        axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:,.0f}"))
        log_ticks(axes.yaxis)

    def _write_notes(self, axes: Axes, lines: Sequence[GrowthLine]) -> None:
        """Write each note beside its line's end, moved up or down where two would overlap."""
        lowest, highest = axes.get_ylim()
        points = self.size[1] / math.log(highest / lowest)
        ends = [points * math.log(line.values[-1] / lowest) for line in lines]
        for line, place in zip(lines, _apart(ends, self.size[1]), strict=True):
            axes.annotate(
                line.note,
                (line.lengths[-1], place / self.size[1]),
                xycoords=("data", "axes fraction"),
                xytext=(_NOTE_GAP, 0),
                textcoords="offset points",
                va="center",
                color=line.style[0],
                annotation_clip=False,
                **text_style(line.note, NAME_SIZE, bold=True),
            )


def power_of_length(exponent: float | None) -> str:
    """A note such as n²·⁰; empty without an exponent."""
    return "" if exponent is None else f"n{f'{exponent:.1f}'.translate(_SUPERSCRIPTS)}"


def draw_growth(
    panels: Sequence[GrowthPanel], *, heading: str, length_name: str, legend_per_row: bool = False
) -> Figure:
    """Draw panels two in a row, under one legend, or with one above each row.

    Panels that are `guided` alike have one axis of lengths.

    Raises:
        ValueError: there are no points.
    """
    if not any(line.lengths for panel in panels for line in panel.lines):
        raise ValueError("there are no points to draw")
    drawn = []
    for panel in panels:
        alike = [each for each in panels if each.guided == panel.guided]
        lengths = {length for each in alike for line in each.lines for length in line.lengths}
        drawn.append(replace(panel, x_label=length_name, lengths=sorted(lengths)))
    rows = [drawn[start : start + 2] for start in range(0, len(drawn), 2)]
    return draw_panels(rows, heading=heading, legend="row" if legend_per_row else "page")


def _draw_guides(axes: Axes) -> None:
    """Two short lines from one point at the lower right, where a rising line seldom is."""
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


def _apart(places: Sequence[float], height: float) -> list[float]:
    """Places in points near the given ones, none closer than a line, the highest within height."""
    found = list(places)
    order = sorted(range(len(places)), key=lambda index: places[index])
    for below, above in itertools.pairwise(order):
        found[above] = max(found[above], found[below] + _NOTE_LINE)
    ceiling = height
    for index in reversed(order):
        found[index] = min(found[index], ceiling)
        ceiling = found[index] - _NOTE_LINE
    return found
