"""What is common to normalisers that give no weight to what scores too low: how rows are prepared.

Such a normaliser gives a key some weight only if it scores less than 1 below the best one. So it is
all the same how far below that a score lies, and hidden keys may be put there too: no infinity is
ever reckoned with.
"""

import torch
from jaxtyping import Float
from torch import Tensor

from attnlab.attention.normalisers.interface import Mask

_FAR_BELOW = -2.0


def below_the_best(
    scores: Float[Tensor, "*batch queries keys"], mask: Mask | None
) -> Float[Tensor, "*batch queries keys"]:
    """Scores less the best one of their row that may be seen, none under -2; hidden ones are -2.

    In single precision at least.
    """
    if scores.dtype.itemsize < 4:
        scores = scores.float()
    if mask is None:
        return (scores - scores.amax(-1, keepdim=True)).clamp_(min=_FAR_BELOW)
    scores = scores.masked_fill(~mask, -torch.inf)
    best = scores.amax(-1, keepdim=True)
    # Of a row of nothing but hidden keys -inf would be subtracted from -inf.
    best = best.masked_fill_(best.isneginf(), 0.0)
    return (scores - best).clamp_(min=_FAR_BELOW)


def only_visible(weights: Tensor, mask: Mask | None) -> Tensor:
    """Zeros for hidden keys: in a row of nothing but those all of them scored alike."""
    return weights if mask is None else weights.masked_fill(~mask, 0.0)
