"""Searches that extend each hypothesis by itself: greedy and sampling."""

import math
from abc import abstractmethod
from dataclasses import dataclass
from typing import Annotated

import torch
from jaxtyping import Float
from torch import Tensor

from attnlab.data.tokens import BEGIN, END
from attnlab.search.interface import (
    SEARCHES,
    Hypothesis,
    Logits,
    Search,
    SearchConfig,
    Task,
    Tokens,
    not_finite,
    remaining,
    top_tokens,
)
from attnlab.support.ranges import Count, Range, Seed

Values = Float[Tensor, " rows"]


class _SingleHypotheses(Search):
    """Hypotheses that are extended token by token, `count` of each sentence."""

    count = 1

    @abstractmethod
    def _choose(self, logits: Logits) -> Tokens:
        """The next token of each row."""

    def _search(self, task: Task) -> list[list[Hypothesis]]:
        decoder, longest = task.model.step_decoder(task.source, task.source_mask), task.longest
        device, beams = longest.device, self.count
        sentences = torch.arange(len(longest), device=device)  # the unfinished ones
        rows = torch.arange(len(longest) * beams, device=device)  # their hypotheses
        tokens = torch.full((len(rows), int(longest.max())), END, device=device)
        # A sampled list is sorted by log p.
        totals = None if beams == 1 and not task.scored else torch.zeros(len(rows), device=device)
        last, ended = torch.full_like(sentences, BEGIN), torch.zeros_like(rows, dtype=torch.bool)
        for length in range(tokens.size(1)):
            logits = decoder.decode(last)
            if length == 0 and beams > 1:
                first = sentences.repeat_interleave(beams)
                decoder.select(first)
                logits = logits[first]
            log_probabilities = None if totals is None else logits.log_softmax(dim=-1)
            before = tokens[rows, :length] if task.constraints.reads_tokens else None
            task.constraints.exclude(logits, before, sentences, length)
            last = self._choose(logits).masked_fill_(ended, END)
            if totals is not None and log_probabilities is not None:
                gained = log_probabilities.gather(1, last.unsqueeze(1)).squeeze(1)
                totals[rows] += gained.masked_fill_(ended, 0.0)
            tokens[rows, length] = last
            ended = last == END
            finished = ended.view(-1, beams).all(1) | (longest[sentences] <= length + 1)
            kept = remaining(finished)
            if kept is not None:
                if not len(kept):
                    break
                chosen = (kept.unsqueeze(1) * beams + torch.arange(beams, device=device)).flatten()
                decoder.select(chosen, kept)
                sentences, rows = sentences[kept], rows[chosen]
                last, ended = last[chosen], ended[chosen]
        values = [math.nan] * len(tokens) if totals is None else totals.tolist()
        found = [
            Hypothesis(each[: each.index(END)] if END in each else each, total, total)
            for each, total in zip(tokens.tolist(), values, strict=True)
        ]
        groups = (found[start : start + beams] for start in range(0, len(found), beams))
        return [sorted(each, key=lambda one: -one.score) for each in groups]


@SEARCHES.register("greedy", SearchConfig)
class Greedy(_SingleHypotheses):
    """The likeliest next token at each step."""

    def _choose(self, logits: Logits) -> Tokens:
        return top_tokens(logits, 1)[1].squeeze(1)


@dataclass(kw_only=True)
class SamplingConfig(SearchConfig):
    """`n_best`: how many translations of a sentence are drawn, which are sorted by their log p.

    `temperature`: below 1 prefers likely tokens. `top_k`: tokens to draw from; null is all.
    `top_p`: the likeliest tokens that have that probability together are drawn from (Holtzman et
    al. 2020); 1 is all. `seed`: of the draws.
    """

    n_best: Count = 1
    temperature: Annotated[float, Range(above=0, maximum=1e6)]
    top_k: Count | None
    top_p: Annotated[float, Range(above=0, maximum=1)] = 1.0
    seed: Seed


@SEARCHES.register("sampling", SamplingConfig)
class Sampling(_SingleHypotheses):
    """Each next token drawn from the model's distribution."""

    depends_on_batches = True  # one stream of random numbers for all sentences

    def __init__(self, config: SamplingConfig) -> None:
        super().__init__(config)
        self.count = config.n_best
        self._temperature, self._top_k, self._top_p = config.temperature, config.top_k, config.top_p
        self._generator = torch.Generator().manual_seed(config.seed)

    def _choose(self, logits: Logits) -> Tokens:
        scores = logits.cpu() / self._temperature
        if self._top_k is not None and self._top_k < scores.size(1):
            least = top_tokens(scores, self._top_k)[0][:, -1:]
            scores = scores.masked_fill(scores < least, -torch.inf)
        probabilities = scores.softmax(-1)
        if not bool(probabilities.isfinite().all()):
            raise not_finite()
        if self._top_p < 1:
            probabilities = _nucleus(probabilities, self._top_p)
        drawn = torch.multinomial(probabilities, 1, generator=self._generator)
        return drawn.squeeze(1).to(logits.device)


def _nucleus(probabilities: Logits, share: float) -> Logits:
    """Holtzman et al. 2020, section 3.1: the fewest likeliest tokens of that share; 0 elsewhere."""
    likeliest, tokens = probabilities.sort(dim=-1, descending=True)
    before = likeliest.cumsum(-1) - likeliest
    return torch.zeros_like(probabilities).scatter(
        1, tokens, likeliest.masked_fill(before >= share, 0.0)
    )
