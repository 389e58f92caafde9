"""Attention whose scores are scaled products, in as few steps as the machine has for it.

    softmax(scale · q kᵀ) v

The same as `AttentionPooling` does step by step, without weights for anybody to look at.
"""

from typing import Any

import torch
import torch.nn.functional as F
from jaxtyping import Bool, Float
from torch import Tensor

from attnlab.attention.dropout import dropout

_VECTOR = 16  # float32 numbers in a register: torch's softmax takes shorter rows one by one


def product_attention(
    query: Float[Tensor, "*batch queries size"],
    key: Float[Tensor, "*batch keys size"],
    value: Float[Tensor, "*batch keys v"],
    mask: Bool[Tensor, "..."] | None,
    scale: float,
    dropout_share: float,
) -> Float[Tensor, "*batch queries v"]:
    """The average of values for each query; zeros where `mask` lets it see none.

    `dropout_share`: of weights, already 0 where nobody trains.
    """
    if query.device.type == "cpu" and query.dtype == torch.bfloat16:
        return _in_bfloat16(query, key, value, mask, scale, dropout_share)
    return F.scaled_dot_product_attention(
        query, key, value, mask, dropout_p=dropout_share, scale=scale
    )


def _in_bfloat16(
    query: Tensor, key: Tensor, value: Tensor, mask: Tensor | None, scale: float, share: float
) -> Tensor:
    """By two products: a CPU's fused kernel is five times slower backwards in bfloat16."""
    shape = (*query.shape[:-1], key.size(-2))
    # (batch, heads, length, size) -> (batch · heads, length, size)
    query, key, value = (x.flatten(0, -3) for x in (query, key, value))
    if mask is None:
        scores = torch.bmm(query * scale, key.transpose(1, 2))
    else:
        # A query that may see nothing is let see all, since a softmax of nothing is no number; its
        # answer is put right below.
        sees = mask.any(-1, keepdim=True)
        hidden = torch.zeros_like(mask, dtype=query.dtype).masked_fill_(sees & ~mask, -torch.inf)
        hidden = hidden.expand(shape).flatten(0, -3)
        scores = torch.baddbmm(hidden, query, key.transpose(1, 2), alpha=scale)
    weights = dropout(_softmax(scores), share, training=True)
    answer = torch.bmm(weights, value).view(*shape[:-1], -1)
    return answer if mask is None or sees.all() else answer.masked_fill(~sees, 0.0)


def _softmax(scores: Tensor) -> Tensor:
    weights: Tensor = _Softmax.apply(scores)  # type: ignore[no-untyped-call]
    return weights


class _Softmax(torch.autograd.Function):
    """`a_j = exp(s_j) / Σ_k exp(s_k)` over short rows, and backwards `a_j (g_j - Σ_k a_k g_k)`.

    torch's own, over a sentence's few half-precision weights, takes four times as long on a CPU.
    """

    @staticmethod
    def forward(ctx: Any, scores: Tensor) -> Tensor:
        if scores.size(-1) < _VECTOR:
            exponentials = scores.float().sub_(scores.amax(-1, keepdim=True)).exp_()
            weights = exponentials.div_(exponentials.sum(-1, keepdim=True))
        else:
            weights = scores.float().softmax(-1)
        weights = weights.to(scores.dtype)
        ctx.save_for_backward(weights)
        return weights

    @staticmethod
    @torch.autograd.function.once_differentiable
    def backward(ctx: Any, gradient: Tensor) -> Tensor:
        (weights,) = ctx.saved_tensors
        weighted = gradient.float().mul_(weights)
        weighted.sub_(weighted.sum(-1, keepdim=True) * weights)
        return weighted.to(weights.dtype)
