"""Weights of all scores and normalisers on the toy inputs of Dive into Deep Learning.

Two sentences of ten keys, of which the first two and the first six are visible; one query each. The
values are 0 to 39, four a key. The book's keys are all ones, so that every score that reads keys
gives equal weights; a second pair of sentences has random keys, normal as the queries are.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray

from attnlab import launch
from attnlab.attention.normalisers import NORMALISERS, NormaliserConfig
from attnlab.attention.pooling import AttentionPooling
from attnlab.attention.scores import SCORES, ScoreConfig
from attnlab.config import ExperimentConfig
from attnlab.support.schema import from_node

KEYS, KEY_SIZE, VALUE_SIZE, VISIBLE = 10, 2, 4, (2, 6)
WIDE_QUERY_SIZE = 20
"""Size of queries where the score takes queries and keys of unequal sizes."""

ROWS = [
    *(f"keys alike, {visible} seen" for visible in VISIBLE),
    *(f"keys drawn, {visible} seen" for visible in VISIBLE),
]


def shipped_choices() -> tuple[list[ScoreConfig], list[NormaliserConfig]]:
    """All scores and all normalisers with the values of their YAML files, plug-ins last."""

    def config(choice: str) -> ExperimentConfig:
        return from_node(ExperimentConfig, launch.compose(launch.TRAIN, [choice]))

    scores = [config(f"score={name}").score for name in SCORES]
    return scores, [config(f"normaliser={name}").normaliser for name in NORMALISERS]


@dataclass(frozen=True, kw_only=True)
class ToyWeights:
    """Weights of one score and one normaliser, (rows, keys), NaN where a key is masked.

    `answers`: the weighted averages of the values, (rows, value size).
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
    """The weights of each score with each normaliser, on the same queries and keys.

    `unit_length`: queries and keys are scaled to length 1.
    """
    visible = torch.arange(KEYS) < torch.tensor(VISIBLE * 2)[:, None]
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
