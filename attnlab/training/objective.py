"""The objective that training minimises: cross-entropy, with what a config adds to it."""

from collections import defaultdict
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Any

import torch
import torch.nn.functional as F
from jaxtyping import Bool, Float, Int
from torch import Tensor, nn
from torch.profiler import record_function

from attnlab.attention.pooling import AttentionStep
from attnlab.attention.recording import attentions, observe_attention
from attnlab.data.batching import Batch
from attnlab.data.tokens import SPECIAL, UNKNOWN
from attnlab.models.interface import EncoderDecoder
from attnlab.support.errors import UsageError
from attnlab.support.ranges import NonNegative, ShareBelowOne
from attnlab.training.losses import summed_cross_entropy, total_log_partition_and_divergence
from attnlab.training.scheduled_sampling import ScheduledSamplingConfig, with_own_words


@dataclass(kw_only=True)
class WordDropoutConfig:
    """The shares of tokens that are replaced by the unknown one: of `source`, `target_input`."""

    source: ShareBelowOne
    target_input: ShareBelowOne


@dataclass(kw_only=True)
class ObjectiveConfig:
    """`label_smoothing`: the share of each label that is spread over the vocabulary.

    `word_dropout`: the shares of input tokens that are replaced by the unknown one. `r_drop`: α of
    Liang et al. 2021, the weight of the divergence between two readings with different dropout; 0
    is one reading. `coverage`: λ of See et al. 2017, the weight of the coverage loss; 0 is none.
    `sampling`: scheduled sampling, which replaces target input words by the model's own.
    """

    label_smoothing: ShareBelowOne
    word_dropout: WordDropoutConfig
    r_drop: NonNegative
    coverage: NonNegative
    sampling: ScheduledSamplingConfig


class Objective(nn.Module):
    """The loss of a model on a batch. In evaluation mode it is the cross-entropy alone."""

    def __init__(self, model: EncoderDecoder[Any], config: ObjectiveConfig) -> None:
        super().__init__()
        if config.coverage and not has_cross_attention(model):
            raise UsageError(
                f"objective.coverage={config.coverage} is a loss of attention to the source, which "
                "this model does not have; choose model=bahdanau or another with attention, or "
                "objective.coverage=0"
            )
        self.model, self.config = model, config

    def forward(self, batch: Batch, done: float) -> Tensor:
        """The loss in nats, summed over the batch's target tokens.

        `done`: the share of training that is over, from 0 to 1.
        """
        config = self.config
        if not self.training:
            return total_cross_entropy(self.model, batch, config.label_smoothing)
        share = config.sampling.share_when(done)
        batch = with_own_words(self.model, batch, share, config.sampling.words)
        if config.coverage == 0:
            return self._without_coverage(batch)
        with watch_cross_attention(self.model) as weights:
            loss = self._without_coverage(batch)
        masks = batch.target_mask if config.r_drop == 0 else twice(batch).target_mask
        readings = len(masks) // len(batch.target_mask)
        return loss + config.coverage * total_coverage_loss(weights, masks) / readings

    def _without_coverage(self, batch: Batch) -> Tensor:
        config = self.config
        if config.r_drop == 0:
            batch = drop_words(batch, config.word_dropout)
            return total_cross_entropy(self.model, batch, config.label_smoothing)
        return self._r_drop(drop_words(twice(batch), config.word_dropout))

    def _r_drop(self, both: Batch) -> Tensor:
        """Half of Liang et al. 2021, equation 4, whose two readings are the halves of `both`.

        `½ (-log p_t - log q_t + α ½ (KL(p‖q) + KL(q‖p)))` for each target token.
        """
        features = _features(self.model, both)
        with record_function("loss"):
            total = total_log_partition_and_divergence(
                features, self.model.output.weight, self.config.r_drop / 2
            )
            smoothing = self.config.label_smoothing
            return (total - _total_label_logits(self.model, features, both, smoothing)) / 2


