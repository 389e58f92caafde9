"""Do the heads that look at a word most look at the one that matters most? Sentence by sentence.

The weights of each step over the words of the source are compared with the effects of leaving out
each of these words. So are what should agree best, gold links, and what cannot agree, weights
that were shuffled.
"""

import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from attnlab.data.batching import EncodedPair
from attnlab.data.words import Word, group_pieces, merge_to_words
from attnlab.inspection.forced import record_pairs
from attnlab.run.loaded import LoadedRun
from attnlab.studies.faithfulness.leaving_out import Effects, leave_words_out
from attnlab.studies.faithfulness.measures import (
    Estimate,
    kendall,
    mean_of_known,
    spearman,
    top_hits,
)
from attnlab.support.console import Advance

GOLD, PERMUTED = "gold links", "permuted weights"
_SEED = 1


@dataclass(frozen=True)
class Head:
    """A cross-attention head, layer and head from 1; no head is the mean of its layer's heads."""

    layer: int
    head: int | None


Looking = Head | str
"""Whose weights are compared: a head's, or those of a baseline, by its name."""


@dataclass(frozen=True)
class Agreement:
    """How well weights agree with effects: means over some steps, NaN where none has an order.

    `kendall` and `spearman` with drops of log probability, `kendall_distance` with distances of
    distributions; `top`: how often the largest weight stands where the largest drop does.
    """

    kendall: float
    kendall_distance: float
    spearman: float
    top: float


MEASURES = ("kendall", "kendall_distance", "spearman", "top")


@dataclass(frozen=True)
class SentenceAgreement:
    """What was found for one sentence, `by` whom; `chance` is the part of tops that luck hits."""

    index: int
    by: Mapping[Looking, Agreement]
    chance: float


def compare(weights: NDArray[np.floating], effects: Effects) -> Agreement:
    """The agreement of weights, (steps, words), with what the words did."""
    return Agreement(
        mean_of_known(kendall(weights, effects.drops)),
        mean_of_known(kendall(weights, effects.distances)),
        mean_of_known(spearman(weights, effects.drops)),
        mean_of_known(_tops(weights, effects.drops)),
    )


def _tops(weights: NDArray[np.floating], drops: NDArray[np.floating]) -> NDArray[np.float64]:
    """Hits of the steps that look at anything; a word without a gold link looks at nothing."""
    return np.where(weights.any(axis=-1), top_hits(weights, drops), math.nan)


def source_words(trained: LoadedRun, pair: EncodedPair) -> list[Word]:
    """The words of the source; its end is none, as nothing can be translated without it."""
    return group_pieces(trained.vocabulary.source.pieces(pair.source))


def head_weights(
    trained: LoadedRun, pairs: Sequence[EncodedPair], batch_tokens: int
) -> dict[int, dict[Looking, NDArray[np.float64]]]:
    """By sentence and head, the weights of all steps but the end on all words but the end."""
    found: dict[int, dict[Looking, NDArray[np.float64]]] = {}
    recorded = record_pairs(trained.model, pairs, kinds=("cross",), batch_tokens=batch_tokens)
    for each in recorded:
        words = source_words(trained, pairs[each.index])
        ended = [*words, Word("", len(pairs[each.index].source), len(pairs[each.index].source) + 1)]
        found[each.index] = of_sentence = {}
        for (_, layer), of_layer in each.weights.items():
            steps = [Word("", n, n + 1) for n in range(of_layer.shape[1])]
            merged = merge_to_words(of_layer.astype(np.float64), steps, ended)[:, :-1, :-1]
            for head, weights in enumerate(merged, start=1):
                of_sentence[Head(layer, head)] = weights
            if len(merged) > 1:
                of_sentence[Head(layer, None)] = merged.mean(axis=0)
    return found


def agreements(
    trained: LoadedRun,
    pairs: Sequence[EncodedPair],
    gold: Mapping[int, NDArray[np.bool_]],
    batch_tokens: int,
    advance: Advance,
) -> Iterator[SentenceAgreement]:
    """Of each of `pairs`, whose sources have two words at least, as the batches suit.

    `gold` holds, for those with an alignment, True at (step, word) where they are linked.
    """
    words = [source_words(trained, pair) for pair in pairs]
    weights = head_weights(trained, pairs, batch_tokens)
    for effects in leave_words_out(trained.model, pairs, words, batch_tokens):
        by = weights[effects.index]
        by[PERMUTED] = shuffled(list(by.values()), effects.index)
        if effects.index in gold:
            by[GOLD] = gold[effects.index].astype(np.float64)
        advance(1)
        yield SentenceAgreement(
            effects.index,
            {looking: compare(each, effects) for looking, each in by.items()},
            1 / effects.drops.shape[1],
        )


def shuffled(heads: Sequence[NDArray[np.float64]], seed: int) -> NDArray[np.float64]:
    """For each step the weights of a head drawn at random, in a random order: (steps, words)."""
    generator = np.random.default_rng([_SEED, seed])
    drawn = generator.integers(len(heads), size=len(heads[0]))
    of_steps = np.stack([heads[head][step] for step, head in enumerate(drawn)])
    return generator.permuted(of_steps, axis=-1)


def estimates(
    sentences: Iterable[SentenceAgreement],
) -> dict[Looking, dict[str, Estimate]]:
    """By whom, each of `MEASURES` as a mean over sentences, which count alike."""
    by: dict[Looking, list[Agreement]] = {}
    for sentence in sentences:
        for looking, agreement in sentence.by.items():
            by.setdefault(looking, []).append(agreement)
    return {
        looking: {
            measure: Estimate.of([getattr(each, measure) for each in of_looking])
            for measure in MEASURES
        }
        for looking, of_looking in by.items()
    }
