"""The best head of a kind of attention, measured on many sentences and not only on those drawn.

With gold alignments it is the cross-attention head with the lowest alignment error rate (Och & Ney
2003), by the attention of the step that predicts a word, as in figures. For self-attention, and
without gold, it is the head with the lowest normalised entropy.
"""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from attnlab.data.corpus import load_split
from attnlab.data.pairs import SentencePair
from attnlab.data.vocabulary import encode_pairs
from attnlab.evaluate.align import measure_heads, read_gold
from attnlab.evaluation.entropy import head_entropies
from attnlab.inspection.choice import Choice
from attnlab.inspection.forced import record_pairs
from attnlab.run.loaded import LoadedRun

SENTENCES = 200
"""First sentences of a split that are measured; the choice hardly changes with more."""


@dataclass(frozen=True)
class BestHead:
    """A head and its measured `figure`; `layer` and `head` count from 1, `reason` is a caption."""

    kind: str
    layer: int
    head: int
    figure: float
    reason: str

    @property
    def choice(self) -> Choice:
        """This head alone."""
        return Choice(kind=self.kind, layers=(self.layer,), heads=(self.head,))


def find_best_heads(trained: LoadedRun, split: str, kinds: Sequence[str]) -> list[BestHead]:
    """The best head of each of `kinds`, by forced decoding of the first sentences of `split`.

    Raises:
        UsageError: the corpus has no such split.
    """
    config = trained.run.config
    pairs = load_split(config.data, config.seed, split)[:SENTENCES]
    aligned = [pair for pair in pairs if pair.alignment]
    return [
        _best_by_alignment(trained, split, aligned)
        if kind == "cross" and aligned
        else _best_by_entropy(trained, split, pairs, kind)
        for kind in kinds
    ]


def _best_by_alignment(trained: LoadedRun, split: str, pairs: Sequence[SentencePair]) -> BestHead:
    measured = measure_heads(trained, read_gold(pairs, trained.run.config.data, split))
    rates = {
        (each.layer, each.head): each.counts.error_rate
        for each in measured
        if each.head is not None and each.convention == "predicts"
    }
    place = min(rates, key=rates.__getitem__)
    rate = rates[place]
    reason = (
        f"best {_of(len(rates))}: an alignment error rate of {100 * rate:.1f} % on "
        f"{_first(len(pairs))} of {split}"
    )
    return BestHead("cross", *place, rate, reason)


def _best_by_entropy(
    trained: LoadedRun, split: str, pairs: Sequence[SentencePair], kind: str
) -> BestHead:
    encoded = encode_pairs(trained.vocabulary, ((pair.source, pair.target) for pair in pairs))
    sums: dict[tuple[int, int], float] = defaultdict(float)
    queries: dict[int, int] = defaultdict(int)
    for recorded in record_pairs(trained.model, encoded, kinds=(kind,)):
        for (_, layer), weights in recorded.weights.items():
            visible = np.ones(weights.shape[1:], dtype=bool)
            if kind == "decoder":
                visible = np.tril(visible)
            choosing = int((visible.sum(axis=1) > 1).sum())
            queries[layer] += choosing
            for head, entropy in enumerate(head_entropies(weights[None], visible[None]), start=1):
                sums[layer, head] += choosing * entropy.normalised
    shares = {place: total / max(1, queries[place[0]]) for place, total in sums.items()}
    place = min(shares, key=shares.__getitem__)
    share = shares[place]
    reason = (
        f"best {_of(len(sums))}: an entropy of {100 * share:.1f} % of the highest possible on "
        f"{_first(len(pairs))} of {split}"
    )
    return BestHead(kind, *place, share, reason)


def _of(heads: int) -> str:
    return f"of {heads} heads" if heads > 1 else "and only head"


def _first(sentences: int) -> str:
    return "the first sentence" if sentences == 1 else f"the first {sentences} sentences"