def total_cross_entropy(
    model: EncoderDecoder[Any], batch: Batch, label_smoothing: float = 0.0
) -> Tensor:
    """The sum over the batch's target tokens of -log p(token | earlier tokens, source), in nats.

    With label smoothing ε (Szegedy et al. 2016, section 7) a label is 1 - ε for the right token,
    and ε spread evenly over the vocabulary.
    """
    features = _features(model, batch)
    with record_function("loss"):
        tokens = batch.target_output[batch.target_mask]
        return summed_cross_entropy(features, model.output.weight, tokens, label_smoothing)


def _features(model: EncoderDecoder[Any], batch: Batch) -> Float[Tensor, "tokens features"]:
    """The features from which each target token is predicted, without padding."""
    features: Tensor = model(batch.source, batch.source_mask, batch.target_input)
    return features[batch.target_mask]


def _total_label_logits(
    model: EncoderDecoder[Any], features: Tensor, batch: Batch, label_smoothing: float
) -> Tensor:
    """The sum of `x · ((1 - ε) w_t + ε w̄)` over target tokens t; w̄ is the mean of all w_v."""
    weight = model.output.weight
    labels = F.embedding(batch.target_output[batch.target_mask], weight)
    if label_smoothing:
        labels = (1 - label_smoothing) * labels + label_smoothing * weight.mean(0)
    return (features * labels).sum()


def twice(batch: Batch) -> Batch:
    """All of the batch's sentences, and then all of them again."""
    return Batch(*(torch.cat([tensor, tensor]) for tensor in vars(batch).values()))


def drop_words(batch: Batch, config: WordDropoutConfig) -> Batch:
    """`batch` with some input tokens replaced by the unknown one; labels stay.

    Each token is drawn independently, as in Sennrich et al. 2016 (Edinburgh's systems for WMT 16,
    pervasive dropout), not each word type of a sentence, as in Gal & Ghahramani 2016 (section 4.2).
    The unknown token takes its place, as in Bowman et al. 2016 (section 3.1), not a zero vector.
    Random numbers are torch's.
    """
    return replace(
        batch,
        source=_dropped(batch.source, config.source),
        target_input=_dropped(batch.target_input, config.target_input),
    )


def _dropped(tokens: Int[Tensor, "batch length"], share: float) -> Int[Tensor, "batch length"]:
    if share == 0:
        return tokens
    is_word = tokens > max(SPECIAL)
    is_dropped = torch.rand(tokens.shape, device=tokens.device) < share
    return tokens.masked_fill(is_word & is_dropped, UNKNOWN)


CrossWeights = Mapping[str, list[Tensor]]
"""The weights of each cross-attention by its name, in the order of its calls; each
(batch, queries, keys), or with heads (batch, heads, queries, keys)."""


def crosses(name: str) -> bool:
    """Whether the attention of that readable name is from the target to the source."""
    return name.split(".")[-1] == "cross"


def has_cross_attention(model: EncoderDecoder[Any]) -> bool:
    """Whether the model attends to the source."""
    return any(map(crosses, attentions(model)))


@contextmanager
def watch_cross_attention(model: EncoderDecoder[Any]) -> Iterator[CrossWeights]:
    """Collect the weights of all cross-attention in the block, with their gradients."""
    weights: dict[str, list[Tensor]] = defaultdict(list)

    def observe(name: str, step: AttentionStep) -> None:
        weights[name].append(step.weights)

    with observe_attention(model, observe, crosses):
        yield weights


def total_coverage_loss(
    weights: CrossWeights, target_mask: Bool[Tensor, "batch queries"]
) -> Float[Tensor, ""]:
    """See et al. 2017, equation 12: `Σ_t Σ_j min(a_j^t, c_j^t)` with `c^t = Σ_{t' < t} a^{t'}`.

    Over the steps t of target tokens; the mean over heads and layers. It is 0 where every step
    attends to other positions than those before it.
    """
    return torch.stack([_coverage(each, target_mask) for each in weights.values()]).mean()


def _coverage(steps: list[Tensor], target_mask: Tensor) -> Tensor:
    weights = torch.cat(steps, dim=-2)
    before = weights[..., :-1, :].cumsum(-2)
    covered = F.pad(before, (0, 0, 1, 0))  # 0 at the first step
    overlap = torch.minimum(weights, covered).sum(-1)  # (batch, queries) or with heads
    if overlap.dim() == 3:
        overlap = overlap.mean(1)
    return overlap[target_mask].sum()
