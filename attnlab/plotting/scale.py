"""From numbers to colours, and what stands beside the colour bar. Draws nothing."""

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from matplotlib.colors import Colormap
from matplotlib.ticker import MaxNLocator
from numpy.typing import NDArray

from attnlab.plotting.colours import NOTHING, attention_colours, signed_colours

_DARK = 0.2546  # luminance: white is easier to read than ink on what is darker


@dataclass(frozen=True, kw_only=True)
class Scale:
    """Numbers from `lowest` to `highest` as colours; what lies outside has the nearest end's.

    `name` says what the numbers are. A `signed` scale is white at its middle, which is 0 as a
    rule.
    """

    lowest: float
    highest: float
    name: str
    signed: bool = False

    def __post_init__(self) -> None:
        if not self.lowest < self.highest:
            raise ValueError(f"a scale from {self.lowest:g} to {self.highest:g} has no length")

    @property
    def colours(self) -> Colormap:
        """The colour map, with a colour for NaN."""
        scale = signed_colours() if self.signed else attention_colours()
        return scale.with_extremes(bad=NOTHING)

    def ticks(self) -> list[tuple[float, str]]:
        """Numbers to be written beside the colour bar."""
        if (self.lowest, self.highest) == (0.0, 1.0):
            return [(share, f"{share:.2f}") for share in (0.0, 0.25, 0.5, 0.75, 1.0)]
        places = MaxNLocator(4, steps=[1, 2, 2.5, 5, 10]).tick_values(self.lowest, self.highest)
        room = 1e-9 * (self.highest - self.lowest)
        within = [p for p in places if self.lowest - room <= p <= self.highest + room]
        return [(float(place), f"{float(place) + 0.0:.6g}".replace("-", "−")) for place in within]

    def is_dark(self, value: float) -> bool:
        """Whether a number's colour asks for white letters."""
        share = (value - self.lowest) / (self.highest - self.lowest)
        red, green, blue, _ = self.colours(min(max(share, 0.0), 1.0))
        linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4
                  for c in (red, green, blue)]  # fmt: skip
        return bool(np.dot((0.2126, 0.7152, 0.0722), linear) < _DARK)


ATTENTION = Scale(lowest=0.0, highest=1.0, name="attention weight")


def scale_for(values: Iterable[NDArray[np.floating]], name: str) -> Scale:
    """The scale that suits these numbers: 0 to 1 for weights, around 0 for numbers of both signs.

    Others go from 0 to the greatest, or the least, unless they are far from 0.

    Raises:
        ValueError: there is no number at all.
    """
    finite = np.concatenate([each[np.isfinite(each)].ravel() for each in values])
    if not finite.size:
        raise ValueError("there is no number to find a scale for")
    lowest, highest = float(finite.min()), float(finite.max())
    if lowest < 0 < highest:
        reach = max(-lowest, highest)
        return Scale(lowest=-reach, highest=reach, name=name, signed=True)
    if lowest >= 0 and 0.2 < highest <= 1:
        return Scale(lowest=0.0, highest=1.0, name=name)
    if lowest == highest:
        room = abs(lowest) or 1.0
        return Scale(lowest=min(lowest, 0.0), highest=max(lowest, 0.0) or room, name=name)
    if 0 <= lowest <= 2 * (highest - lowest):
        lowest = 0.0
    elif highest <= 0 and -highest <= 2 * (highest - lowest):
        highest = 0.0
    return Scale(lowest=lowest, highest=highest, name=name)
