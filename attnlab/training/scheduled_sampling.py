"""Scheduled sampling: in training, a model reads some words of its own behind which it is to go on.

Bengio et al. 2015: in search a model reads what it has said itself, and in training only what is
right; so the words that it reads are changed, a coin a word, ever more of them while it learns.

Every model does it alike, by the same steps as search, since each keeps what it has read as a
state: each own word follows from the words before it, own and right ones, as the paper has it.
The Transformer thus needs no approximation by own words that follow from right ones alone, which
Mihaylova & Martins 2019 read all at once. Knows no loss.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor

from attnlab.data.batching import Batch
from attnlab.data.tokens import SPECIAL
from attnlab.models.interface import EncoderDecoder
from attnlab.support.errors import UsageError
from attnlab.support.ranges import Share

_STEEPNESS = 5.0

Choice = Callable[[Float[Tensor, "rows vocabulary"]], Int[Tensor, " rows"]]


def _likeliest(logits: Tensor) -> Tensor:
    return logits.argmax(-1)


def _drawn(logits: Tensor) -> Tensor:
    return torch.multinomial(logits.softmax(-1), 1).squeeze(1)


_CHOICES: dict[str, Choice] = {"argmax": _likeliest, "sample": _drawn}


def _linear(done: float) -> float:
    return done


def _inverse_sigmoid(done: float) -> float:
    def sigmoid(x: float) -> float:
        return 1 / (1 + math.exp(-x))

    low, high = sigmoid(-_STEEPNESS), sigmoid(_STEEPNESS)
    return (sigmoid(_STEEPNESS * (2 * done - 1)) - low) / (high - low)


def _exponential(done: float) -> float:
    return math.expm1(-_STEEPNESS * done) / math.expm1(-_STEEPNESS)


CURVES: dict[str, Callable[[float], float]] = {
    "linear": _linear,
    "inverse_sigmoid": _inverse_sigmoid,
    "exponential": _exponential,
}
"""Bengio et al. 2015, section 2.4, as the share that is the model's own, from 0 to 1.

What is done of training stands for the number of updates, so that a curve ends when training does,
however long that is; a linear one rises evenly, an inverse sigmoid one late and then fast, and an
exponential one fast at first.
"""


@dataclass(kw_only=True)
class ScheduledSamplingConfig:
    """`share`: of the target words that the model reads, those of its own at the end of training.

    `curve`: how the share rises up to there: linear, inverse_sigmoid or exponential. `words`: which
    its own words are: the likeliest (argmax) or drawn by how likely they are (sample).
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
    """`batch` with a `share` of the words of its target input replaced by the model's own.

    The model says them as it will in search: without dropout, and never a token that stands for no
    word, nor an end, behind which no search goes on. What is to be said stays the same, and no
    gradient flows through the choice. Random numbers are torch's.
    """
    if share == 0:
        return batch
    was_training = model.training
    model.eval()
    mixed = _mixed(model, batch, share, _CHOICES[words])
    model.train(was_training)
    return replace(batch, target_input=mixed)


@torch.no_grad()
def _mixed(
    model: EncoderDecoder[Any], batch: Batch, share: float, choice: Choice
) -> Int[Tensor, "batch length"]:
    is_own = _coins(batch.target_mask, share)
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


def _coins(mask: Bool[Tensor, "batch length"], share: float) -> Bool[Tensor, "batch length"]:
    """Which of the target input's words are to be own; BEGIN and padding never are."""
    is_own = mask & (torch.rand(mask.shape, device=mask.device) < share)
    is_own[:, 0] = False
    return is_own
