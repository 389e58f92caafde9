"""Colours of figures: text, lines, and two colour maps for numbers.

Attention weights are drawn from white for 0 to dark blue for 1, or from near black to white on a
dark background. CIELAB lightness is linear in the weight, so the colours can be read without colour
vision and in greyscale. Signed numbers are drawn from brown through white to the same blue, which
no form of colour blindness confuses with brown.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from matplotlib.colors import Colormap, ListedColormap
from matplotlib.ticker import MaxNLocator
from numpy.typing import NDArray

INK, QUIET_INK, FRAME = "#1a1a1a", "#5f6670", "#aab2bd"
"""Colours of data and titles, of labels, and of frames and grids."""

VERMILION = "#d55e00"
"""Colour of outlines and second lines, distinct from the maps' blue (Okabe & Ito 2008)."""

NAN_GREY = "#d4d7dc"
"""Colour of NaN cells: a grey that neither colour map contains."""

_STEPS = 256

# CIELAB (lightness, green-red, blue-yellow) of a curve's start, control point and end. The control
# point has about the mean lightness, so that lightness is linear; its hue avoids a grey middle.
_ON_PAPER = (97.0, -1.0, -2.0), (57.5, -18.0, -36.0), (18.0, 12.0, -34.0)
_BELOW_0 = (97.0, -1.0, -2.0), (60.0, 44.0, 62.0), (26.0, 32.0, 38.0)
_ON_DARK = (11.0, -1.0, -7.0), (54.0, -14.0, -44.0), (97.0, -4.0, -2.0)

_DARK = 0.2546  # relative luminance below which white text has more contrast than INK


@lru_cache(maxsize=1)
def attention_colours() -> ListedColormap:
    """Colour map from white to blue in 256 steps."""
    return ListedColormap(colour_table(), name="attention")


@lru_cache(maxsize=1)
def signed_colours() -> ListedColormap:
    """Colour map from brown through white to blue in 511 steps."""
    below, above = (_curve(points) for points in (_BELOW_0, _ON_PAPER))
    return ListedColormap(np.concatenate([below[:0:-1], above]), name="signed")


def colour_table(*, on_dark: bool = False) -> NDArray[np.float64]:
    """Colours of attention weights in sRGB, shape (256, 3), channels from 0 to 1."""
    return _curve(_ON_DARK if on_dark else _ON_PAPER)


def css_scales() -> dict[str, list[str]]:
    """Colours of weights from 0 to 1 as "#rrggbb", on a light and on a dark ground."""
    return {
        ground: css_colours(colour_table(on_dark=ground == "dark")) for ground in ("light", "dark")
    }


def css_colours(table: NDArray[np.float64]) -> list[str]:
    """Colours in sRGB, shape (n, 3), as "#rrggbb"."""
    return [
        f"#{red:02x}{green:02x}{blue:02x}"
        for red, green, blue in np.rint(table * 255).astype(int).tolist()
    ]


def _curve(points: Sequence[Sequence[float]]) -> NDArray[np.float64]:
    """Quadratic Bézier curve in CIELAB, converted to sRGB, shape (256, 3)."""
    t = np.linspace(0.0, 1.0, _STEPS)[:, np.newaxis]
    start, control, end = (np.array(point) for point in points)
    return _srgb((1 - t) ** 2 * start + 2 * t * (1 - t) * control + t**2 * end)


def _srgb(lab: NDArray[np.float64]) -> NDArray[np.float64]:
    """Convert CIELAB under illuminant D65, shape (n, 3), to sRGB (IEC 61966-2-1, CIE 15)."""
    lightness, green_red, blue_yellow = lab.T
    y = (lightness + 16) / 116
    cube_roots = np.stack([y + green_red / 500, y, y - blue_yellow / 200], axis=1)
    linear_part = 3 * (6 / 29) ** 2 * (cube_roots - 4 / 29)
    xyz = np.where(cube_roots > 6 / 29, cube_roots**3, linear_part) * (0.95047, 1.0, 1.08883)
    to_linear = np.array(
        [
            [3.2404542, -1.5371385, -0.4985314],
            [-0.9692660, 1.8760108, 0.0415560],
            [0.0556434, -0.2040259, 1.0572252],
        ]
    )
    linear = np.clip(xyz @ to_linear.T, 0.0, 1.0)
    srgb: NDArray[np.float64] = np.where(
        linear <= 0.0031308, 12.92 * linear, 1.055 * linear ** (1 / 2.4) - 0.055
    )
    return srgb


