"""Absolute positions, added to embeddings: sinusoids and a learnt table."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

import torch
from jaxtyping import Float
from torch import Tensor, nn

from attnlab.attention.positions.interface import (
    POSITIONS,
    Embedded,
    PositionEmbedding,
    Positions,
    PositionsConfig,
)
from attnlab.support.ranges import Size

_FIRST_LENGTH = 64


class GrowingTable(nn.Module):
    """The rows of `formula(start, stop)`, recomputed when a longer sentence needs more.

    An exported graph computes the rows that it needs, since it cannot keep a longer table.
    """

    table: Tensor

    def __init__(self, formula: Callable[[int, int], Tensor]) -> None:
        super().__init__()
        self.formula = formula
        self.register_buffer("table", formula(0, _FIRST_LENGTH), persistent=False)

    def forward(self, start: int, stop: int) -> Float[Tensor, "length ..."]:
        """The rows of positions from `start` to before `stop`."""
        if torch.compiler.is_exporting():
            return self.formula(start, stop).to(self.table)
        if stop > len(self.table):
            with torch.inference_mode(False):  # or training could not go on with the table
                longer = self.formula(0, max(stop, 2 * len(self.table)))
                self.table = longer.to(self.table)
        return self.table[start:stop]


def angles(
    start: int, stop: int, size: int, base: float = 10_000.0
) -> Float[Tensor, "length pairs"]:
    """The angle of each pair of features at each position, `pos / base^(2i/size)` radians.

    Positions are those from `start` to before `stop`. In double precision, for exact sines at large
    positions. With an odd size the last pair has one feature.
    """
    position = torch.arange(start, stop, dtype=torch.float64).unsqueeze(1)
    pair = torch.arange(0, size, 2, dtype=torch.float64)
    return position / base ** (pair / size)


def sinusoids(start: int, stop: int, size: int) -> Float[Tensor, "length size"]:
    """Vaswani et al. 2017, section 3.5: sines in the even columns, cosines in the odd ones.

    `PE(pos, 2i) = sin(pos / 10000^(2i/d))`, `PE(pos, 2i+1) = cos(pos / 10000^(2i/d))`, so that any
    offset is a rotation of each pair.
    """
    angle = angles(start, stop, size)
    pairs = torch.stack([angle.sin(), angle.cos()], dim=-1)
    return pairs.flatten(1)[:, :size].float()


class SinusoidalEmbedding(PositionEmbedding):
    """Adds `sinusoids` to embeddings, for sentences of any length."""

    def __init__(self, size: int) -> None:
        super().__init__()
        self.size = size
        self.rows = GrowingTable(partial(sinusoids, size=size))

    def forward(self, embedded: Embedded, start: int = 0) -> Embedded:
        """See `PositionEmbedding`."""
        rows: Tensor = self.rows(start, start + embedded.size(1))
        return embedded + rows


@POSITIONS.register("sinusoidal", PositionsConfig)
class SinusoidalPositions(Positions):
    """Vaswani et al. 2017, section 3.5."""

    def __init__(self, config: PositionsConfig, *, causal: bool) -> None:
        pass

    def embedding(self, size: int) -> SinusoidalEmbedding:
        """See `SinusoidalEmbedding`."""
        return SinusoidalEmbedding(size)


@dataclass(kw_only=True)
class LearnedConfig(PositionsConfig):
    """`longest`: number of positions with a vector of their own."""

    longest: Size


class LearnedEmbedding(PositionEmbedding):
    """Gehring et al. 2017, section 3.1: `e = (w_1 + p_1, …, w_m + p_m)`; p is the `table`.

    Tokens beyond the table share its last vector, so that their order is lost. Rows beyond the
    longest training sentence stay at their random initial values.
    """

    def __init__(self, longest: int, size: int) -> None:
        super().__init__()
        self.size = size
        self.table = nn.Embedding(longest, size)
        nn.init.normal_(self.table.weight, std=size**-0.5)

    def forward(self, embedded: Embedded, start: int = 0) -> Embedded:
        """See `PositionEmbedding`."""
        position = torch.arange(start, start + embedded.size(1), device=embedded.device)
        rows: Tensor = self.table(position.clamp(max=self.table.num_embeddings - 1))
        return embedded + rows


@POSITIONS.register("learned", LearnedConfig)
class LearnedPositions(Positions):
    """Gehring et al. 2017, section 3.1; in Vaswani et al. 2017 on a par with sinusoids."""

    def __init__(self, config: LearnedConfig, *, causal: bool) -> None:
        self.longest = config.longest

    def embedding(self, size: int) -> LearnedEmbedding:
        """See `LearnedEmbedding`."""
        return LearnedEmbedding(self.longest, size)
