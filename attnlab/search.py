"""Search for translations over token ids: greedy, sampling and beam search, for any model.

A search calls `encode` once, `decode` one token at a time, and `select` of the state to drop,
repeat or reorder sentences. A sentence's translation does not depend on the other sentences of its
batch, unless the search has `depends_on_batches`.
"""

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import Annotated, Any, ClassVar

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor

from attnlab.data.tokens import BEGIN, END, PAD, UNKNOWN
from attnlab.models.interface import EncoderDecoder, Source, SourceMask, evaluation_mode
from attnlab.support.errors import AttnlabError
from attnlab.support.machine import require_memory
from attnlab.support.ranges import Count, Range, Seed
from attnlab.support.registry import Registry

SEARCHES: Registry["Search"] = Registry("search")


Lengths = Int[Tensor, " batch"]
Tokens = Int[Tensor, " rows"]
LogProbabilities = Float[Tensor, "rows vocabulary"]

NEVER_CHOSEN = [PAD, UNKNOWN, BEGIN]
"""Tokens that stand for no word, which no search chooses."""


@dataclass(kw_only=True)
class SearchConfig:
    """The maximal length of a translation, in tokens, by the length of its source.

    At most `max_length_factor` · source tokens + `max_length_extra` tokens, the end's included.
    """

    name: str
    max_length_factor: Annotated[float, Range(minimum=0, maximum=1000)]
    max_length_extra: Annotated[int, Range(minimum=1, maximum=100_000)]


@dataclass(frozen=True)
class Hypothesis:
    """A translation's token ids, without begin and end, and its log p in nats."""

    tokens: list[int]
    log_probability: float


class Search(ABC):
    """A way to choose a translation by its probability under a model.

    `depends_on_batches`: whether a translation depends on the other sentences of its batch.
    """

    depends_on_batches: ClassVar[bool] = False

    def __init__(self, config: SearchConfig) -> None:
        self._factor, self._extra = config.max_length_factor, config.max_length_extra

    def __call__(
        self, model: EncoderDecoder[Any], source: Source, source_mask: SourceMask
    ) -> list[Hypothesis]:
        """Translate a batch, in evaluation mode."""
        longest = (source_mask.sum(1) * self._factor).long() + self._extra
        with evaluation_mode(model):
            return self._search(model, source, source_mask, longest)

    @abstractmethod
    def _search(
        self, model: EncoderDecoder[Any], source: Source, source_mask: SourceMask, longest: Lengths
    ) -> list[Hypothesis]: ...


def _next_log_probabilities(
    model: EncoderDecoder[Any], last: Tokens, state: Any
) -> tuple[LogProbabilities, Any]:
    logits, state = model.decode(last.unsqueeze(1), state)
    log_probabilities = logits[:, -1].float().log_softmax(dim=-1)
    log_probabilities[:, NEVER_CHOSEN] = -torch.inf
    return log_probabilities, state


class _SingleHypothesis(Search):
    """One hypothesis for each sentence, extended token by token."""

    @abstractmethod
    def _choose(self, log_probabilities: LogProbabilities) -> Tokens:
        """The next token of each row."""

    def _search(
        self, model: EncoderDecoder[Any], source: Source, source_mask: SourceMask, longest: Lengths
    ) -> list[Hypothesis]:
        tokens: list[list[int]] = [[] for _ in source]
        log_probability = torch.zeros(len(source), device=source.device)
        rows = torch.arange(len(source), device=source.device)  # of the unfinished sentences
        state = model.encode(source, source_mask)
        last = torch.full_like(rows, BEGIN)
        for length in range(1, int(longest.max()) + 1):
            step, state = _next_log_probabilities(model, last, state)
            last = self._choose(step)
            log_probability[rows] += step.gather(1, last.unsqueeze(1)).squeeze(1)
            for row, token in zip(rows.tolist(), last.tolist(), strict=True):
                if token != END:
                    tokens[row].append(token)
            unfinished = (last != END) & (longest[rows] > length)
            if not unfinished.all():
                remaining = unfinished.nonzero().squeeze(1)
                if not len(remaining):
                    break
                rows, last, state = rows[remaining], last[remaining], state.select(remaining)
        return [Hypothesis(*each) for each in zip(tokens, log_probability.tolist(), strict=True)]


@SEARCHES.register("greedy", SearchConfig)
class Greedy(_SingleHypothesis):
    """The likeliest next token at each step."""

    def _choose(self, log_probabilities: LogProbabilities) -> Tokens:
        return log_probabilities.argmax(dim=-1)


@dataclass(kw_only=True)
class SamplingConfig(SearchConfig):
    """`temperature`: below 1 prefers likely tokens. `top_k`: tokens to draw from; null is all.

    `seed`: of the draws.
    """

    temperature: Annotated[float, Range(above=0, maximum=1e6)]
    top_k: Count | None
    seed: Seed


@SEARCHES.register("sampling", SamplingConfig)
class Sampling(_SingleHypothesis):
    """Each next token drawn from the model's distribution."""

    depends_on_batches = True  # one stream of random numbers for all sentences

    def __init__(self, config: SamplingConfig) -> None:
        super().__init__(config)
        self._temperature, self._top_k = config.temperature, config.top_k
        self._generator = torch.Generator().manual_seed(config.seed)

    def _choose(self, log_probabilities: LogProbabilities) -> Tokens:
        scores = log_probabilities.cpu() / self._temperature
        if self._top_k is not None and self._top_k < scores.size(1):
            least = scores.topk(self._top_k, dim=-1).values[:, -1:]
            scores = scores.masked_fill(scores < least, -torch.inf)
        probabilities = scores.softmax(-1)
        if not bool(probabilities.isfinite().all()):
            raise _not_finite()
        drawn = torch.multinomial(probabilities, 1, generator=self._generator)
        return drawn.squeeze(1).to(log_probabilities.device)


