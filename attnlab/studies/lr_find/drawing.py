"""Figure of a learning-rate range test: loss against rate."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from matplotlib.axes import Axes

from attnlab.plotting import Figure
from attnlab.plotting.axes import log_ticks
from attnlab.plotting.colours import FRAME, INK, attention_colours
from attnlab.plotting.panels import Drawing, draw_panels
from attnlab.plotting.text import NAME_SIZE, text_style

_SIZE = (400.0, 230.0)  # points
_HEADROOM = 0.25  # above the losses before the lowest, as a fraction of their range
_LINE = 0.055  # height of a line of names, as a fraction of the axes'


@dataclass(kw_only=True)
class Mark:
    """A rate that is pointed out, and its label."""

    rate: float
    name: str


def draw_range_test(
    rates: Sequence[float],
    losses: Sequence[float],
    smoothed: Sequence[float],
    *,
    marks: Sequence[Mark] = (),
    heading: str = "",
) -> Figure:
    """Each update's loss as a dot and the smoothed loss as a line, over the rate's logarithm.

    The losses of a diverging end are cut off above, so that the valley fills the axes. Each of
    `marks` is a dot on the line at its rate, with its name above.

    Raises:
        ValueError: there are no points, or not as many rates as losses.
    """
    if not rates or not len(rates) == len(losses) == len(smoothed):
        raise ValueError(
            f"{len(rates)} rates, {len(losses)} losses and {len(smoothed)} smoothed ones"
        )

    def paint(axes: Axes) -> None:
        line = attention_colours()(0.75)
        axes.plot(rates, losses, ".", color=line, alpha=0.3, markersize=3.5, markeredgewidth=0)
        axes.plot(rates, smoothed, color=line, linewidth=1.6)
        lowest, highest = min(smoothed), max(smoothed[: int(np.argmin(smoothed)) + 1])
        height = max(highest - lowest, 1e-3)
        names = 1.5 * _LINE * len(marks)
        axes.set_ylim(lowest - 0.2 * height, highest + (_HEADROOM + names) * height)
        axes.set_xscale("log")
        log_ticks(axes.xaxis)
        axes.grid(visible=True, axis="x", color=FRAME, alpha=0.4, linewidth=0.5)
        # From right to left, each name below the one before: no line then crosses a name.
        for place, mark in enumerate(sorted(marks, key=lambda mark: mark.rate, reverse=True)):
            _draw_mark(axes, mark, float(np.interp(mark.rate, rates, smoothed)), place)

    panel = Drawing(
        title=heading,
        x_label="learning rate",
        y_label="loss, nats per target token",
        size=_SIZE,
        paint=paint,
    )
    return draw_panels([[panel]])


def _draw_mark(axes: Axes, mark: Mark, loss: float, place: int) -> None:
    """A dot on the line, and the mark's name above it, `place` lines below the upper edge."""
    lowest, highest = axes.get_ylim()
    top = 1 - _LINE * place
    ends = [loss, lowest + top * (highest - lowest)]
    axes.plot([mark.rate, mark.rate], ends, color=INK, linewidth=0.6)
    axes.plot([mark.rate], [loss], "o", color=INK, markersize=4.5, zorder=3)
    axes.annotate(
        mark.name,
        (mark.rate, top),
        xycoords=("data", "axes fraction"),
        xytext=(-4, 0),
        textcoords="offset points",
        va="top",
        ha="right",
        color=INK,
        **text_style(mark.name, NAME_SIZE),
    )
