"""R-Drop: a model reads each sentence twice, with other dropout, and is to say the same of it.

Liang et al. 2021 (R-Drop: Regularized Dropout for Neural Networks), algorithm 1. As in
`cross_entropy`, logits live a few rows at a time. Knows no labels and no model.
"""

from typing import Any

import torch
from jaxtyping import Float
from torch import Tensor

from attnlab.attention.functional import matmul_dtype
from attnlab.data.batching import Batch

_LOGITS_AT_A_TIME = 1 << 21  # of each reading


def twice(batch: Batch) -> Batch:
    """All of the batch's sentences, and then all of them again."""
    return Batch(*(torch.cat([tensor, tensor]) for tensor in vars(batch).values()))


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
    logarithms are p and q.
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
        rows = max(1, _LOGITS_AT_A_TIME // len(w))
        for start in range(0, count, rows):
            end = min(start + rows, count)
            readings = slice(start, end), slice(count + start, count + end)
            # Differences of near neighbours follow, which takes more digits than a product's.
            logits = [(x[some] @ w.t()).to(weight.dtype) for some in readings]
            total += sum(each.logsumexp(-1).sum() for each in logits)
            probabilities = [each.softmax(-1) for each in logits]
            difference = logits[0] - logits[1]
            means = [(each * difference).sum(-1, keepdim=True) for each in probabilities]
            total += divergence_weight * (means[0] - means[1]).sum()
            if not learning:
                continue
            between = probabilities[0] - probabilities[1]
            for some, sign, p, mean in zip(readings, (1, -1), probabilities, means, strict=True):
                divergence_gradient = (difference - mean).mul_(p).add_(between)
                gradient = p.add(divergence_gradient, alpha=sign * divergence_weight)
                gradient = gradient.to(product_type)
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
