"""Learned positions: a vector for each place in a sentence, found by training like a word's."""

from dataclasses import dataclass

import torch
from jaxtyping import Float
from torch import Tensor, nn

from attnlab.attention.positions.interface import (
    POSITIONS,
    PositionEmbedding,
    Positions,
    PositionsConfig,
)
from attnlab.support.ranges import Size


@dataclass(kw_only=True)
class LearnedConfig(PositionsConfig):
    """`longest`: how many positions have a vector of their own."""

    longest: Size


class LearnedEmbedding(PositionEmbedding):
    """Gehring et al. 2017, section 3.1: `e = (w_1 + p_1, …, w_m + p_m)`; p is the `table`.

    Tokens further on than the table reaches all get its last vector: a longer sentence is still
    read, but the order of its end is not told. Rows that no sentence of training was long enough
    for stay as they began, at random.
    """

    def __init__(self, longest: int, size: int) -> None:
        super().__init__()
        self.size = size
        self.table = nn.Embedding(longest, size)
        nn.init.normal_(self.table.weight, std=size**-0.5)

    def forward(
        self, embedded: Float[Tensor, "batch length size"], start: int = 0
    ) -> Float[Tensor, "batch length size"]:
        """See `PositionEmbedding`."""
        place = torch.arange(start, start + embedded.size(1), device=embedded.device)
        positions: Tensor = self.table(place.clamp(max=self.table.num_embeddings - 1))
        return embedded + positions


@POSITIONS.register("learned", LearnedConfig)
class LearnedPositions(Positions):
    """Gehring et al. 2017, section 3.1; in Vaswani et al. 2017 no better than the sinusoids."""

    def __init__(self, config: LearnedConfig, *, directed: bool) -> None:  # noqa: ARG002
        self.longest = config.longest

    def embedding(self, size: int) -> LearnedEmbedding:
        """See `LearnedEmbedding`."""
        return LearnedEmbedding(self.longest, size)
