"""Search: from a model and a batch of sources to the best translations. Knows ids, no words.

Every search asks the same of a model: `encode` once, `decode` a token at a time, and `select` of
the state to drop, repeat or reorder sentences. So none knows which model it searches. A sentence's
translation does not depend on what else is in its batch, except where the search says so.
"""

from abc import ABC, abstractmethod
from dataclasses import dataclass, field
from typing import Annotated, Any, ClassVar

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor

from attnlab.data.tokens import BEGIN, END, PAD, UNKNOWN
from attnlab.models.interface import EncoderDecoder
from attnlab.support.errors import AttnlabError
from attnlab.support.machine import require_memory
from attnlab.support.ranges import Count, Range, Seed
from attnlab.support.registry import Registry

SEARCHES: Registry["Search"] = Registry("search")


NEVER_SAID = [PAD, UNKNOWN, BEGIN]
"""Tokens that stand for no word: no search chooses them."""


@dataclass(kw_only=True)
class SearchConfig:
    """When a translation that does not end is ended: in tokens, by the length of its source.

    At most `max_length_factor` · source tokens + `max_length_extra` tokens, the end's included.
    """

    name: str
    max_length_factor: Annotated[float, Range(minimum=0, maximum=1000)]
    max_length_extra: Annotated[int, Range(minimum=1, maximum=100_000)]


@dataclass(frozen=True)
class Hypothesis:
    """A translation's token ids, without begin and end, and the natural logarithm of its p."""

    tokens: list[int]
    log_probability: float


class Search(ABC):
    """A way to choose a translation among all that a model could say.

    `depends_on_batches`: whether a sentence's translation depends on what else is in its batch.
    """

    depends_on_batches: ClassVar[bool] = False

    def __init__(self, config: SearchConfig) -> None:
        self._factor, self._extra = config.max_length_factor, config.max_length_extra

    @torch.no_grad()
    def __call__(
        self,
        model: EncoderDecoder[Any],
        source: Int[Tensor, "batch length"],
        source_mask: Bool[Tensor, "batch length"],
    ) -> list[Hypothesis]:
        """Translate a batch; the model is in evaluation mode."""
        longest = (source_mask.sum(1) * self._factor).long() + self._extra
        return self._search(model, source, source_mask, longest)

    @abstractmethod
    def _search(
        self,
        model: EncoderDecoder[Any],
        source: Int[Tensor, "batch length"],
        source_mask: Bool[Tensor, "batch length"],
        longest: Int[Tensor, " batch"],
    ) -> list[Hypothesis]: ...


def _next_log_probabilities(
    model: EncoderDecoder[Any], last: Int[Tensor, " rows"], state: Any
) -> tuple[Float[Tensor, "rows vocabulary"], Any]:
    logits, state = model.decode(last.unsqueeze(1), state)
    log_probabilities = logits[:, -1].float().log_softmax(dim=-1)
    log_probabilities[:, NEVER_SAID] = -torch.inf
    return log_probabilities, state


class _OneByOne(Search):
    """One hypothesis a sentence, each next token chosen for good."""

    @abstractmethod
    def _choose(self, log_probabilities: Float[Tensor, "rows vocabulary"]) -> Int[Tensor, " rows"]:
        """The next token of each row."""

    def _search(
        self,
        model: EncoderDecoder[Any],
        source: Int[Tensor, "batch length"],
        source_mask: Bool[Tensor, "batch length"],
        longest: Int[Tensor, " batch"],
    ) -> list[Hypothesis]:
        said: list[list[int]] = [[] for _ in source]
        log_probability = torch.zeros(len(source), device=source.device)
        rows = torch.arange(len(source), device=source.device)  # of the sentences still going on
        state = model.encode(source, source_mask)
        last = torch.full_like(rows, BEGIN)
        for length in range(1, int(longest.max()) + 1):
            step, state = _next_log_probabilities(model, last, state)
            last = self._choose(step)
            log_probability[rows] += step.gather(1, last.unsqueeze(1)).squeeze(1)
            for row, token in zip(rows.tolist(), last.tolist(), strict=True):
                if token != END:
                    said[row].append(token)
            going = (last != END) & (longest[rows] > length)
            if not going.all():
                keep = going.nonzero().squeeze(1)
                if not len(keep):
                    break
                rows, last, state = rows[keep], last[keep], state.select(keep)
        return [Hypothesis(*each) for each in zip(said, log_probability.tolist(), strict=True)]


@dataclass(kw_only=True)
class GreedyConfig(SearchConfig):
    """Nothing more to choose."""


@SEARCHES.register("greedy", GreedyConfig)
class Greedy(_OneByOne):
    """The likeliest next token, always."""

    def _choose(self, log_probabilities: Float[Tensor, "rows vocabulary"]) -> Int[Tensor, " rows"]:
        return log_probabilities.argmax(dim=-1)


@dataclass(kw_only=True)
class SamplingConfig(SearchConfig):
    """`temperature` under 1 keeps to the likely; `top_k` tokens at most (null: all); `seed`."""

    temperature: Annotated[float, Range(above=0, maximum=1e6)]
    top_k: Count | None
    seed: Seed


@SEARCHES.register("sampling", SamplingConfig)
class Sampling(_OneByOne):
    """A next token drawn by its probability: what the model thinks possible, not what is best."""

    depends_on_batches = True  # one stream of random numbers for all sentences

    def __init__(self, config: SamplingConfig) -> None:
        super().__init__(config)
        self._temperature, self._top_k = config.temperature, config.top_k
        self._generator = torch.Generator().manual_seed(config.seed)

    def _choose(self, log_probabilities: Float[Tensor, "rows vocabulary"]) -> Int[Tensor, " rows"]:
        scores = log_probabilities.cpu() / self._temperature
        if self._top_k is not None and self._top_k < scores.size(1):
            least = scores.topk(self._top_k, dim=-1).values[:, -1:]
            scores = scores.masked_fill(scores < least, -torch.inf)
        shares = scores.softmax(-1)
        if not bool(shares.isfinite().all()):
            raise _overflow()
        drawn = torch.multinomial(shares, 1, generator=self._generator)
        return drawn.squeeze(1).to(log_probabilities.device)


