"""What training minimises: the surprise at each right next token."""

from dataclasses import dataclass
from typing import Any

import torch.nn.functional as F
from jaxtyping import Float
from torch import Tensor, nn
from torch.profiler import record_function

from attnlab.data.batching import Batch
from attnlab.models.interface import EncoderDecoder
from attnlab.support.errors import UsageError
from attnlab.support.ranges import NonNegative, ShareBelowOne
from attnlab.training.coverage import (
    has_cross_attention,
    total_coverage_loss,
    watch_cross_attention,
)
from attnlab.training.cross_entropy import summed_cross_entropy
from attnlab.training.r_drop import total_log_partition_and_divergence, twice
from attnlab.training.scheduled_sampling import ScheduledSamplingConfig, with_own_words
from attnlab.training.word_dropout import WordDropoutConfig, drop_words


@dataclass(kw_only=True)
class ObjectiveConfig:
    """`label_smoothing`: the share of each label that is spread over the vocabulary.

    `word_dropout`: the shares of tokens that a model does not get to read. `r_drop`: α of Liang
    et al. 2021, how much two readings with different dropout are to agree; 0 is one reading.
    `coverage`: λ of See et al. 2017, what it costs to look at a word twice; 0 is nothing.
    `sampling`: scheduled sampling, which target words it reads as it would have said them itself.
    """

    label_smoothing: ShareBelowOne
    word_dropout: WordDropoutConfig
    r_drop: NonNegative
    coverage: NonNegative
    sampling: ScheduledSamplingConfig


class Objective(nn.Module):
    """What training minimises, of a model: batch in, loss out.

    In evaluation mode nothing is left to chance: it is the cross-entropy alone.
    """

    def __init__(self, model: EncoderDecoder[Any], config: ObjectiveConfig) -> None:
        super().__init__()
        if config.coverage and not has_cross_attention(model):
            raise UsageError(
                f"objective.coverage={config.coverage} is about where a model looks, and this one "
                "looks at no source: choose model=bahdanau or another with attention, or set "
                "objective.coverage=0"
            )
        self.model, self.config = model, config

    def forward(self, batch: Batch, done: float) -> Tensor:
        """The loss, summed over the batch's target tokens, in nats.

        `done`: which share of training is over, from 0 to 1.
        """
        config = self.config
        if not self.training:
            return total_cross_entropy(self.model, batch, config.label_smoothing)
        share = config.sampling.share_when(done)
        batch = with_own_words(self.model, batch, share, config.sampling.words)
        if config.coverage == 0:
            return self._without_coverage(batch)
        with watch_cross_attention(self.model) as looked:
            loss = self._without_coverage(batch)
        masks = batch.target_mask if config.r_drop == 0 else twice(batch).target_mask
        readings = len(masks) // len(batch.target_mask)
        return loss + config.coverage * total_coverage_loss(looked, masks) / readings

    def _without_coverage(self, batch: Batch) -> Tensor:
        config = self.config
        if config.r_drop == 0:
            batch = drop_words(batch, config.word_dropout)
            return total_cross_entropy(self.model, batch, config.label_smoothing)
        return self._r_drop(drop_words(twice(batch), config.word_dropout))

    def _r_drop(self, both: Batch) -> Tensor:
        """Half of Liang et al. 2021, equation 4, which is of two readings: `both`.

        `½ (-log p_t - log q_t + α ½ (KL(p‖q) + KL(q‖p)))` for each target token.
        """
        features = _features(self.model, both)
        with record_function("loss"):
            total = total_log_partition_and_divergence(
                features, self.model.output.weight, self.config.r_drop / 2
            )
            smoothing = self.config.label_smoothing
            return (total - _total_wanted(self.model, features, both, smoothing)) / 2


def total_cross_entropy(
    model: EncoderDecoder[Any], batch: Batch, label_smoothing: float = 0.0
) -> Tensor:
    """The sum over the batch's target tokens of -log p(token | those before it, source), in nats.

    With label smoothing ε (Szegedy et al. 2016, section 7) the right token gets 1 - ε of what is
    wanted and the rest is spread evenly over the vocabulary.
    """
    features = _features(model, batch)
    with record_function("loss"):
        tokens = batch.target_output[batch.target_mask]
        return summed_cross_entropy(features, model.output.weight, tokens, label_smoothing)


def _features(model: EncoderDecoder[Any], batch: Batch) -> Float[Tensor, "tokens features"]:
    """What is known where each target token is to be said; the rows of one sentence, then the next.

    Only tokens reach the vocabulary, by far the widest layer; padding is dropped.
    """
    features: Tensor = model(batch.source, batch.source_mask, batch.target_input)
    return features[batch.target_mask]


def _total_wanted(
    model: EncoderDecoder[Any], features: Tensor, batch: Batch, label_smoothing: float
) -> Tensor:
    """The logits of the target tokens, smoothed, and summed.

    Smoothed labels average them: `x · ((1 - ε) w_t + ε w̄)` with w̄ the mean of all w_v.
    """
    weight = model.output.weight
    wanted = F.embedding(batch.target_output[batch.target_mask], weight)
    if label_smoothing:
        wanted = (1 - label_smoothing) * wanted + label_smoothing * weight.mean(0)
    return (features * wanted).sum()
