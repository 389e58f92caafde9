"""Ticks of logarithmic axes: as many as can be read, whether over a third of a decade or thirty."""

import math
from collections.abc import Sequence

from matplotlib.axis import Axis
from matplotlib.ticker import FuncFormatter, Locator, MaxNLocator, NullFormatter, NullLocator

_FEWEST, _MOST = 4, 8
_STEPS: tuple[tuple[float, ...], ...] = ((1,), (1, 3), (1, 2, 5), (1, 1.5, 2, 3, 4, 6, 8))
"""Within a decade, from the coarsest on."""

_SUPERSCRIPTS = str.maketrans("0123456789-", "⁰¹²³⁴⁵⁶⁷⁸⁹⁻")


def log_ticks(axis: Axis) -> None:
    """Give a logarithmic axis plain numbers at four to eight places, if the range allows it."""
    axis.set_major_locator(_LogTicks())
    axis.set_major_formatter(FuncFormatter(lambda value, _: plain_number(value)))
    axis.set_minor_locator(NullLocator())
    axis.set_minor_formatter(NullFormatter())


def places(lowest: float, highest: float) -> list[float]:
    """Where ticks stand on a logarithmic axis between two numbers above 0."""
    decades = range(math.floor(math.log10(lowest)), math.ceil(math.log10(highest)) + 1)
    for steps in _STEPS:
        every = [float(f"{step}e{decade}") for decade in decades for step in steps]
        within = [place for place in every if _within(place, lowest, highest)]
        if len(within) >= _FEWEST:
            return within[:: math.ceil(len(within) / _MOST)]
    even: Sequence[float] = MaxNLocator(_MOST).tick_values(lowest, highest)
    return [float(place) for place in even if _within(place, lowest, highest)]


def plain_number(value: float) -> str:
    """The number as people write it: 0.002, 20,000, 3×10⁻⁷."""
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
        return places(lowest, highest) if lowest > 0 else []
