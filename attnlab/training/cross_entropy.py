"""The cross-entropy of many rows with one token each, without all of their logits.

A batch's logits are by far its largest tensor: tokens × vocabulary. Here they live a few hundred
rows at a time, since what the backward pass needs of them is worked out while they are there.
Knows no model.
"""

from typing import Any

import torch
from jaxtyping import Float, Int
from torch import Tensor

from attnlab.attention.functional import matmul_dtype

_LOGITS_AT_A_TIME = 1 << 22
_LEAST_LOG_PROBABILITY = -80.0  # e to it is near the least number that bfloat16 has


def summed_cross_entropy(
    features: Float[Tensor, "rows features"],
    weight: Float[Tensor, "vocabulary features"],
    tokens: Int[Tensor, " rows"],
    label_smoothing: float = 0.0,
) -> Float[Tensor, ""]:
    """`Σ_i -log p_i(t_i)` in nats: p_i is the softmax of `l_iv = x_i · w_v`, t_i the right token.

    Label smoothing ε (Szegedy et al. 2016, section 7) wants `y_i`: 1 - ε for the right token, and ε
    spread evenly over the vocabulary. `-Σ_v y_iv log p_iv = log Σ_v exp(l_iv) - Σ_v y_iv l_iv`.

    Under autocast the products are of its type, and the sums of at least float32.
    """
    total: Tensor = _SummedCrossEntropy.apply(  # type: ignore[no-untyped-call]
        features, weight, tokens, label_smoothing, torch.is_grad_enabled()
    )
    return total


def _less_at(x: Tensor, column: Tensor, amount: float) -> Tensor:
    """`x`, of which each row has lost `amount` in its `column`, (rows, 1).

    Along a flat view, since torch's scatter_add_ goes through all of a half-precision tensor.
    """
    rows = torch.arange(len(x), device=x.device).unsqueeze(1)
    places = (rows * x.size(1) + column).flatten()
    x.view(-1).index_add_(0, places, torch.full_like(places, -amount, dtype=x.dtype))
    return x


class _SummedCrossEntropy(torch.autograd.Function):
    """The gradient by l is P - Y, so it is `(P - Y) W` by x and `(P - Y)ᵀ X` by w.

    The even part of Y would take a pass over all logits; it comes in as the mean of all w_v, and
    as the sum of all x_i.
    """

    @staticmethod
    def forward(
        ctx: Any,
        features: Tensor,
        weight: Tensor,
        tokens: Tensor,
        label_smoothing: float,
        learning: bool,
    ) -> Tensor:
        product_type = matmul_dtype(weight)
        x, w = features.to(product_type), weight.to(product_type)
        right, even = 1 - label_smoothing, label_smoothing / len(weight)
        evenly = (
            label_smoothing * weight.mean(0) if label_smoothing else torch.zeros_like(weight[0])
        )
        feature_sum = features.sum(0, dtype=weight.dtype)
        total = -(feature_sum * evenly).sum()
        features_gradient = torch.empty_like(features, dtype=weight.dtype) if learning else None
        weight_gradient: Tensor | None = None
        rows = max(1, _LOGITS_AT_A_TIME // len(w))
        for start in range(0, len(x), rows):
            some = slice(start, start + rows)
            logits, token = x[some] @ w.t(), tokens[some].unsqueeze(-1)
            wanted = logits.gather(-1, token).squeeze(-1).to(total.dtype)
            probabilities = logits.softmax(-1)
            log_probability = probabilities.gather(-1, token).squeeze(-1).to(total.dtype).log()
            if (unlikely := log_probability < _LEAST_LOG_PROBABILITY).any():
                few = logits[unlikely].to(total.dtype)
                log_probability[unlikely] = wanted[unlikely] - few.logsumexp(-1)
            # With y as above, log Σ exp(l) - Σ y l is -log p + ε l less ε times the mean of l.
            total += (label_smoothing * wanted - log_probability).sum()
            if features_gradient is None:
                continue
            surplus = _less_at(probabilities, token, right)
            torch.sub(surplus @ w, evenly, out=features_gradient[some])
            part = surplus.t() @ x[some]
            if weight_gradient is None:
                weight_gradient = part - even * feature_sum
            else:
                weight_gradient += part
        if weight_gradient is None:
            weight_gradient = torch.zeros_like(weight)
        if features_gradient is not None:
            ctx.features_type = features.dtype
            ctx.save_for_backward(features_gradient, weight_gradient)
        return total

    @staticmethod
    @torch.autograd.function.once_differentiable
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor, Tensor, None, None, None]:
        features_gradient, weight_gradient = ctx.saved_tensors
        by_features = (features_gradient * gradient).to(ctx.features_type)
        return by_features, weight_gradient * gradient, None, None, None
