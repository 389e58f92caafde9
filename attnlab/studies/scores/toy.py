"""The toy inputs of Dive into Deep Learning's section on scoring functions, and their weights.

Two sentences of ten keys, of which the first two and the first six may be seen; one query each. The
values are 0 to 39, four a key. The book's keys are all ones, so that every score that looks at keys
finds them alike; a second pair of sentences has keys that are drawn, as the queries are, from a
normal distribution.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray

from attnlab.attention.normalisers import NORMALISERS, NormaliserConfig
from attnlab.attention.pooling import AttentionPooling
from attnlab.attention.scores import SCORES, ScoreConfig

KEYS, KEY_SIZE, VALUE_SIZE, SEEN = 10, 2, 4, (2, 6)
WIDE_QUERY_SIZE = 20
"""Of queries, where the score lets it differ from that of keys."""

ROWS = [
    *(f"keys alike, {seen} seen" for seen in SEEN),
    *(f"keys drawn, {seen} seen" for seen in SEEN),
]


@dataclass(frozen=True, kw_only=True)
class ToyWeights:
    """What one score and one normaliser make of the toy inputs.

    `weights`: (rows, keys), NaN where a key is hidden. `answers`: (rows, value size), the average
    of the values that they make.
    """

    score: str
    normaliser: str
    query_size: int
    weights: NDArray[np.float64]
    answers: NDArray[np.float64]


def toy_weights(
    scores: Sequence[ScoreConfig],
    normalisers: Sequence[NormaliserConfig],
    seed: int,
    *,
    unit_length: bool = False,
) -> list[ToyWeights]:
    """Of each score with each normaliser: the same queries, keys and first weights for all.

    `unit_length`: queries and keys are scaled to length 1, so that their direction alone is left.
    """
    visible = torch.arange(KEYS) < torch.tensor(SEEN * 2)[:, None]
    values = torch.arange(float(KEYS * VALUE_SIZE)).view(KEYS, VALUE_SIZE).expand(4, -1, -1)
    found = []
    for score in scores:
        torch.manual_seed(seed)
        wide, narrow = torch.randn(2, 1, WIDE_QUERY_SIZE), torch.randn(2, 1, KEY_SIZE)
        keys = torch.cat([torch.ones(2, KEYS, KEY_SIZE), torch.randn(2, KEYS, KEY_SIZE)])
        unequal = getattr(SCORES.maker(score.name), "takes_unequal_sizes", False)
        query = (wide if unequal else narrow).repeat(2, 1, 1)
        if unit_length:
            query, keys = F.normalize(query, dim=-1), F.normalize(keys, dim=-1)
        built = SCORES.build(score, query.size(-1), KEY_SIZE)
        for normaliser in normalisers:
            pooling = AttentionPooling(built, normaliser=NORMALISERS.build(normaliser))
            with torch.no_grad():
                memory = pooling.prepare(keys, values)
                step = pooling.attend(query, memory, visible.unsqueeze(1))
            weights = step.weights.squeeze(1).masked_fill(~visible, torch.nan)
            found.append(
                ToyWeights(
                    score=score.name,
                    normaliser=normaliser.name,
                    query_size=query.size(-1),
                    weights=weights.double().numpy(),
                    answers=step.output.squeeze(1).double().numpy(),
                )
            )
    return found
