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
    words = torch.empty(math.ceil(x.numel() / 8), dtype=torch.int64).random_(_WORD.min, None)
    bytes_ = words.view(torch.uint8)[: x.numel()].view(x.shape)
    # Written as numbers at once: to compare into booleans and turn those into numbers is slow.
    kept = torch.ge(bytes_, dropped, out=torch.empty(x.shape, dtype=x.dtype))
    return x * kept.mul_(_STEPS / (_STEPS - dropped))
