"""Attention whose scores are scaled products, in as few steps as the machine has for it.

    softmax(scale · q kᵀ) v

The same as `AttentionPooling` does step by step, without weights for anybody to look at.
"""

import torch
import torch.nn.functional as F
from jaxtyping import Bool, Float
from torch import Tensor

from attnlab.attention.dropout import dropout


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
    weights = dropout(scores.softmax(-1), share, training=True)
    answer = torch.bmm(weights, value).view(*shape[:-1], -1)
    return answer if mask is None or sees.all() else answer.masked_fill(~sees, 0.0)
