"""Normalisers with exact zeros: the sparsemax and the 1.5-entmax."""

from typing import Any

import torch
from torch import Tensor

from attnlab.attention.normalisers.interface import (
    NORMALISERS,
    Mask,
    Normaliser,
    NormaliserConfig,
    Scores,
)

_WITHOUT_WEIGHT = -2.0  # a score so far below the best one has no weight with either normaliser


def _relative_to_best(scores: Tensor, mask: Tensor | None) -> Tensor:
    """Scores minus the best visible one of their row, clamped to -2; hidden keys are -2.

    A key gets weight only if it scores less than 1 below the best one, so clamping changes no
    weight, and no infinity enters the sums. Single precision at least.
    """
    if scores.dtype.itemsize < 4:
        scores = scores.float()
    if mask is None:
        return (scores - scores.amax(-1, keepdim=True)).clamp_(min=_WITHOUT_WEIGHT)
    scores = scores.masked_fill(~mask, -torch.inf)
    best = scores.amax(-1, keepdim=True)
    best = best.masked_fill_(best.isneginf(), 0.0)  # of a row without visible keys
    return (scores - best).clamp_(min=_WITHOUT_WEIGHT)


def _hide(weights: Tensor, mask: Tensor | None) -> Tensor:
    """Zeros for hidden keys, which score alike in a row without visible ones."""
    return weights if mask is None else weights.masked_fill(~mask, 0.0)


class _Sparsemax(torch.autograd.Function):
    """`max(0, z_j - τ)`, with the gradient `g_j - Σ_{k in S} g_k / |S|` on the support S.

    Martins & Astudillo 2016, algorithm 1 and the Jacobian. NaN scores give NaN weights.
    """

    @staticmethod
    def forward(ctx: Any, scores: Tensor, mask: Tensor | None) -> Tensor:
        z = _relative_to_best(scores, mask)
        descending = z.sort(dim=-1, descending=True).values
        sums = descending.cumsum(-1)
        ranks = torch.arange(1, z.size(-1) + 1, dtype=z.dtype, device=z.device)
        support_size = (1 + ranks * descending > sums).sum(-1, keepdim=True).clamp(min=1)
        threshold = (sums.gather(-1, support_size - 1) - 1) / support_size
        weights = _hide((z - threshold).clamp_(min=0), mask).to(scores.dtype)
        ctx.save_for_backward(weights)
        return weights

    @staticmethod
    @torch.autograd.function.once_differentiable
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor, None]:
        (weights,) = ctx.saved_tensors
        support = weights > 0
        gradient = torch.where(support, gradient, 0.0)
        gradient = gradient.float() if gradient.dtype.itemsize < 4 else gradient
        mean = gradient.sum(-1, keepdim=True) / support.sum(-1, keepdim=True).clamp(min=1)
        return torch.where(support, gradient - mean, 0.0).to(weights.dtype), None


@NORMALISERS.register("sparsemax", NormaliserConfig)
class Sparsemax(Normaliser):
    """Martins & Astudillo 2016, equation 2: `argmin_p ‖p - z‖²` over weights p; z are scores.

    The solution is `p_j = max(0, z_j - τ)`, with the τ for which the weights sum to 1. A key that
    scores 1 or more below the best one has no weight.
    """

    formula = "max(0, z − τ)"
    entmax_alpha = 2.0

    def __init__(self, config: NormaliserConfig) -> None:
        super().__init__()

    def forward(self, scores: Scores, mask: Mask | None) -> Scores:
        """See `Normaliser`."""
        weights: Tensor = _Sparsemax.apply(scores, mask)  # type: ignore[no-untyped-call]
        return weights


class _Entmax15(torch.autograd.Function):
    """`max(0, z_j / 2 - τ)²`, with the gradient `s_j (g_j - Σ_k s_k g_k / Σ_k s_k)`, `s = √p`.

    Peters et al. 2019, algorithm 2, which is exact, and the Jacobian. NaN scores give NaN weights.
    """

    @staticmethod
    def forward(ctx: Any, scores: Tensor, mask: Tensor | None) -> Tensor:
        z = _relative_to_best(scores / 2, mask)
        descending = z.sort(dim=-1, descending=True).values
        ranks = torch.arange(1, z.size(-1) + 1, dtype=z.dtype, device=z.device)
        mean = descending.cumsum(-1) / ranks
        # Sum of squares of the k greatest about their mean; rounding may leave it just under 0.
        spread = descending.square().cumsum(-1) - ranks * mean.square()
        thresholds = mean - ((1 - spread) / ranks).clamp_(min=0).sqrt()
        support_size = (thresholds <= descending).sum(-1, keepdim=True).clamp(min=1)
        threshold = thresholds.gather(-1, support_size - 1)
        weights = _hide((z - threshold).clamp_(min=0).square(), mask).to(scores.dtype)
        ctx.save_for_backward(weights)
        return weights

    @staticmethod
    @torch.autograd.function.once_differentiable
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor, None]:
        (weights,) = ctx.saved_tensors
        roots = weights.float() if weights.dtype.itemsize < 4 else weights
        roots = roots.sqrt()
        weighted = gradient * roots
        total = roots.sum(-1, keepdim=True)
        mean = weighted.sum(-1, keepdim=True) / total.masked_fill(total == 0, 1.0)
        return (weighted - mean * roots).to(weights.dtype), None


@NORMALISERS.register("entmax15", NormaliserConfig)
class Entmax15(Normaliser):
    """Peters et al. 2019, section 3, with α = 1.5: `p_j = max(0, z_j / 2 - τ)²`.

    z are scores; τ is the number for which the weights sum to 1. α-entmax is the softmax at α = 1
    and the sparsemax at α = 2. A key that scores 2 or more below the best one has no weight.
    """

    formula = "max(0, z/2 − τ)²"
    entmax_alpha = 1.5

    def __init__(self, config: NormaliserConfig) -> None:
        super().__init__()

    def forward(self, scores: Scores, mask: Mask | None) -> Scores:
        """See `Normaliser`."""
        weights: Tensor = _Entmax15.apply(scores, mask)  # type: ignore[no-untyped-call]
        return weights
