"""Gated convolutions over a sentence: what a token becomes depends on a window of its neighbours.

Knows no embeddings and no attention.
"""

import math

import torch
import torch.nn.functional as F
from jaxtyping import Float
from torch import Tensor, nn

from attnlab.attention.casting import cast_for_matmul
from attnlab.attention.dropout import dropout

HALF_VARIANCE = math.sqrt(0.5)
"""What a sum of two is multiplied by, so that it varies as much as each of them."""


class PreservingLinear(nn.Linear):
    """Gehring et al. 2017, section 3.5: a projection that keeps the variance of what it is given.

    Weights are drawn from N(0, √(gain p / n)), biases are zero: n inputs, of which training keeps a
    share p. A gain of 4 makes up for a gated linear unit behind it.
    """

    def __init__(self, inputs: int, outputs: int, dropout: float = 0.0, gain: float = 1.0) -> None:
        super().__init__(inputs, outputs)
        nn.init.normal_(self.weight, std=math.sqrt(gain * (1 - dropout) / inputs))
        nn.init.zeros_(self.bias)


class GatedConvolution(nn.Module):
    """Gehring et al. 2017, section 3.2: a convolution, a gated linear unit (Dauphin et al. 2017).

    `v([A; B]) = A ∘ σ(B)` with `[A; B] = W [x_{i-k+1}; …; x_i] + b`, W of 2d × kd; x are tokens of
    d = `size` features and k is the `width` of the window. `dropout` is the share of its input's
    features that training sets to zero.
    """

    def __init__(self, size: int, width: int, dropout: float = 0.0) -> None:
        super().__init__()
        self.width = width
        self.dropout = dropout
        self.window_weight = PreservingLinear(width * size, 2 * size, dropout, gain=4.0)

    def drop(self, x: Float[Tensor, "*batch size"]) -> Float[Tensor, "*batch size"]:
        """`x` as a window is to see it: with dropout, in the numbers that products are made in."""
        return cast_for_matmul(dropout(x, self.dropout, self.training))

    def forward(
        self, x: Float[Tensor, "batch width_minus_1_more size"]
    ) -> Float[Tensor, "batch length size"]:
        """One token for every whole window of `x`: as many as there are, less `width` - 1.

        All windows are multiplied at once, tokens side by side: on a CPU a fifth faster to train
        than torch's convolution, which wants features before tokens.
        """
        length = x.size(1) - self.width + 1
        # (batch, length + width - 1, size) -> (batch, length, width · size)
        windows = torch.cat([x[:, first : first + length] for first in range(self.width)], dim=-1)
        return F.glu(self.window_weight(windows), dim=-1)


def padded(
    x: Float[Tensor, "batch length size"], width: int
) -> Float[Tensor, "batch width_minus_1_more size"]:
    """`x` between zeros, so that there is a window of that width around every token."""
    return F.pad(x, (0, 0, (width - 1) // 2, width // 2))
