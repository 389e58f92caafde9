"""Sinusoidal positions: clocks that turn at many speeds, added to the embeddings."""

import math
from dataclasses import dataclass

import torch
from jaxtyping import Float
from torch import Tensor

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
    position = torch.arange(length, dtype=torch.float32).unsqueeze(1)
    pair = torch.arange(0, size, 2, dtype=torch.float32)
    angle = position * torch.exp(pair * (-math.log(10_000.0) / size))
    table = torch.empty(length, size)
    table[:, 0::2] = angle.sin()
    table[:, 1::2] = angle[:, : size // 2].cos()
    return table


class SinusoidalEmbedding(PositionEmbedding):
    """Adds the sinusoids to embeddings; there is nothing to learn and no longest sentence."""

    table: Tensor

    def __init__(self, size: int) -> None:
        super().__init__()
        # Worked out again from the size alone, so no part of a checkpoint.
        self.register_buffer("table", sinusoids(64, size), persistent=False)

    def forward(
        self, embedded: Float[Tensor, "batch length size"], start: int = 0
    ) -> Float[Tensor, "batch length size"]:
        """See `PositionEmbedding`."""
        stop = start + embedded.size(1)
        if stop > len(self.table):
            longer = sinusoids(max(stop, 2 * len(self.table)), embedded.size(2))
            self.table = longer.to(self.table)
        return embedded + self.table[start:stop]


@dataclass(kw_only=True)
class SinusoidalConfig(PositionsConfig):
    """Nothing to choose."""


@POSITIONS.register("sinusoidal", SinusoidalConfig)
class SinusoidalPositions(Positions):
    """Vaswani et al. 2017, section 3.5."""

    def __init__(self, config: SinusoidalConfig) -> None:
        pass

    def embedding(self, size: int) -> SinusoidalEmbedding:
        """See `SinusoidalEmbedding`."""
        return SinusoidalEmbedding(size)

    def relative(self, heads: int, key_size: int, value_size: int) -> None:
        """None."""
