"""What a Transformer does to each token by itself: two or three matrices, and an activation.

Knows no residual and no attention.
"""

from collections.abc import Callable

import torch.nn.functional as F
from jaxtyping import Float
from torch import Tensor, nn

from attnlab.attention.dropout import dropout
from attnlab.support.errors import UsageError

_PLAIN: dict[str, Callable[[Tensor], Tensor]] = {"relu": F.relu, "gelu": F.gelu}
_GATED: dict[str, Callable[[Tensor], Tensor]] = {"swiglu": F.silu}
ACTIVATIONS = (*_PLAIN, *_GATED)


class FeedForward(nn.Module):
    """Vaswani et al. 2017, equation 2: `W_2 activation(W_1 x + b_1) + b_2`, token by token.

    With swiglu (Shazeer 2020, equation 6) a third matrix, of the size of the first, says how much
    of each feature passes: `W_2 (silu(W_1 x + b_1) ∘ (V x + c)) + b_2`, with `silu(u) = u σ(u)`.
    It comes on top: the same `inner_size` has half as many parameters again, and two thirds of it
    (the paper's rule) have as many as the two matrices of relu or gelu.
    """

    def __init__(self, activation: str, size: int, inner_size: int, dropout: float) -> None:
        super().__init__()
        if activation not in ACTIVATIONS:
            raise UsageError(f"model.activation={activation} is none of: {', '.join(ACTIVATIONS)}")
        self.activation = (_PLAIN | _GATED)[activation]
        self.dropout = dropout
        self.inner = nn.Linear(size, inner_size)
        self.gate = nn.Linear(size, inner_size) if activation in _GATED else None
        self.outer = nn.Linear(inner_size, size)
        for linear in filter(None, (self.inner, self.gate, self.outer)):
            nn.init.xavier_uniform_(linear.weight)
            nn.init.zeros_(linear.bias)

    def forward(self, x: Float[Tensor, "*batch size"]) -> Float[Tensor, "*batch size"]:
        """(…, size) -> (…, inner size) -> (…, size)."""
        inner = self.activation(self.inner(x))
        if self.gate is not None:
            inner = inner * self.gate(x)
        answer: Tensor = self.outer(dropout(inner, self.dropout, self.training))
        return answer
