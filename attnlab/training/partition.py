"""The logarithm of a softmax's denominator, summed over many rows, without all of their logits.

A batch's logits are by far its largest tensor: tokens × vocabulary. Here they live a few hundred
rows at a time, since what the backward pass needs of them is worked out while they are there.
Knows no labels and no model.
"""

from typing import Any

import torch
from jaxtyping import Float
from torch import Tensor

_LOGITS_AT_A_TIME = 1 << 22


def total_log_partition(
    features: Float[Tensor, "rows features"], weight: Float[Tensor, "vocabulary features"]
) -> Float[Tensor, ""]:
    """`Σ_i log Σ_v exp(x_i · w_v)`, with x_i the rows of `features` and w_v those of `weight`.

    Under autocast the products are of its type, and the sums of at least float32.
    """
    total: Tensor = _TotalLogPartition.apply(  # type: ignore[no-untyped-call]
        features, weight, torch.is_grad_enabled()
    )
    return total


class _TotalLogPartition(torch.autograd.Function):
    """The gradient of `log Σ_v exp(l_v)` by l is the softmax p of l, so `Pᵀ X` and `P W` here."""

    @staticmethod
    def forward(ctx: Any, features: Tensor, weight: Tensor, learning: bool) -> Tensor:
        device = features.device.type
        autocast = torch.is_autocast_enabled(device)
        product_type = torch.get_autocast_dtype(device) if autocast else weight.dtype
        x, w = features.to(product_type), weight.to(product_type)
        total = torch.zeros((), dtype=weight.dtype, device=weight.device)
        if learning:
            ctx.features_type = features.dtype
            features_gradient, weight_gradient = torch.empty_like(x), torch.zeros_like(weight)
        rows = max(1, _LOGITS_AT_A_TIME // len(w))
        for start in range(0, len(x), rows):
            some = slice(start, start + rows)
            logits = x[some] @ w.t()
            probabilities = logits.softmax(-1)
            # log p = l - log Σ exp for any token; the likeliest one's p is far from 0.
            largest, likeliest = logits.amax(-1), probabilities.amax(-1)
            total += (largest.to(total.dtype) - likeliest.to(total.dtype).log()).sum()
            if learning:
                features_gradient[some] = probabilities @ w
                weight_gradient += probabilities.t() @ x[some]
        if learning:
            ctx.save_for_backward(features_gradient, weight_gradient)
        return total

    @staticmethod
    @torch.autograd.function.once_differentiable
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor, Tensor, None]:
        features_gradient, weight_gradient = ctx.saved_tensors
        by_features = features_gradient.to(gradient.dtype) * gradient
        return by_features.to(ctx.features_type), weight_gradient * gradient, None