@dataclass(kw_only=True)
class BeamConfig(SearchConfig):
    """`beam_size` hypotheses at a time; their log p is divided by length^`length_penalty`."""

    beam_size: Annotated[int, Range(minimum=1, maximum=10_000)]
    length_penalty: Annotated[float, Range(minimum=-10, maximum=10)]


@dataclass
class _Found:
    """The ended hypotheses of one sentence, each with the score that they are ranked by."""

    ended: list[tuple[float, Hypothesis]] = field(default_factory=list)

    def best(self) -> Hypothesis:
        if not self.ended:
            raise _overflow()
        return max(self.ended, key=lambda scored: scored[0])[1]


@SEARCHES.register("beam", BeamConfig)
class Beam(Search):
    """The best `beam_size` beginnings are carried on together (Sutskever et al. 2014, 3.2).

    A sentence is done when `beam_size` hypotheses have ended. They are ranked by
    `log p / length^length_penalty`, the end counted in the length: with 1 the mean for each
    token; with 0 plainly by p, which favours the short.
    """

    def __init__(self, config: BeamConfig) -> None:
        super().__init__(config)
        self._size, self._penalty = config.beam_size, config.length_penalty

    def _search(
        self,
        model: EncoderDecoder[Any],
        source: Int[Tensor, "batch length"],
        source_mask: Bool[Tensor, "batch length"],
        longest: Int[Tensor, " batch"],
    ) -> list[Hypothesis]:
        size, device = self._size, source.device
        # Of each beam the logits, their logarithms and the totals are there together.
        needed = 3 * 4 * len(source) * size * model.output.out_features
        require_memory(
            needed,
            f"search.beam_size={size} for {len(source)} sentences at a time",
            "lower it, or batch_tokens=",
            device,
        )
        found = [_Found() for _ in source]
        sentences = torch.arange(len(source), device=device)  # those still searched
        state = model.encode(source, source_mask).select(sentences.repeat_interleave(size))
        said = torch.full((len(source), size, 1), BEGIN, device=device)
        # All beams begin alike, so only the first may be carried on at first.
        scores = torch.full((len(source), size), -torch.inf, device=device)
        scores[:, 0] = 0.0
        for length in range(1, int(longest.max()) + 1):
            step, state = _next_log_probabilities(model, said[:, :, -1].flatten(), state)
            totals = scores.unsqueeze(-1) + step.view(len(sentences), size, -1)
            # (sentences, beams, vocabulary) -> the best of all beams. Each beam can end in one
            # way only, so among twice as many as there are beams enough do not end.
            best = totals.flatten(1).topk(min(2 * size, totals[0].numel()), dim=-1)
            beam, token = best.indices // step.size(-1), best.indices % step.size(-1)
            said = torch.cat([_rows_of(said, beam), token.unsqueeze(-1)], dim=-1)
            ends = token == END
            self._collect(found, sentences, said[:, :size], best.values[:, :size], ends[:, :size])
            on = ends.int().argsort(dim=-1, stable=True)[:, :size]  # those that do not end, first
            said, scores, beam = _rows_of(said, on), best.values.gather(1, on), beam.gather(1, on)
            scores = scores.masked_fill(ends.gather(1, on), -torch.inf)
            stopped = longest[sentences] <= length
            ended = [len(found[i].ended) for i in sentences.tolist()]
            # What had no time to end is better than nothing, and worse than anything that did.
            unfinished = stopped & ~torch.tensor(ended, device=device).bool()
            self._collect(found, sentences, said, scores, unfinished.unsqueeze(1).expand_as(scores))
            enough = torch.tensor(ended, device=device) >= size
            keep = (~stopped & ~enough).nonzero().squeeze(1)
            if not len(keep):
                break
            rows = keep.unsqueeze(1) * size + beam[keep]
            state = state.select(rows.flatten())
            sentences, said, scores = sentences[keep], said[keep], scores[keep]
        return [each.best() for each in found]

    def _collect(
        self,
        found: list[_Found],
        sentences: Int[Tensor, " sentences"],
        said: Int[Tensor, "sentences beams length"],
        scores: Float[Tensor, "sentences beams"],
        ended: Bool[Tensor, "sentences beams"],
    ) -> None:
        """Put the hypotheses marked as `ended`, and possible at all, to what was `found`."""
        for row, beam in (ended & scores.isfinite()).nonzero().tolist():
            log_probability = float(scores[row, beam])
            tokens = said[row, beam, 1:].tolist()
            score = log_probability / len(tokens) ** self._penalty
            if tokens[-1] == END:
                tokens.pop()
            found[int(sentences[row])].ended.append((score, Hypothesis(tokens, log_probability)))


def _overflow() -> AttnlabError:
    return AttnlabError(
        "the model's probabilities are no finite numbers: its weights are too large, since the "
        "training diverged; use another checkpoint=, or a lower optimiser.learning_rate="
    )


def _rows_of(x: Tensor, index: Tensor) -> Tensor:
    """`x[s, index[s, i]]` for each sentence s: (sentences, n, length) by (sentences, m)."""
    return x.gather(1, index.unsqueeze(-1).expand(-1, -1, x.size(-1)))
