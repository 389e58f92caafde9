"""The sparsemax: the nearest point of the simplex, where many weights are exactly zero."""

from dataclasses import dataclass
from typing import Any

import torch
from jaxtyping import Float
from torch import Tensor

from attnlab.attention.normalisers.interface import (
    NORMALISERS,
    Mask,
    Normaliser,
    NormaliserConfig,
)
from attnlab.attention.normalisers.visible import below_the_best, only_visible


class _Sparsemax(torch.autograd.Function):
    """`max(0, z_j - τ)`, and backwards, on the support S alone: `g_j - Σ_{k in S} g_k / |S|`.

    Martins & Astudillo 2016, algorithm 1 and the Jacobian. Where a score is no number, no
    weight is.
    """

    @staticmethod
    def forward(ctx: Any, scores: Tensor, mask: Tensor | None) -> Tensor:
        z = below_the_best(scores, mask)
        greatest = z.sort(dim=-1, descending=True).values
        sums = greatest.cumsum(-1)
        ranks = torch.arange(1, z.size(-1) + 1, dtype=z.dtype, device=z.device)
        support_size = (1 + ranks * greatest > sums).sum(-1, keepdim=True).clamp(min=1)
        threshold = (sums.gather(-1, support_size - 1) - 1) / support_size
        weights = only_visible((z - threshold).clamp_(min=0), mask).to(scores.dtype)
        ctx.save_for_backward(weights)
        return weights

    @staticmethod
    @torch.autograd.function.once_differentiable
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor, None]:
        (weights,) = ctx.saved_tensors
        support = weights > 0
        kept = torch.where(support, gradient, 0.0)
        kept = kept.float() if kept.dtype.itemsize < 4 else kept
        mean = kept.sum(-1, keepdim=True) / support.sum(-1, keepdim=True).clamp(min=1)
        return torch.where(support, kept - mean, 0.0).to(weights.dtype), None


@dataclass(kw_only=True)
class SparsemaxConfig(NormaliserConfig):
    """Nothing to choose."""


@NORMALISERS.register("sparsemax", SparsemaxConfig)
class Sparsemax(Normaliser):
    """Martins & Astudillo 2016, equation 2: `argmin_p ‖p - z‖²` over weights p; z are scores.

    The nearest weights are `p_j = max(0, z_j - τ)`, with the one τ for which they sum to 1. A key
    that scores 1 or more below the best one has none.
    """

    formula = "max(0, z − τ)"
    entmax_alpha = 2.0

    def __init__(self, config: SparsemaxConfig) -> None:  # noqa: ARG002
        super().__init__()

    def forward(
        self, scores: Float[Tensor, "*batch queries keys"], mask: Mask | None
    ) -> Float[Tensor, "*batch queries keys"]:
        """See `Normaliser`."""
        weights: Tensor = _Sparsemax.apply(scores, mask)  # type: ignore[no-untyped-call]
        return weights