@dataclass(frozen=True, kw_only=True)
class Scale:
    """Linear map from [`lowest`, `highest`] to colours; numbers outside are clamped.

    `name` labels the colour bar. A `signed` scale is white at its midpoint, normally 0.

    Raises:
        ValueError: `lowest` is not below `highest`.
    """

    lowest: float
    highest: float
    name: str = ""
    signed: bool = False

    def __post_init__(self) -> None:
        if not self.lowest < self.highest:
            raise ValueError(f"a scale from {self.lowest:g} to {self.highest:g} has no length")

    @property
    def colours(self) -> Colormap:
        """The colour map, with grey for NaN."""
        scale = signed_colours() if self.signed else attention_colours()
        return scale.with_extremes(bad=NAN_GREY)

    def ticks(self, lowest: float | None = None, highest: float | None = None) -> dict[float, str]:
        """Ticks of a colour bar from `lowest` to `highest`, by default the whole scale."""
        lowest = self.lowest if lowest is None else lowest
        highest = self.highest if highest is None else highest
        if (lowest, highest) == (0.0, 1.0):
            return {share: f"{share:.2f}" for share in (0.0, 0.25, 0.5, 0.75, 1.0)}
        places = MaxNLocator(4, steps=[1, 2, 2.5, 5, 10]).tick_values(lowest, highest)
        margin = 1e-9 * (highest - lowest)
        return {
            float(place): f"{float(place) + 0.0:.6g}".replace("-", "−")
            for place in places
            if lowest - margin <= place <= highest + margin
        }

    def is_dark(self, value: float) -> bool:
        """Whether white text has more contrast than INK on the colour of `value`."""
        share = (value - self.lowest) / (self.highest - self.lowest)
        rgb = np.array(self.colours(min(max(share, 0.0), 1.0))[:3])
        linear = np.where(rgb <= 0.04045, rgb / 12.92, ((rgb + 0.055) / 1.055) ** 2.4)
        return bool(linear @ (0.2126, 0.7152, 0.0722) < _DARK)


ATTENTION = Scale(lowest=0.0, highest=1.0, name="attention weight")


def scale_for(values: Iterable[NDArray[np.floating]], name: str) -> Scale:
    """Choose a scale for the finite numbers in `values`.

    It is symmetric about 0 for numbers of both signs, and from 0 to 1 for numbers from 0 to 1 with
    a maximum above 0.2. Otherwise it starts or ends at 0, unless the numbers are far from 0.

    Raises:
        ValueError: there is no finite number.
    """
    finite = np.concatenate([each[np.isfinite(each)].ravel() for each in values])
    if not finite.size:
        raise ValueError("there is no number to find a scale for")
    lowest, highest = float(finite.min()), float(finite.max())
    if lowest < 0 < highest:
        bound = max(-lowest, highest)
        return Scale(lowest=-bound, highest=bound, name=name, signed=True)
    if lowest >= 0 and 0.2 < highest <= 1:
        return Scale(lowest=0.0, highest=1.0, name=name)
    if lowest == highest:
        return Scale(
            lowest=min(lowest, 0.0), highest=max(lowest, 0.0) if lowest else 1.0, name=name
        )
    if 0 <= lowest <= 2 * (highest - lowest):
        lowest = 0.0
    elif highest <= 0 and -highest <= 2 * (highest - lowest):
        highest = 0.0
    return Scale(lowest=lowest, highest=highest, name=name)
