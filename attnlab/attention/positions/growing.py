"""A table with a row a position that follows from a formula, as long as the longest sentence."""

from collections.abc import Callable

import torch
from jaxtyping import Float
from torch import Tensor, nn

_FIRST_LENGTH = 64


class GrowingTable(nn.Module):
    """Rows of `formula(length)`, (length, …), which are worked out once, and again when too few."""

    table: Tensor

    def __init__(self, formula: Callable[[int], Tensor]) -> None:
        super().__init__()
        self.formula = formula
        # Worked out again from the formula, so no part of a checkpoint.
        self.register_buffer("table", formula(_FIRST_LENGTH), persistent=False)

    def forward(self, start: int, stop: int) -> Float[Tensor, "length ..."]:
        """The rows of positions from `start` to just before `stop`."""
        if stop > len(self.table):
            longer = self.formula(max(stop, 2 * len(self.table)))
            self.table = longer.to(self.table)
        return self.table[start:stop]


def angles(length: int, size: int, base: float = 10_000.0) -> Float[Tensor, "length pairs"]:
    """How far each pair of features has turned at each position: `pos / base^(2i/size)`, radians.

    In double precision, for sines of whatever is far away. An odd feature begins a pair of its own.
    """
    position = torch.arange(length, dtype=torch.float64).unsqueeze(1)
    pair = torch.arange(0, size, 2, dtype=torch.float64)
    return position / base ** (pair / size)
