"""The coverage loss: what a translation looks at twice costs something.

See et al. 2017, equation 12. Whatever the model, it is of the attention from the target to the
source. Knows no labels.
"""

from collections import defaultdict
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import torch
import torch.nn.functional as F
from jaxtyping import Bool, Float
from torch import Tensor

from attnlab.attention.pooling import AttentionStep
from attnlab.attention.recording import attentions, observe_attention
from attnlab.models.interface import EncoderDecoder

Looked = Mapping[str, list[Tensor]]
"""The weights of each cross-attention by its name, in the order in which it was asked; each
(batch, queries, keys), or with heads (batch, heads, queries, keys)."""


def crosses(name: str) -> bool:
    """Whether the attention of that readable name looks from the target to the source."""
    return name.split(".")[-1] == "cross"


def has_cross_attention(model: EncoderDecoder[Any]) -> bool:
    """Whether there is anything to cover the source with."""
    return any(map(crosses, attentions(model)))


@contextmanager
def watch_cross_attention(model: EncoderDecoder[Any]) -> Iterator[Looked]:
    """Collect the weights of all cross-attention in the block, to learn by them as well."""
    looked: dict[str, list[Tensor]] = defaultdict(list)

    def observe(name: str, step: AttentionStep) -> None:
        looked[name].append(step.weights)

    with observe_attention(model, observe, crosses):
        yield looked


def total_coverage_loss(
    looked: Looked, target_mask: Bool[Tensor, "batch queries"]
) -> Float[Tensor, ""]:
    """`Σ_t Σ_j min(a_j^t, c_j^t)` with `c^t = Σ_{t' < t} a^{t'}`, over steps t that say a token.

    0 where every step looks at something new. Of several heads and layers it is the mean.
    """
    return torch.stack([_of_one(weights, target_mask) for weights in looked.values()]).mean()


def _of_one(steps: list[Tensor], target_mask: Tensor) -> Tensor:
    weights = torch.cat(steps, dim=-2)
    before = weights[..., :-1, :].cumsum(-2)
    covered = F.pad(before, (0, 0, 1, 0))  # by the first step, nothing
    overlap = torch.minimum(weights, covered).sum(-1)  # (batch, queries) or with heads
    if overlap.dim() == 3:
        overlap = overlap.mean(1)
    return overlap[target_mask].sum()
