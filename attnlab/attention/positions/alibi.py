"""ALiBi: the further away a key stands, the lower its score, at a slope that each head has."""

from dataclasses import dataclass

import torch
from jaxtyping import Float
from torch import Tensor

from attnlab.attention.positions.interface import (
    POSITIONS,
    Positions,
    PositionsConfig,
    RelativePositions,
    offsets,
)
from attnlab.attention.scores import Score


@dataclass(kw_only=True)
class AlibiConfig(PositionsConfig):
    """Nothing to choose."""


def slopes(heads: int) -> list[float]:
    """Press et al. 2022, section 3: `2^(-8/n), 2^(-16/n), …, 2^(-8)` for n heads.

    Where n is no power of two the authors' own code takes the slopes of the next lower power p,
    and then every other one of 2p, from the first on.
    """
    power = 2 ** (heads.bit_length() - 1)
    first = [2 ** (-8 * head / power) for head in range(1, power + 1)]
    between = [2 ** (-8 * head / (2 * power)) for head in range(1, 2 * power + 1, 2)]
    return first + between[: heads - power]


class AlibiBias(RelativePositions):
    """`bias_ij = -slope |i - j|`, with nothing to learn.

    A decoder sees no key behind the query, where that is the paper's `-slope (i - j)`.
    """

    slopes: Tensor

    def __init__(self, heads: int) -> None:
        super().__init__()
        # Worked out again from the number of heads, so no part of a checkpoint.
        self.register_buffer("slopes", torch.tensor(slopes(heads)), persistent=False)

    def bias(
        self,
        score: Score,  # noqa: ARG002
        query: Float[Tensor, "*batch queries projected_size"],
        keys: int,
    ) -> Float[Tensor, "1 heads queries keys"]:
        """See `RelativePositions`."""
        distance = offsets(query.size(-2), keys, query.device).abs()
        return (-self.slopes[:, None, None] * distance).unsqueeze(0)


@POSITIONS.register("alibi", AlibiConfig)
class AlibiPositions(Positions):
    """Press et al. 2022, "Train Short, Test Long"; both ways from the query in an encoder."""

    def __init__(self, config: AlibiConfig, *, directed: bool) -> None:
        pass

    def relative(
        self,
        *,
        heads: int,
        query_size: int,  # noqa: ARG002
        key_size: int,  # noqa: ARG002
        value_size: int,  # noqa: ARG002
    ) -> AlibiBias:
        """See `AlibiBias`."""
        return AlibiBias(heads)
