"""The 1.5-entmax, half way from the softmax to the sparsemax: smooth, with exact zeros."""

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


class _Entmax15(torch.autograd.Function):
    """`max(0, z_j / 2 - τ)²`, and backwards `s_j (g_j - Σ_k s_k g_k / Σ_k s_k)` with `s = √p`.

    Peters et al. 2019, algorithm 2, which sorts and is exact, and the Jacobian. Where a score is no
    number, no weight is.
    """

    @staticmethod
    def forward(ctx: Any, scores: Tensor, mask: Tensor | None) -> Tensor:
        z = below_the_best(scores / 2, mask)
        greatest = z.sort(dim=-1, descending=True).values
        ranks = torch.arange(1, z.size(-1) + 1, dtype=z.dtype, device=z.device)
        mean = greatest.cumsum(-1) / ranks
        # Squares of the k greatest about their mean; rounding may put them a little under 0.
        spread = greatest.square().cumsum(-1) - ranks * mean.square()
        thresholds = mean - ((1 - spread) / ranks).clamp_(min=0).sqrt()
        support_size = (thresholds <= greatest).sum(-1, keepdim=True).clamp(min=1)
        threshold = thresholds.gather(-1, support_size - 1)
        weights = only_visible((z - threshold).clamp_(min=0).square(), mask).to(scores.dtype)
        ctx.save_for_backward(weights)
        return weights

    @staticmethod
    @torch.autograd.function.once_differentiable
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor, None]:
        (weights,) = ctx.saved_tensors
        roots = weights.float() if weights.dtype.itemsize < 4 else weights
        roots = roots.sqrt()
        kept = gradient * roots
        total = roots.sum(-1, keepdim=True)
        mean = kept.sum(-1, keepdim=True) / total.masked_fill(total == 0, 1.0)
        return (kept - mean * roots).to(weights.dtype), None


@dataclass(kw_only=True)
class Entmax15Config(NormaliserConfig):
    """Nothing to choose."""


@NORMALISERS.register("entmax15", Entmax15Config)
class Entmax15(Normaliser):
    """Peters et al. 2019, section 3, with α = 1.5: `p_j = max(0, z_j / 2 - τ)²`.

    z are scores, and τ is the one number for which the weights sum to 1. α-entmax is the softmax at
    α = 1 and the sparsemax at α = 2. A key that scores 2 or more below the best one has no weight.
    """

    formula = "max(0, z/2 − τ)²"
    entmax_alpha = 1.5

    def __init__(self, config: Entmax15Config) -> None:  # noqa: ARG002
        super().__init__()

    def forward(
        self, scores: Float[Tensor, "*batch queries keys"], mask: Mask | None
    ) -> Float[Tensor, "*batch queries keys"]:
        """See `Normaliser`."""
        weights: Tensor = _Entmax15.apply(scores, mask)  # type: ignore[no-untyped-call]
        return weights
