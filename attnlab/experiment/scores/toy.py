"""The toy inputs of Dive into Deep Learning's section on scoring functions, and their weights.

Two sentences of ten keys, of which the first two and the first six may be seen; one query each.
The book's keys are all ones, so that every score that looks at keys finds them alike; a second pair
of sentences has keys that are drawn, as the queries are, from a normal distribution.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from attnlab.attention.normalisers import NORMALISERS, NormaliserConfig
from attnlab.attention.pooling import AttentionPooling
from attnlab.attention.scores import SCORES, ScoreConfig

KEYS, KEY_SIZE, SEEN = 10, 2, (2, 6)
WIDE_QUERY_SIZE = 20
"""Of queries, where the score lets it differ from that of keys."""

ROWS = [
    *(f"keys alike, {seen} seen" for seen in SEEN),
    *(f"keys drawn, {seen} seen" for seen in SEEN),
]


@dataclass(frozen=True, kw_only=True)
class ToyWeights:
    """What one score and one normaliser make of the toy inputs.

    `weights`: (rows, keys), NaN where a key is hidden.
    """

    score: str
    normaliser: str
    query_size: int
    weights: NDArray[np.float64]


def toy_weights(
    scores: Sequence[ScoreConfig], normalisers: Sequence[NormaliserConfig], seed: int
) -> list[ToyWeights]:
    """Of each score with each normaliser: the same queries, keys and first weights for all."""
    visible = torch.arange(KEYS) < torch.tensor(SEEN * 2)[:, None]
    found = []
    for score in scores:
        torch.manual_seed(seed)
        wide, narrow = torch.randn(2, 1, WIDE_QUERY_SIZE), torch.randn(2, 1, KEY_SIZE)
        keys = torch.cat([torch.ones(2, KEYS, KEY_SIZE), torch.randn(2, KEYS, KEY_SIZE)])
        unequal = getattr(SCORES.maker(score.name), "takes_unequal_sizes", False)
        query = (wide if unequal else narrow).repeat(2, 1, 1)
        built = SCORES.build(score, query.size(-1), KEY_SIZE)
        for normaliser in normalisers:
            pooling = AttentionPooling(built, normaliser=NORMALISERS.build(normaliser))
            weights = _weights(pooling, query, keys, visible)
            found.append(
                ToyWeights(
                    score=score.name,
                    normaliser=normaliser.name,
                    query_size=query.size(-1),
                    weights=weights.masked_fill(~visible, torch.nan).double().numpy(),
                )
            )
    return found


@torch.no_grad()
def _weights(pooling: AttentionPooling, query: Tensor, keys: Tensor, visible: Tensor) -> Tensor:
    step = pooling.attend(query, pooling.prepare(keys, keys), visible.unsqueeze(1))
    return step.weights.squeeze(1)
