"""Operations without state, as in `torch.nn.functional`: casts, dropout, and fused attention."""

import math
from typing import Any

import torch
import torch.nn.functional as F
from jaxtyping import Bool, Float
from torch import Tensor

_BYTE_VALUES = 256
_WORD = torch.iinfo(torch.int64)
_VECTOR = 16  # float32 numbers in a register: torch's softmax takes shorter rows one by one


def matmul_dtype(x: Tensor) -> torch.dtype:
    """The dtype of matrix products with `x`: its own, or autocast's where that is enabled."""
    device = x.device.type
    if not torch.is_autocast_enabled(device):
        return x.dtype
    return torch.get_autocast_dtype(device)


def cast_for_matmul(x: Tensor) -> Tensor:
    """Cast `x` to its `matmul_dtype`, once for several products that read it."""
    return x.to(matmul_dtype(x))


def dropout(x: Tensor, p: float, training: bool) -> Tensor:
    """Zero features with probability `p` in training, and scale the others by 1 / (1 - p).

    Srivastava et al. 2014. On a CPU one random 64-bit word decides about eight features, where
    torch draws a number for each; p is then rounded to the nearest 1/256, and the scale is that of
    the rounded p. `make bench`: 23 % less time a training step of the default Transformer.
    """
    if not training or p == 0.0:
        return x
    dropped = round(p * _BYTE_VALUES)
    if x.device.type != "cpu" or dropped in (0, _BYTE_VALUES):
        return F.dropout(x, p)
    random = torch.empty(8 * math.ceil(x.numel() / 8), dtype=torch.uint8)
    bytes_ = random[: x.numel()].view(x.shape)
    if torch.compiler.is_compiling():
        _compiled_fill(random)
        mask = (bytes_ >= dropped).to(x.dtype)
    else:
        _fill(random)
        # Written as floats at once: comparing into booleans and casting those is slower.
        mask = torch.ge(bytes_, dropped, out=torch.empty(x.shape, dtype=x.dtype))
    return x * mask.mul_(_BYTE_VALUES / (_BYTE_VALUES - dropped))


def _fill(random: Tensor) -> None:
    """Fill `random`, whose length is a multiple of 8, with random bytes."""
    random.view(torch.int64).random_(_WORD.min, None)


# An operation that is opaque to torch.compile, whose own random numbers are slower.
_compiled_fill = torch.library.custom_op(
    "attnlab::fill_with_random_bytes", _fill, mutates_args={"random"}
)


def product_attention(
    query: Float[Tensor, "*batch queries size"],
    key: Float[Tensor, "*memory keys size"],
    value: Float[Tensor, "*memory keys v"],
    mask: Bool[Tensor, "..."] | None,
    scale: float,
    dropout_p: float,
    bias: Float[Tensor, "..."] | None = None,
) -> Float[Tensor, "*batch queries v"]:
    """`softmax(scale · q kᵀ + bias) v` without returning weights; zeros for a query without keys.

    `dropout_p` applies to weights, and must be 0 in evaluation. `mask` and `bias` broadcast
    against (*batch, queries, keys). With fewer heads of keys and values than of queries, groups of
    neighbouring query heads share one.

    On a CPU in bfloat16 the softmax is attnlab's own. `make bench`: 26 % less time a training step
    of the default Transformer than with torch's kernel.
    """
    if query.device.type == "cpu" and query.dtype == torch.bfloat16:
        return _in_bfloat16(query, key, value, mask, scale, dropout_p, bias)
    attn_mask, has_keys = mask, None
    if bias is not None:
        attn_mask, has_keys = _masked_bias(bias.to(query.dtype), mask)
    output = F.scaled_dot_product_attention(
        *_pad_to_one_size(query, key, value),
        attn_mask,
        dropout_p=dropout_p,
        scale=scale,
        enable_gqa=query.dim() > 3 and query.size(-3) != key.size(-3),
    )[..., : value.size(-1)]
    return output if has_keys is None else output.masked_fill(~has_keys, 0.0)


def _pad_to_one_size(query: Tensor, key: Tensor, value: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """Pad features with zeros to one size for all, as the memory-efficient kernel requires."""
    missing = key.size(-1) - value.size(-1)
    if missing > 0:
        return query, key, F.pad(value, (0, missing))
    if missing < 0:
        return F.pad(query, (0, -missing)), F.pad(key, (0, -missing)), value
    return query, key, value


def _masked_bias(bias: Tensor, mask: Tensor | None) -> tuple[Tensor, Tensor | None]:
    """`bias` with -inf at hidden keys, and which queries have a visible key.

    A query without one keeps all keys, since its softmax would be NaN; the caller zeroes it.
    """
    if mask is None:
        return bias, None
    has_keys = mask.any(-1, keepdim=True)
    return bias.masked_fill(has_keys & ~mask, -torch.inf), has_keys


def _in_bfloat16(
    query: Tensor,
    key: Tensor,
    value: Tensor,
    mask: Tensor | None,
    scale: float,
    dropout_p: float,
    bias: Tensor | None,
) -> Tensor:
    """Two products: on a CPU the fused kernel's backward in bfloat16 is five times slower."""
    shape = (*query.shape[:-1], key.size(-2))
    # (batch, heads, length, size) -> (batch · heads, length, size); query heads that share a key
    # head become further queries of it.
    key, value = key.flatten(0, -3), value.flatten(0, -3)
    query = query.reshape(len(key), -1, query.size(-1))
    has_keys = None
    if mask is None and bias is None:
        scores = torch.bmm(query * scale, key.transpose(1, 2))
    else:
        bias = query.new_zeros(()) if bias is None else bias.to(query.dtype)
        added, has_keys = _masked_bias(bias, mask)
        added = added.expand(shape).reshape(len(key), -1, shape[-1])
        scores = torch.baddbmm(added, query, key.transpose(1, 2), alpha=scale)
    weights: Tensor = _Softmax.apply(scores)  # type: ignore[no-untyped-call]
    weights = dropout(weights, dropout_p, training=True)
    output = torch.bmm(weights, value).view(*shape[:-1], -1)
    return output if has_keys is None or has_keys.all() else output.masked_fill(~has_keys, 0.0)


class _Softmax(torch.autograd.Function):
    """`a_j = exp(s_j) / Σ_k exp(s_k)`, with the gradient `a_j (g_j - Σ_k a_k g_k)`.

    In single precision inside. On a CPU torch's takes four times as long for short rows of
    half-precision scores.
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
