"""Dropout (Srivastava et al. 2014), whose masks cost next to nothing on a CPU.

torch draws a random number for each feature; one random 64-bit word serves eight of them here,
since those draws took a fifth of a Transformer's training step on a CPU.
"""

import math

import torch
import torch.nn.functional as F
from torch import Tensor

_STEPS = 256  # a byte's values
_WORD = torch.iinfo(torch.int64)


def dropout(x: Tensor, share: float, training: bool) -> Tensor:
    """Set a `share` of features to zero at random, and scale the rest to the same sum on average.

    On a CPU the share is rounded to the nearest 1/256, and what is kept is scaled by just that.
    """
    if not training or share == 0.0:
        return x
    dropped = round(share * _STEPS)
    if x.device.type != "cpu" or dropped in (0, _STEPS):
        return F.dropout(x, share)
    random = torch.empty(8 * math.ceil(x.numel() / 8), dtype=torch.uint8)
    bytes_ = random[: x.numel()].view(x.shape)
    if torch.compiler.is_compiling():
        _fill_as_one_operation(random)
        kept = (bytes_ >= dropped).to(x.dtype)
    else:
        _fill(random)
        # Written as numbers at once: to compare into booleans and turn those into numbers is slow.
        kept = torch.ge(bytes_, dropped, out=torch.empty(x.shape, dtype=x.dtype))
    return x * kept.mul_(_STEPS / (_STEPS - dropped))


def _fill(random: Tensor) -> None:
    """Put random bytes into `random`, whose length is a multiple of 8."""
    random.view(torch.int64).random_(_WORD.min, None)


# torch's compiler would draw slower numbers of its own; what it cannot see into, it leaves alone.
_fill_as_one_operation = torch.library.custom_op(
    "attnlab::fill_with_random_bytes", _fill, mutates_args={"random"}
)
