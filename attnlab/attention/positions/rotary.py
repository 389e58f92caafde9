"""Rotary positions: queries and keys are turned by their place, so that offsets alone count."""

from dataclasses import dataclass
from functools import partial
from typing import Annotated

import torch
from jaxtyping import Float
from torch import Tensor, nn

from attnlab.attention.positions.growing import GrowingTable, angles
from attnlab.attention.positions.interface import (
    POSITIONS,
    Positions,
    PositionsConfig,
    RelativePositions,
)
from attnlab.support.ranges import Range


@dataclass(kw_only=True)
class RotaryConfig(PositionsConfig):
    """`base`: pair i turns by base^(-2i/size) radians a position; the greater, the slower."""

    base: Annotated[float, Range(above=1)]


def turns(length: int, size: int, base: float) -> Float[Tensor, "length pairs 2"]:
    """The cosine and the sine of each pair's angle at each position; `size` is even."""
    angle = angles(length, size, base)
    return torch.stack([angle.cos(), angle.sin()], dim=-1).float()


class RotaryTurning(RelativePositions):
    """Su et al. 2021, equation 34: features 2i and 2i+1 turn by the angle `m θ_i` at position m.

    `(R_m q) · (R_n k) = q · R_{n-m} k`: a product of a turned query and a turned key depends on
    their offset alone. So does whatever follows from products and lengths, such as a distance or a
    cosine; a score with a matrix or a network in between is told both places, which is more.

    The last feature of an odd size stays as it is. Queries and keys of unequal sizes turn each at
    their own size's speeds.
    """

    def __init__(self, base: float, sizes: set[int]) -> None:
        super().__init__()
        self.tables = nn.ModuleDict(
            {
                str(size): GrowingTable(partial(turns, size=size // 2 * 2, base=base))
                for size in sorted(sizes)
            }
        )

    def turn(
        self, projected: Float[Tensor, "*batch length size"], start: int
    ) -> Float[Tensor, "*batch length size"]:
        """See `RelativePositions`."""
        length, size = projected.shape[-2:]
        even = size // 2 * 2
        cosine, sine = self.tables[str(size)](start, start + length).unbind(-1)
        first, second = projected[..., 0:even:2], projected[..., 1:even:2]
        pairs = [first * cosine - second * sine, second * cosine + first * sine]
        # Worked out in the table's single precision; half-precision features come back as such.
        turned = torch.stack(pairs, dim=-1).flatten(-2).to(projected.dtype)
        return turned if even == size else torch.cat([turned, projected[..., even:]], dim=-1)


@POSITIONS.register("rotary", RotaryConfig)
class RotaryPositions(Positions):
    """Su et al. 2021 (RoFormer), section 3."""

    def __init__(self, config: RotaryConfig, *, directed: bool) -> None:  # noqa: ARG002
        self.base = config.base

    def relative(
        self,
        *,
        heads: int,  # noqa: ARG002
        query_size: int,
        key_size: int,
        value_size: int,  # noqa: ARG002
    ) -> RotaryTurning:
        """See `RotaryTurning`."""
        return RotaryTurning(self.base, {query_size, key_size})
