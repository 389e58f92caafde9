"""Scheduled sampling: in training, some target input words are replaced by the model's own.

Bengio et al. 2015: in search a model reads its own words, in training only those of the reference.
So in training each word is replaced with a probability that rises. Every model generates its own
words by the steps of search, from the mixed words before them, as in the paper. The Transformer
thus needs no second parallel pass over words predicted from the reference alone, the approximation
of Mihaylova & Martins 2019.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import torch
from jaxtyping import Float, Int
from torch import Tensor

from attnlab.data.batching import Batch
from attnlab.data.tokens import SPECIAL
from attnlab.models.interface import EncoderDecoder, evaluation_mode
from attnlab.support.errors import UsageError
from attnlab.support.ranges import Share

_STEEPNESS = 5.0

Choice = Callable[[Float[Tensor, "rows vocabulary"]], Int[Tensor, " rows"]]


def _sample(logits: Tensor) -> Tensor:
    return torch.multinomial(logits.softmax(-1), 1).squeeze(1)


_CHOICES: dict[str, Choice] = {"argmax": lambda logits: logits.argmax(-1), "sample": _sample}


def _inverse_sigmoid(done: float) -> float:
    def sigmoid(x: float) -> float:
        return 1 / (1 + math.exp(-x))

    low, high = sigmoid(-_STEEPNESS), sigmoid(_STEEPNESS)
    return (sigmoid(_STEEPNESS * (2 * done - 1)) - low) / (high - low)


CURVES: dict[str, Callable[[float], float]] = {
    "linear": lambda done: done,
    "inverse_sigmoid": _inverse_sigmoid,
    "exponential": lambda done: math.expm1(-_STEEPNESS * done) / math.expm1(-_STEEPNESS),
}
"""Bengio et al. 2015, section 2.4, as the share of own words, from 0 to 1.

The share of training that is done stands for the number of updates, so that a curve ends when
training does. An inverse sigmoid rises late and then fast, an exponential fast at first.
"""


@dataclass(kw_only=True)
class ScheduledSamplingConfig:
    """`share`: the share of own words in the target input at the end of training.

    `curve`, of the share up to there: linear, inverse_sigmoid or exponential. `words`: the model's
    own words are the most likely ones (argmax) or sampled from its distribution (sample).
    """

    share: Share
    curve: str
    words: str

    def __post_init__(self) -> None:
        if self.curve not in CURVES:
            raise UsageError(
                f"objective.sampling.curve={self.curve} is none of: {', '.join(CURVES)}"
            )
        if self.words not in _CHOICES:
            raise UsageError(
                f"objective.sampling.words={self.words} is none of: {', '.join(_CHOICES)}"
            )

    def share_when(self, done: float) -> float:
        """The share of own words when `done` (0 to 1) of training is over."""
        return self.share * CURVES[self.curve](done)


def with_own_words(model: EncoderDecoder[Any], batch: Batch, share: float, words: str) -> Batch:
    """`batch` with a `share` of its target input words replaced by the model's own.

    The model generates them as in search: without dropout, and no special token, so no end either.
    Labels stay, and no gradient flows through the choice. Random numbers are torch's.
    """
    if share == 0:
        return batch
    with evaluation_mode(model):
        mixed = _mixed(model, batch, share, _CHOICES[words])
    return replace(batch, target_input=mixed)


def _mixed(
    model: EncoderDecoder[Any], batch: Batch, share: float, choice: Choice
) -> Int[Tensor, "batch length"]:
    mask = batch.target_mask
    is_own = mask & (torch.rand(mask.shape, device=mask.device) < share)
    is_own[:, 0] = False  # BEGIN
    columns = is_own.any(0).nonzero().flatten().tolist()
    mixed = batch.target_input.clone()
    state = model.encode(batch.source, batch.source_mask)
    for column in range(1, max(columns, default=0) + 1):
        features, state = model.decode_features(mixed[:, column - 1 : column], state)
        rows = is_own[:, column].nonzero().flatten()
        if len(rows):
            logits = model.output(features[rows, 0]).float()
            logits[:, list(SPECIAL)] = -torch.inf
            mixed[rows, column] = choice(logits)
    return mixed
