"""Beam search, with n-best lists, length and coverage penalties, and diverse groups of beams."""

from dataclasses import dataclass
from typing import Annotated

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor

from attnlab.data.tokens import BEGIN, END
from attnlab.search.coverage import Coverage, observed_coverage
from attnlab.search.interface import (
    SEARCHES,
    Hypothesis,
    Logits,
    Search,
    SearchConfig,
    Task,
    not_finite,
    remaining,
    top_tokens,
)
from attnlab.search.penalties import LengthPenalty
from attnlab.support.errors import UsageError
from attnlab.support.machine import require_memory
from attnlab.support.ranges import Count, NonNegative, Range

Scores = Float[Tensor, "sentences candidates"]
Chosen = Int[Tensor, "sentences chosen"]


@dataclass(kw_only=True)
class BeamConfig(SearchConfig):
    """`beam_size`: hypotheses at a time; `n_best`: how many of those that ended are returned.

    They are ranked by log p / lp + cp, with the length penalty lp of `length_normalisation`,
    average or wu, and `length_penalty` α; and the coverage penalty cp of `coverage_penalty` β
    (0: none), for models with attention to the source. `groups` of beams (1: all are one) avoid the
    tokens that the groups before them choose at the same step: each costs `diversity` nats.
    """

    beam_size: Annotated[int, Range(minimum=1, maximum=10_000)]
    n_best: Count = 1
    length_penalty: Annotated[float, Range(minimum=-10, maximum=10)]
    length_normalisation: str = "average"
    coverage_penalty: NonNegative = 0.0
    groups: Count = 1
    diversity: NonNegative = 0.5

    def __post_init__(self) -> None:
        LengthPenalty(self.length_normalisation, self.length_penalty)
        if self.n_best > self.beam_size:
            raise UsageError(
                f"search.n_best={self.n_best} is more than search.beam_size={self.beam_size} "
                "hypotheses; raise search.beam_size="
            )
        if self.beam_size % self.groups:
            raise UsageError(
                f"search.beam_size={self.beam_size} cannot be split evenly among search.groups="
                f"{self.groups}; choose a multiple"
            )


@dataclass(frozen=True)
class _Candidates:
    """The best extensions of each sentence, best first within a group: (sentences, candidates).

    `beam` is the extended hypothesis, `is_best`: whether it is among as many as there are beams.
    """

    beam: Tensor
    token: Tensor
    log_probability: Tensor
    is_best: Tensor


@SEARCHES.register("beam", BeamConfig)
class Beam(Search):
    """Beam search: the best `beam_size` prefixes are extended at each step (Sutskever et al. 2014).

    A sentence is done when `beam_size` hypotheses have ended, or when no continuation can become
    one of the `n_best` any more, which changes no result (`LengthPenalty.best`).

    With several groups, diverse beam search (Vijayakumar et al. 2018, algorithm 1, Hamming
    diversity): each has its share of the beams. A step's penalties choose its candidates; log p and
    later steps are without.
    """

    early_stop = True
    """Whether sentences are done before `beam_size` hypotheses have ended; a test compares both."""

    def __init__(self, config: BeamConfig) -> None:
        super().__init__(config)
        self.settings = config
        self.penalty = LengthPenalty(config.length_normalisation, config.length_penalty)

    def _search(self, task: Task) -> list[list[Hypothesis]]:
        if self.settings.coverage_penalty:
            with observed_coverage(task.model, task.source_mask) as coverage:
                found = _Beams(self, task, coverage).extend()
        else:
            found = _Beams(self, task, None).extend()
        if not all(found):
            raise not_finite()
        ranked = (sorted(each, key=lambda one: -one.score) for each in found)
        return [each[: self.settings.n_best] for each in ranked]