@dataclass(kw_only=True)
class BeamConfig(SearchConfig):
    """`beam_size`: hypotheses at a time; they are ranked by log p / length^`length_penalty`."""

    beam_size: Annotated[int, Range(minimum=1, maximum=10_000)]
    length_penalty: Annotated[float, Range(minimum=-10, maximum=10)]


@SEARCHES.register("beam", BeamConfig)
class Beam(Search):
    """Beam search: the best `beam_size` prefixes are extended at each step (Sutskever et al. 2014).

    A sentence is done when `beam_size` hypotheses have ended. They are ranked by
    `log p / length^length_penalty`, the end counted in the length: 1 gives the mean of tokens; 0
    log p itself, which favours short translations.
    """

    def __init__(self, config: BeamConfig) -> None:
        super().__init__(config)
        self._size, self._penalty = config.beam_size, config.length_penalty

    def _search(
        self, model: EncoderDecoder[Any], source: Source, source_mask: SourceMask, longest: Lengths
    ) -> list[Hypothesis]:
        size, device = self._size, source.device
        # At once for each beam: logits, log-probabilities and totals.
        needed = 3 * 4 * len(source) * size * model.output.out_features
        require_memory(
            needed,
            f"search.beam_size={size} for {len(source)} sentences at a time",
            "lower it, or batch_tokens=",
            device,
        )
        ended: list[list[tuple[float, Hypothesis]]] = [[] for _ in source]  # with their scores
        sentences = torch.arange(len(source), device=device)  # the unfinished ones
        state = model.encode(source, source_mask).select(sentences.repeat_interleave(size))
        tokens = torch.full((len(source), size, 1), BEGIN, device=device)
        # All beams of a sentence are equal at first; only the first is extended.
        scores = torch.full((len(source), size), -torch.inf, device=device)
        scores[:, 0] = 0.0
        for length in range(1, int(longest.max()) + 1):
            step, state = _next_log_probabilities(model, tokens[:, :, -1].flatten(), state)
            totals = scores.unsqueeze(-1) + step.view(len(sentences), size, -1)
            # (sentences, beams, vocabulary) -> the best of all beams. A beam ends in one way only,
            # so at least `size` of the best 2 · size do not end.
            best = totals.flatten(1).topk(min(2 * size, totals[0].numel()), dim=-1)
            beam, token = best.indices // step.size(-1), best.indices % step.size(-1)
            tokens = torch.cat([_select_beams(tokens, beam), token.unsqueeze(-1)], dim=-1)
            ends = token == END
            self._collect(ended, sentences, tokens[:, :size], best.values[:, :size], ends[:, :size])
            on = ends.int().argsort(dim=-1, stable=True)[:, :size]  # beams that do not end first
            tokens, beam = _select_beams(tokens, on), beam.gather(1, on)
            scores = best.values.gather(1, on).masked_fill(ends.gather(1, on), -torch.inf)
            stopped = longest[sentences] <= length
            counts = torch.tensor([len(ended[i]) for i in sentences.tolist()], device=device)
            # Without any hypothesis that ended in time, take the unfinished ones.
            cut = (stopped & (counts == 0)).unsqueeze(1).expand_as(scores)
            self._collect(ended, sentences, tokens, scores, cut)
            remaining = (~stopped & (counts < size)).nonzero().squeeze(1)
            if not len(remaining):
                break
            rows = remaining.unsqueeze(1) * size + beam[remaining]
            state = state.select(rows.flatten())
            sentences, tokens, scores = sentences[remaining], tokens[remaining], scores[remaining]
        if not all(ended):
            raise _not_finite()
        return [max(each, key=lambda scored: scored[0])[1] for each in ended]

    def _collect(
        self,
        ended: list[list[tuple[float, Hypothesis]]],
        sentences: Int[Tensor, " sentences"],
        tokens: Int[Tensor, "sentences beams length"],
        scores: Float[Tensor, "sentences beams"],
        marked: Bool[Tensor, "sentences beams"],
    ) -> None:
        """Append the `marked` hypotheses of finite log p to `ended`, with the score to rank by."""
        for row, beam in (marked & scores.isfinite()).nonzero().tolist():
            log_probability = float(scores[row, beam])
            ids = tokens[row, beam, 1:].tolist()
            score = log_probability / len(ids) ** self._penalty
            if ids[-1] == END:
                ids.pop()
            ended[int(sentences[row])].append((score, Hypothesis(ids, log_probability)))


def _not_finite() -> AttnlabError:
    return AttnlabError(
        "the model's probabilities are no finite numbers: its weights are too large, since the "
        "training diverged; use another checkpoint=, or a lower optimiser.learning_rate="
    )


def _select_beams(x: Tensor, beam: Tensor) -> Tensor:
    """`x[s, beam[s, i]]` for each sentence s: (sentences, n, length) by (sentences, m)."""
    return x.gather(1, beam.unsqueeze(-1).expand(-1, -1, x.size(-1)))
