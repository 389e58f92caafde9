"""Rotary positions: queries and keys are rotated by their position."""

from dataclasses import dataclass
from functools import partial
from typing import Annotated

import torch
from jaxtyping import Float
from torch import Tensor, nn

from attnlab.attention.positions.absolute import GrowingTable, angles
from attnlab.attention.positions.interface import (
    POSITIONS,
    HeadSizes,
    Positions,
    PositionsConfig,
    RelativePositions,
    Rotated,
)
from attnlab.support.ranges import Range


@dataclass(kw_only=True)
class RotaryConfig(PositionsConfig):
    """`base`: pair i rotates by base^(-2i/size) radians a position; the greater, the slower."""

    base: Annotated[float, Range(above=1)]


def rotations(start: int, stop: int, size: int, base: float) -> Float[Tensor, "length pairs 2"]:
    """The cosine and the sine of each pair's angle at each position; `size` is even."""
    angle = angles(start, stop, size, base)
    return torch.stack([angle.cos(), angle.sin()], dim=-1).float()


class RotaryEmbedding(RelativePositions):
    """Su et al. 2021, equation 34: features 2i and 2i+1 rotate by the angle `m θ_i` at position m.

    `(R_m q) · (R_n k) = q · R_{n-m} k`: a product depends on the offset n - m alone, and so does a
    score of products and norms, such as a distance or a cosine. A score with a matrix or a network
    depends on both positions.

    The last feature of an odd size is not rotated. Queries and keys of unequal sizes rotate at the
    speeds of their own size.
    """

    def __init__(self, base: float, sizes: set[int]) -> None:
        super().__init__()
        self.tables = nn.ModuleDict(
            {
                str(size): GrowingTable(partial(rotations, size=size // 2 * 2, base=base))
                for size in sorted(sizes)
            }
        )

    def rotate(self, x: Rotated, start: int) -> Rotated:
        """See `RelativePositions`; computed in single precision."""
        length, size = x.shape[-2:]
        even = size // 2 * 2
        cosine, sine = self.tables[str(size)](start, start + length).unbind(-1)
        first, second = x[..., 0:even:2], x[..., 1:even:2]
        pairs = [first * cosine - second * sine, second * cosine + first * sine]
        rotated = torch.stack(pairs, dim=-1).flatten(-2).to(x.dtype)
        return rotated if even == size else torch.cat([rotated, x[..., even:]], dim=-1)


@POSITIONS.register("rotary", RotaryConfig)
class RotaryPositions(Positions):
    """Su et al. 2021 (RoFormer), section 3."""

    def __init__(self, config: RotaryConfig, *, causal: bool) -> None:
        self.base = config.base

    def relative(self, sizes: HeadSizes) -> RotaryEmbedding:
        """See `RotaryEmbedding`."""
        return RotaryEmbedding(self.base, {sizes.query_size, sizes.key_size})