class _Beams:
    """The hypotheses of the unfinished sentences of a batch: (sentences, beams)."""

    def __init__(self, search: Beam, task: Task, coverage: Coverage | None) -> None:
        self._search, self._settings, self._task = search, search.settings, task
        self._coverage = coverage
        device, batch = task.longest.device, len(task.longest)
        self._ended: list[list[Hypothesis]] = [[] for _ in range(batch)]
        self._sentences = torch.arange(batch, device=device)
        self._counts = torch.zeros_like(self._sentences)  # of hypotheses that have ended
        self._best = torch.full((batch, self._settings.n_best), -torch.inf, device=device)
        # A hypothesis per sentence at first, as all beams would be equal.
        self._tokens = torch.full((batch, 1, 1), BEGIN, device=device)
        self._log_probabilities = torch.zeros(batch, 1, device=device)

    def extend(self) -> list[list[Hypothesis]]:
        """Extend all hypotheses until their sentences are done; those that ended."""
        decoder = self._task.model.step_decoder(self._task.source, self._task.source_mask)
        for length in range(1, int(self._task.longest.max()) + 1):
            logits = decoder.decode(self._tokens[:, :, -1].flatten())
            if length == 1:
                _require_memory(logits, self._settings.beam_size)
            rows, kept = self._advance(self._candidates(logits, length), length)
            if kept is not None and not len(kept):
                break
            decoder.select(rows, kept)
            if self._coverage is not None:
                self._coverage.select(rows)
        return self._ended

    def _candidates(self, logits: Logits, length: int) -> _Candidates:
        """The best extensions by each group: twice as many as it has beams.

        A beam ends in one way only, so that at least half of them do not end.
        """
        settings, (sentences, beams) = self._settings, self._log_probabilities.shape
        size = settings.beam_size // settings.groups
        log_probabilities = logits.log_softmax(dim=-1)
        tokens = self._tokens[:, :, 1:].flatten(0, 1)
        self._task.constraints.exclude(logits, tokens, self._sentences, length - 1)
        # Penalties of diversity can exclude a token for each beam of the other groups.
        wanted = 2 * size + (settings.beam_size if settings.groups > 1 else 0)
        allowed, token = top_tokens(logits, min(wanted, logits.size(1)))
        gained = log_probabilities.gather(1, token).masked_fill_(allowed.isneginf(), -torch.inf)
        # (rows, extensions) -> (sentences, beams, extensions)
        totals = self._log_probabilities.unsqueeze(-1) + gained.view(sentences, beams, -1)
        token = token.view(totals.shape)
        groups, chosen = [], token.new_empty(sentences, 0)
        for group in range(settings.groups):
            first = 0 if beams == 1 else group * beams // settings.groups
            last = 1 if beams == 1 else first + beams // settings.groups
            of_group, its_token = totals[:, first:last], token[:, first:last].flatten(1)
            ranks = of_group.flatten(1)
            if group:
                repeats = its_token.unsqueeze(-1) == chosen.unsqueeze(1)
                ranks = ranks - settings.diversity * repeats.sum(-1)
            best = ranks.topk(min(2 * size, ranks.size(1)), dim=-1).indices
            picked = _Candidates(
                beam=best // token.size(-1) + first,
                token=its_token.gather(1, best),
                log_probability=of_group.flatten(1).gather(1, best),
                is_best=(torch.arange(best.size(1), device=best.device) < size).expand_as(best),
            )
            groups.append(picked)
            chosen = torch.cat([chosen, picked.token[:, :size]], dim=1)
        if len(groups) == 1:
            return groups[0]
        joined = {
            name: torch.cat([getattr(each, name) for each in groups], dim=1)
            for name in ("beam", "token", "log_probability", "is_best")
        }
        return _Candidates(**joined)

    def _advance(
        self, candidates: _Candidates, length: int
    ) -> tuple[Int[Tensor, " rows"], Int[Tensor, " kept"] | None]:
        """Go on with the best that do not end: the rows that they extend, the sentences kept."""
        search, settings, task = self._search, self._settings, self._task
        beams = self._log_probabilities.size(1)
        tokens = torch.cat(
            [_select(self._tokens, candidates.beam), candidates.token.unsqueeze(-1)], dim=-1
        )
        log_probability, ends = candidates.log_probability, candidates.token == END
        scores = log_probability / search.penalty(length)
        if self._coverage is not None:
            penalties = self._coverage.penalties(settings.coverage_penalty, self._sentences)
            scores = scores + penalties.gather(1, candidates.beam)
        ended = ends & candidates.is_best & log_probability.isfinite()
        self._collect(tokens, log_probability, scores, ended)
        on = _first_that_go_on(ends, settings.groups, settings.beam_size)
        self._tokens, beam = _select(tokens, on), candidates.beam.gather(1, on)
        going_on = log_probability.gather(1, on).masked_fill(ends.gather(1, on), -torch.inf)
        self._log_probabilities = going_on
        longest = task.longest[self._sentences]
        stopped = longest <= length
        # Without any hypothesis that ended in time, take the unfinished ones.
        cut = (stopped & (self._counts == 0)).unsqueeze(1) & going_on.isfinite()
        self._collect(self._tokens, going_on, scores.gather(1, on), cut)
        finished = stopped | (self._counts >= settings.beam_size)
        if search.early_stop:
            possible = search.penalty.best(going_on.amax(1), length + 1, longest)
            finished |= self._best[:, -1] >= possible
        kept = remaining(finished)
        rows = torch.arange(len(beam), device=beam.device).unsqueeze(1) * beams + beam
        if kept is not None:
            rows, self._sentences, self._tokens = (
                rows[kept],
                self._sentences[kept],
                self._tokens[kept],
            )
            self._counts, self._best = self._counts[kept], self._best[kept]
            self._log_probabilities = going_on[kept]
        return rows.flatten(), kept

    def _collect(
        self,
        tokens: Int[Tensor, "sentences candidates length"],
        log_probability: Scores,
        scores: Scores,
        marked: Bool[Tensor, "sentences candidates"],
    ) -> None:
        """Note the `marked` hypotheses as ended."""
        self._counts = self._counts + marked.sum(1)
        if not bool(marked.any()):
            return
        of_marked = scores.masked_fill(~marked, -torch.inf)
        best = torch.cat([self._best, of_marked], dim=1)
        self._best = best.topk(self._best.size(1), dim=1).values
        sentences = self._sentences[marked.nonzero()[:, 0]]
        for sentence, ids, *numbers in zip(
            sentences.tolist(),
            tokens[marked][:, 1:].tolist(),
            log_probability[marked].tolist(),
            scores[marked].tolist(),
            strict=True,
        ):
            if ids[-1] == END:
                ids.pop()
            self._ended[sentence].append(Hypothesis(ids, *numbers))


def _first_that_go_on(ends: Bool[Tensor, "sentences candidates"], groups: int, size: int) -> Chosen:
    """The first candidates of each group that do not end, `size` of all groups."""
    by_group = ends.view(len(ends), groups, -1)
    on = by_group.int().argsort(dim=-1, stable=True)[:, :, : size // groups]
    offsets = torch.arange(groups, device=ends.device).unsqueeze(1) * by_group.size(-1)
    return (on + offsets).flatten(1)


def _select(x: Int[Tensor, "sentences beams length"], beam: Chosen) -> Tensor:
    """`x[s, beam[s, i]]` for each sentence s: (sentences, n, length) by (sentences, m)."""
    return x.gather(1, beam.unsqueeze(-1).expand(-1, -1, x.size(-1)))


def _require_memory(logits: Logits, size: int) -> None:
    # At once for each beam: logits, log-probabilities and totals.
    require_memory(
        3 * 4 * logits.numel() * size,
        f"search.beam_size={size} for {len(logits)} sentences at a time",
        "lower it, or batch_tokens=",
        logits.device,
    )
