"""The softmax: every key that may be seen gets some weight, the better its score the more."""

from dataclasses import dataclass

import torch
from jaxtyping import Float
from torch import Tensor

from attnlab.attention.normalisers.interface import (
    NORMALISERS,
    Mask,
    Normaliser,
    NormaliserConfig,
)


def masked_softmax(
    scores: Float[Tensor, "*batch queries keys"], mask: Mask | None
) -> Float[Tensor, "*batch queries keys"]:
    """Weights over the keys that `mask` lets be seen; zeros for a query that sees none."""
    if mask is None:
        return scores.softmax(dim=-1)
    weights = scores.masked_fill(~mask, -torch.inf).softmax(dim=-1)
    # The softmax of a row of nothing but -inf is NaN.
    return weights.masked_fill(~mask, 0.0)


@dataclass(kw_only=True)
class SoftmaxConfig(NormaliserConfig):
    """Nothing to choose."""


@NORMALISERS.register("softmax", SoftmaxConfig)
class Softmax(Normaliser):
    """Bahdanau et al. 2015, A.1.2: `a_ij = exp(e_ij) / Σ_k exp(e_ik)`; e are scores."""

    formula = "exp(z) / Σ exp(z)"

    def __init__(self, config: SoftmaxConfig | None = None) -> None:  # noqa: ARG002
        super().__init__()

    @property
    def softmax_factor(self) -> float:
        """1."""
        return 1.0

    def forward(
        self, scores: Float[Tensor, "*batch queries keys"], mask: Mask | None
    ) -> Float[Tensor, "*batch queries keys"]:
        """See `Normaliser`."""
        return masked_softmax(scores, mask)
