"""The cost of a layer over a sentence by formula, and the fall of a gradient with the length.

n is the length of the sentence in tokens, d the features of each, k the width of a convolution's
window, r that of a restricted attention.
"""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from attnlab.evaluation.benchmark import TAIL, fit_line


@dataclass(frozen=True, kw_only=True)
class Sizes:
    """d, k and r."""

    size: int
    width: int
    restriction: int


@dataclass(frozen=True, kw_only=True)
class LayerFormula:
    """A row of Vaswani et al. 2017, table 1, in big-O notation without the O.

    `path`: maximum path length between two tokens. `exact`: formula of the multiply-adds of
    attnlab's layer, with projections and gates, which `multiply_adds` computes; both are None if
    attnlab has no such layer.
    """

    name: str
    operations: str
    steps: str
    path: str
    exact: str | None = None
    multiply_adds: Callable[[int, Sizes], int] | None = None


SELF_ATTENTION, RECURRENT, CONVOLUTION = "self-attention", "recurrent", "convolution"

FORMULAS = (
    LayerFormula(
        name=SELF_ATTENTION,
        operations="n² d",
        steps="1",
        path="1",
        exact="4 n d² + 2 n² d",  # four projections; q kᵀ, and the average of values
        multiply_adds=lambda n, of: 4 * n * of.size**2 + 2 * n**2 * of.size,
    ),
    LayerFormula(
        name=RECURRENT,
        operations="n d²",
        steps="n",
        path="n",
        exact="6 n d²",  # a GRU's two gates and candidate, from word and state each
        multiply_adds=lambda n, of: 6 * n * of.size**2,
    ),
    LayerFormula(
        name=CONVOLUTION,
        operations="k n d²",
        steps="1",
        path="n / k layers; dilated: log_k n",
        exact="2 k n d²",  # a gated linear unit takes two features for one
        multiply_adds=lambda n, of: 2 * of.width * n * of.size**2,
    ),
    LayerFormula(name="restricted self-attention", operations="r n d", steps="1", path="n / r"),
)


@dataclass(frozen=True, kw_only=True)
class LengthsOfPaths:
    """Maximum path lengths, in tokens or layers, between the first and last token of a sentence."""

    self_attention: int
    recurrent: int
    convolution: int
    dilated: int
    restricted: int


def paths(length: int, sizes: Sizes) -> LengthsOfPaths:
    """Maximum path length of each layer type, for a sentence of `length` tokens."""
    return LengthsOfPaths(
        self_attention=1,
        recurrent=length,
        convolution=layers_to_reach(length, sizes.width),
        dilated=max(1, math.ceil(round(math.log(length, sizes.width), 9))),
        restricted=math.ceil(length / sizes.restriction),
    )


def layers_to_reach(length: int, width: int) -> int:
    """Stacked convolutions after which the last of `length` tokens depends on the first."""
    return max(1, math.ceil((length - 1) / (width - 1)))


def crossing(sizes: Sizes, one: str, other: str, longest: int) -> int | None:
    """The least length from 1 to `longest` where layer `one` multiplies more than layer `other`."""
    count = {each.name: each.multiply_adds for each in FORMULAS}
    first, second = count[one], count[other]
    if first is None or second is None:
        raise ValueError(f"no count of {one} or {other}")
    return next((n for n in range(1, longest + 1) if first(n, sizes) > second(n, sizes)), None)


@dataclass(frozen=True, kw_only=True)
class Fall:
    """How a value falls with the length: as a power of it, or by half with so many tokens more.

    One of the two, whichever is nearer to what was measured; none where it hardly falls.
    """

    exponent: float | None = None
    tokens_to_halve: float | None = None


def fall(lengths: Sequence[int], values: Sequence[float]) -> Fall:
    """The fall over the last points, by least squares of the values' logarithms."""
    lengths, values = lengths[-TAIL:], values[-TAIL:]
    if len(values) < 3 or min(values) <= 0 or values[-1] > 0.9 * values[0]:
        return Fall()
    logarithms = np.log(values)
    by_power, power_error = fit_line(np.log(lengths), logarithms)
    by_token, token_error = fit_line(np.asarray(lengths, dtype=np.float64), logarithms)
    if power_error <= token_error:
        return Fall(exponent=by_power)
    return Fall(tokens_to_halve=math.log(0.5) / by_token)
