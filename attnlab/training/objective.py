"""What training minimises: the surprise at each right next token."""

from dataclasses import dataclass
from typing import Any

import torch.nn.functional as F
from torch import Tensor, nn

from attnlab.errors import UsageError
from attnlab.models.interface import EncoderDecoder
from attnlab.tokenised.batching import Batch
from attnlab.training.partition import total_log_partition
from attnlab.training.word_dropout import WordDropoutConfig, drop_words


@dataclass(kw_only=True)
class ObjectiveConfig:
    """`label_smoothing`: the share of each label that is spread over the vocabulary.

    `word_dropout`: the shares of tokens that a model does not get to read.
    """

    label_smoothing: float
    word_dropout: WordDropoutConfig

    def __post_init__(self) -> None:
        if not 0 <= self.label_smoothing < 1:
            raise UsageError(
                f"objective.label_smoothing={self.label_smoothing} must be from 0 to under 1"
            )


class Objective(nn.Module):
    """What training minimises, of a model: batch in, loss out.

    In evaluation mode nothing is left to chance: it is the cross-entropy alone.
    """

    def __init__(self, model: EncoderDecoder[Any], config: ObjectiveConfig) -> None:
        super().__init__()
        self.model, self.config = model, config

    def forward(self, batch: Batch) -> Tensor:
        """The loss, summed over the batch's target tokens, in nats."""
        if self.training:
            batch = drop_words(batch, self.config.word_dropout)
        return total_cross_entropy(self.model, batch, self.config.label_smoothing)


def total_cross_entropy(
    model: EncoderDecoder[Any], batch: Batch, label_smoothing: float = 0.0
) -> Tensor:
    """The sum over the batch's target tokens of -log p(token | those before it, source), in nats.

    With label smoothing ε (Szegedy et al. 2016, section 7) the right token gets 1 - ε of what is
    wanted and the rest is spread evenly over the vocabulary.

    `-log p_t = log Σ_v exp(x · w_v) - x · w_t`, and the smoothed labels average the second term:
    `x · ((1 - ε) w_t + ε w̄)` with w̄ the mean of all w_v. Only the first term needs all logits.
    """
    state = model.encode(batch.source, batch.source_mask)
    features, _ = model.decode_features(batch.target_input, state)
    # Only tokens reach the vocabulary, by far the widest layer; padding is dropped.
    features = features[batch.target_mask]
    weight = model.output.weight
    wanted = F.embedding(batch.target_output[batch.target_mask], weight)
    if label_smoothing:
        wanted = (1 - label_smoothing) * wanted + label_smoothing * weight.mean(0)
    return total_log_partition(features, weight) - (features * wanted).sum()
