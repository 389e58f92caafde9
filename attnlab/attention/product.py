"""Attention whose scores are scaled products, in as few steps as the machine has for it.

    softmax(scale · q kᵀ + bias) v

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
    key: Float[Tensor, "*memory keys size"],
    value: Float[Tensor, "*memory keys v"],
    mask: Bool[Tensor, "..."] | None,
    scale: float,
    dropout_share: float,
    bias: Float[Tensor, "..."] | None = None,
) -> Float[Tensor, "*batch queries v"]:
    """The average of values for each query; zeros where `mask` lets it see none.

    `dropout_share`: of weights, already 0 where nobody trains. `bias` is added to the scores, and
    broadcasts against (*batch, queries, keys) as `mask` does. Where keys and values have fewer
    heads than queries, as many neighbouring heads of queries as that takes share each of them.
    """
    if query.device.type == "cpu" and query.dtype == torch.bfloat16:
        return _in_bfloat16(query, key, value, mask, scale, dropout_share, bias)
    added, sees = mask, None
    if bias is not None:
        added, sees = _with_mask(bias.to(query.dtype), mask)
    answer = F.scaled_dot_product_attention(
        *_of_one_size(query, key, value),
        added,
        dropout_p=dropout_share,
        scale=scale,
        enable_gqa=query.dim() > 3 and query.size(-3) != key.size(-3),
    )[..., : value.size(-1)]
    return answer if sees is None else answer.masked_fill(~sees, 0.0)


def _of_one_size(query: Tensor, key: Tensor, value: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """With features of 0 behind the others of whichever has fewer: keys, or values.

    The kernel that never writes all weights down takes one size for all of them.
    """
    missing = key.size(-1) - value.size(-1)
    if missing > 0:
        return query, key, F.pad(value, (0, missing))
    if missing < 0:
        return F.pad(query, (0, -missing)), F.pad(key, (0, -missing)), value
    return query, key, value


def _with_mask(bias: Tensor, mask: Tensor | None) -> tuple[Tensor, Tensor | None]:
    """What to add to scores so that `mask` holds, and which queries see anything at all.

    A query that may see nothing is let see all, since a softmax of nothing is no number; its answer
    is for the caller to put right.
    """
    if mask is None:
        return bias, None
    sees = mask.any(-1, keepdim=True)
    return bias.masked_fill(sees & ~mask, -torch.inf), sees


def _in_bfloat16(
    query: Tensor,
    key: Tensor,
    value: Tensor,
    mask: Tensor | None,
    scale: float,
    share: float,
    bias: Tensor | None,
) -> Tensor:
    """By two products: a CPU's fused kernel is five times slower backwards in bfloat16."""
    shape = (*query.shape[:-1], key.size(-2))
    # (batch, heads, length, size) -> (batch · heads, length, size); heads that share a key stand
    # one after the other, so that their queries are further queries of that one.
    key, value = key.flatten(0, -3), value.flatten(0, -3)
    query = query.reshape(len(key), -1, query.size(-1))
    sees = None
    if mask is None and bias is None:
        scores = torch.bmm(query * scale, key.transpose(1, 2))
    else:
        bias = query.new_zeros(()) if bias is None else bias.to(query.dtype)
        added, sees = _with_mask(bias, mask)
        added = added.expand(shape).reshape(len(key), -1, shape[-1])
        scores = torch.baddbmm(added, query, key.transpose(1, 2), alpha=scale)
    weights = dropout(_softmax(scores), share, training=True)
    answer = torch.bmm(weights, value).view(*shape[:-1], -1)
    return answer if sees is None or sees.all() else answer.masked_fill(~sees, 0.0)


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
