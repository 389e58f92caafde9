"""Sinusoidal positions: clocks that turn at many speeds, added to the embeddings."""

from dataclasses import dataclass
from functools import partial

import torch
from jaxtyping import Float
from torch import Tensor

from attnlab.attention.positions.growing import GrowingTable, angles
from attnlab.attention.positions.interface import (
    POSITIONS,
    PositionEmbedding,
    Positions,
    PositionsConfig,
)


def sinusoids(length: int, size: int) -> Float[Tensor, "length size"]:
    """Vaswani et al. 2017, section 3.5: sines in the even columns, cosines in the odd ones.

    `PE(pos, 2i) = sin(pos / 10000^(2i/d))`, `PE(pos, 2i+1) = cos(pos / 10000^(2i/d))`: clocks
    whose hands turn ever more slowly from left to right. Any offset is a rotation of each pair.
    """
    angle = angles(length, size)
    table = torch.empty(length, size)
    table[:, 0::2] = angle.sin()
    table[:, 1::2] = angle[:, : size // 2].cos()
    return table


class SinusoidalEmbedding(PositionEmbedding):
    """Adds the sinusoids to embeddings; there is nothing to learn and no longest sentence."""

    def __init__(self, size: int) -> None:
        super().__init__()
        self.size = size
        self.rows = GrowingTable(partial(sinusoids, size=size))

    def forward(
        self, embedded: Float[Tensor, "batch length size"], start: int = 0
    ) -> Float[Tensor, "batch length size"]:
        """See `PositionEmbedding`."""
        rows: Tensor = self.rows(start, start + embedded.size(1))
        return embedded + rows


@dataclass(kw_only=True)
class SinusoidalConfig(PositionsConfig):
    """Nothing to choose."""


@POSITIONS.register("sinusoidal", SinusoidalConfig)
class SinusoidalPositions(Positions):
    """Vaswani et al. 2017, section 3.5."""

    def __init__(self, config: SinusoidalConfig, *, directed: bool) -> None:
        pass

    def embedding(self, size: int) -> SinusoidalEmbedding:
        """See `SinusoidalEmbedding`."""
        return SinusoidalEmbedding(size)
