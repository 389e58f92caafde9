"""The colours of figures: ink, and the scales of weights and of signs. Knows no figure.

The scale goes from paper white for 0 to deep blue for 1. Equal differences of weight are equal
differences of CIELAB lightness, so the scale is perceptually uniform, can be read without colour
vision, and survives a black-and-white printer. On a dark ground it goes from night for 0 to white
for 1, with the same evenness. Where numbers have a sign, the same blues are those above 0, and
those below it go as evenly to brown; no colour blindness takes the one for the other.
"""

from collections.abc import Sequence
from functools import lru_cache

import numpy as np
from matplotlib.colors import ListedColormap
from numpy.typing import NDArray

INK, QUIET_INK, FRAME = "#1a1a1a", "#5f6670", "#aab2bd"
"""Of what matters, of what explains it, and of lines around things."""

GOLD = "#d55e00"
"""Of outlines on the scale: vermilion, which no colour blindness takes for its blue (Okabe & Ito
2008)."""

NOTHING = "#d4d7dc"
"""Of a cell without a number: grey, which is on no scale."""

STEPS = 256

# CIELAB (lightness, green-red, blue-yellow) of weight 0, of the point that bends the way, and of
# weight 1. The bend's lightness lies midway, so lightness falls evenly; its colour keeps the middle
# of the scale from turning grey.
_ON_PAPER = (97.0, -1.0, -2.0), (57.5, -18.0, -36.0), (18.0, 12.0, -34.0)
_BELOW_0 = (97.0, -1.0, -2.0), (60.0, 44.0, 62.0), (26.0, 32.0, 38.0)
_ON_DARK = (11.0, -1.0, -7.0), (54.0, -14.0, -44.0), (97.0, -4.0, -2.0)


@lru_cache(maxsize=1)
def attention_colours() -> ListedColormap:
    """The scale as a matplotlib colour map with 256 steps for weights from 0 to 1."""
    return ListedColormap(colour_table(), name="attention")


@lru_cache(maxsize=1)
def signed_colours() -> ListedColormap:
    """From brown for the lowest over paper white for 0 to blue for the highest, in 511 steps."""
    below, above = (_along(points) for points in (_BELOW_0, _ON_PAPER))
    return ListedColormap(np.concatenate([below[:0:-1], above]), name="signed")


def colour_table(*, on_dark: bool = False) -> NDArray[np.float64]:
    """The scale on paper or on a dark ground: sRGB, shape (256, 3), channels from 0 to 1."""
    return _along(_ON_DARK if on_dark else _ON_PAPER)


def _along(points: Sequence[Sequence[float]]) -> NDArray[np.float64]:
    """From the first of three `points` in CIELAB, by the second, to the third, as sRGB."""
    way = np.linspace(0.0, 1.0, STEPS)[:, np.newaxis]
    start, bend, end = (np.array(point) for point in points)
    # A quadratic Bézier curve.
    lab = (1 - way) ** 2 * start + 2 * way * (1 - way) * bend + way**2 * end
    return _srgb(lab)


def _srgb(lab: NDArray[np.float64]) -> NDArray[np.float64]:
    """CIELAB under daylight (D65), shape (n, 3), as sRGB; IEC 61966-2-1 and CIE 15."""
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
