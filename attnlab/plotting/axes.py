"""Style of axes with curves: labels, distinct lines, and ticks of logarithmic axes."""

import math
from typing import Any

from matplotlib.axes import Axes
from matplotlib.axis import Axis
from matplotlib.ticker import FuncFormatter, Locator, MaxNLocator, NullFormatter, NullLocator

from attnlab.plotting.colours import FRAME, GOLD, INK, QUIET_INK
from attnlab.plotting.text import LABEL_SIZE, NAME_SIZE, TITLE_SIZE, text_style

LINES: tuple[dict[str, Any], ...] = (
    {"color": "#1f5a94", "linestyle": "-"},
    {"color": GOLD, "linestyle": (0, (5, 1.5))},
    {"color": "#009e73", "linestyle": (0, (6, 1.5, 1.2, 1.5))},
    {"color": "#cc79a7", "linestyle": (0, (2.2, 1.2))},
    {"color": "#7a7f87", "linestyle": (0, (1, 1.2))},
)
"""Styles of lines on the same axes: the scale's blue and colours of Okabe & Ito 2008, dashed."""

_FEWEST, _MOST = 4, 8
_STEPS: tuple[tuple[float, ...], ...] = ((1,), (1, 3), (1, 2, 5), (1, 1.5, 2, 3, 4, 6, 8))
"""Multiples of a power of ten that get a tick, from the coarsest set to the finest."""

_SUPERSCRIPTS = str.maketrans("0123456789-", "⁰¹²³⁴⁵⁶⁷⁸⁹⁻")


def style_axes(axes: Axes, *, x: str, y: str, title: str) -> None:
    """Title and label axes, and draw everything but the data in grey."""
    axes.set_xlabel(x, color=QUIET_INK, labelpad=3, **text_style(x, LABEL_SIZE))
    axes.set_ylabel(y, color=QUIET_INK, labelpad=3, **text_style(y, LABEL_SIZE))
    axes.set_title(title, loc="left", color=INK, **text_style(title, TITLE_SIZE, bold=True))
    axes.tick_params(colors=QUIET_INK, labelsize=NAME_SIZE, which="both", width=0.6, pad=2.5)
    axes.spines[["top", "right"]].set_visible(False)
    axes.spines[:].set(color=FRAME, linewidth=0.6)
    axes.set_axisbelow(True)


def log_ticks(axis: Axis) -> None:
    """Give a logarithmic axis plain numbers at four to eight places, if the range allows it."""
    axis.set_major_locator(_LogTicks())
    axis.set_major_formatter(FuncFormatter(lambda value, _: plain_number(value)))
    axis.set_minor_locator(NullLocator())
    axis.set_minor_formatter(NullFormatter())


def log_places(lowest: float, highest: float) -> list[float]:
    """Positions of ticks on a logarithmic axis between two numbers above 0."""
    decades = range(math.floor(math.log10(lowest)), math.ceil(math.log10(highest)) + 1)
    for steps in _STEPS:
        every = [float(f"{step}e{decade}") for decade in decades for step in steps]
        within = [place for place in every if _within(place, lowest, highest)]
        if len(within) >= _FEWEST:
            return within[:: math.ceil(len(within) / _MOST)]
    even = MaxNLocator(_MOST).tick_values(lowest, highest)
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
