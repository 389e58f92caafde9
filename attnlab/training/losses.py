"""Losses over the vocabulary that never hold all logits at once.

A batch's logits, tokens × vocabulary, are by far its largest tensor. Here they are computed a few
hundred rows at a time, and the gradients with them.
"""

from typing import Any

import torch
from jaxtyping import Float, Int
from torch import Tensor

from attnlab.attention.functional import matmul_dtype

_LOGITS_AT_A_TIME = 1 << 22
_R_DROP_LOGITS_AT_A_TIME = 1 << 21  # of each reading
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

    Under autocast the products are of its type, and the sums of at least float32. `make bench`:
    15 % less time a training step of the default Transformer than with torch's operations.
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


def total_log_partition_and_divergence(
    features: Float[Tensor, "rows_of_both_readings features"],
    weight: Float[Tensor, "vocabulary features"],
    divergence_weight: float,
) -> Float[Tensor, ""]:
    """`Σ_i (log Σ_v exp(x_i · w_v) + log Σ_v exp(y_i · w_v) + β (KL(p_i‖q_i) + KL(q_i‖p_i)))`.

    x_i are the rows of the first half of `features`, y_i those of the second, w_v those of
    `weight`; p_i and q_i are the softmax of x_i's logits and of y_i's, and β is
    `divergence_weight`. Under autocast the products are of its type, and all else is of the
    weight's.
    """
    total: Tensor = _TotalLogPartitionAndDivergence.apply(  # type: ignore[no-untyped-call]
        features, weight, divergence_weight, torch.is_grad_enabled()
    )
    return total


class _TotalLogPartitionAndDivergence(torch.autograd.Function):
    """With logits a, b and d = a - b, `KL(p‖q) + KL(q‖p) = Σ_v (p_v - q_v) d_v = E_p d - E_q d`.

    Its gradient by a is `p - q + p (d - E_p d)`, and by b `q - p - q (d - E_q d)`; those of the
    logarithms are p and q. So that of the whole by a is `p (1 + β - β E_p d + β d) - β q`.
    """

    @staticmethod
    def forward(
        ctx: Any, features: Tensor, weight: Tensor, divergence_weight: float, learning: bool
    ) -> Tensor:
        product_type = matmul_dtype(weight)
        x, w = features.to(product_type), weight.to(product_type)
        total = torch.zeros((), dtype=weight.dtype, device=weight.device)
        if learning:
            ctx.features_type = features.dtype
            features_gradient, weight_gradient = torch.empty_like(x), torch.zeros_like(weight)
        count = len(x) // 2
        rows = max(1, _R_DROP_LOGITS_AT_A_TIME // len(w))
        for start in range(0, count, rows):
            end = min(start + rows, count)
            readings = slice(start, end), slice(count + start, count + end)
            # Differences of near neighbours follow, which takes more digits than a product's.
            logits = [(x[some] @ w.t()).to(weight.dtype) for some in readings]
            probabilities = [each.softmax(-1) for each in logits]
            for each, p in zip(logits, probabilities, strict=True):
                # The likeliest token's l - log p is log Σ exp(l), without exponentials once more.
                total += (each.amax(-1) - p.amax(-1).log()).sum()
            difference = logits[0].sub_(logits[1])
            means = [(p * difference).sum(-1, keepdim=True) for p in probabilities]
            total += divergence_weight * (means[0] - means[1]).sum()
            if not learning:
                continue
            for i, some in enumerate(readings):
                signed = divergence_weight * (1 - 2 * i)
                p, other = probabilities[i], probabilities[1 - i]
                rest = 1 + divergence_weight - signed * means[i]
                gradient = torch.add(rest, difference, alpha=signed).mul_(p)
                gradient = gradient.sub_(other, alpha=divergence_weight).to(product_type)
                features_gradient[some] = gradient @ w
                weight_gradient += gradient.t() @ x[some]
        if learning:
            ctx.save_for_backward(features_gradient, weight_gradient)
        return total

    @staticmethod
    @torch.autograd.function.once_differentiable
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor, Tensor, None, None]:
        features_gradient, weight_gradient = ctx.saved_tensors
        by_features = features_gradient.to(gradient.dtype) * gradient
        return by_features.to(ctx.features_type), weight_gradient * gradient, None, None
