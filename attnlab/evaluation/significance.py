"""Is one set of translations better than another, or was it chance? Paired tests over sentences.

A corpus's score is computed from sums of statistics of its sentences (for BLEU, matching n-grams
and lengths), which sacreBLEU collects; trials sum them anew. sacreBLEU's own paired tests are not
used: they do not count trials whose difference is just as great, so that where few sentences
differ p comes out far too small, and of no difference at all smallest of all.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from math import comb

import numpy as np
from numpy.typing import NDArray

from attnlab.evaluation.metrics import scorer
from attnlab.evaluation.moses import moses_tokenise

TRIALS = 1000

_SEED = 12345
_ROUNDING = 1e-9  # of a difference between scores
_LEVEL = 0.95
_MOST_SPLITS = 100_000


@dataclass(frozen=True)
class Statistics:
    """Counts of each sentence, `sentences` (sentence, count), and the `score` of their sums."""

    sentences: NDArray[np.float64]
    score: Callable[[NDArray[np.float64]], float]

    @property
    def corpus_score(self) -> float:
        """The score of all sentences, as sacreBLEU has it."""
        return self.score(self.sentences.sum(axis=0))


def statistics(
    metric: str,
    texts: Sequence[str],
    *references: Sequence[str],
    tokeniser: str = "13a",
    lowercase: bool = False,
    language: str = "en",
) -> Statistics:
    """Statistics of `texts` by `metric`, one of `NAMES`, against one or several references.

    The rest is that of `Reading`.
    """
    if metric == "exact":
        if lowercase:
            texts = [text.lower() for text in texts]
            references = tuple([text.lower() for text in each] for each in references)
        rows = zip(texts, *references, strict=True)
        hits = [[text.rstrip() in {each.rstrip() for each in right}, 1] for text, *right in rows]
        return Statistics(np.array(hits, dtype=np.float64), _percentage)
    if metric == "tokenised":
        texts = moses_tokenise(texts, language)
        references = tuple(moses_tokenise(each, language) for each in references)
    used = scorer(metric, tokeniser, lowercase)
    counts = used._extract_corpus_statistics(list(texts), list(map(list, references)))

    def score(sums: NDArray[np.float64]) -> float:
        values = sums.tolist() if metric == "ter" else [round(each) for each in sums.tolist()]
        return float(used._compute_score_from_stats(values).score)

    return Statistics(np.array(counts, dtype=np.float64), score)


def _percentage(sums: NDArray[np.float64]) -> float:
    return 100 * float(sums[0] / sums[1])


@dataclass(frozen=True)
class Compared:
    """A score, its difference from the baseline's, and what chance alone would make of it.

    `p_value`: approximate randomisation (Riezler & Maxwell 2005): the share of trials whose
    difference is as great or greater, either way, when the two translations of each sentence are
    exchanged or not by the toss of a coin. `bootstrap_p_value`: paired bootstrap (Koehn 2004), the
    share of resampled corpora whose difference is as far from the one found as that is from zero.
    In both, what was found counts as one more trial, so that p is never 0, and ties count.
    `interval`: 95 % of the resampled differences lie in it.
    """

    score: float
    difference: float
    p_value: float
    bootstrap_p_value: float
    interval: tuple[float, float]


def compare(
    metric: str,
    baseline: Sequence[str],
    others: Mapping[str, Sequence[str]],
    references: Sequence[str],
    tokeniser: str = "13a",
) -> dict[str, Compared]:
    """Each of `others`, sentence for sentence, against `baseline`; the same trials for all."""
    if not others:
        return {}
    ours = statistics(metric, baseline, references, tokeniser=tokeniser)
    return {
        name: compare_systems([ours], [statistics(metric, texts, references, tokeniser=tokeniser)])
        for name, texts in others.items()
    }


def score_interval(found: Statistics, trials: int = TRIALS) -> tuple[float, float]:
    """The interval that holds 95 % of the scores of resampled corpora (bootstrap; Koehn 2004)."""
    length = len(found.sentences)
    draws = np.random.default_rng(_SEED).integers(length, size=(trials, length))
    weights = np.stack([np.bincount(row, minlength=length) for row in draws]).astype(np.float64)
    resampled = [found.score(sums) for sums in weights @ found.sentences]
    low, high = np.quantile(resampled, [(1 - _LEVEL) / 2, (1 + _LEVEL) / 2])
    return float(low), float(high)


def compare_systems(
    baseline: Sequence[Statistics], other: Sequence[Statistics], trials: int = TRIALS
) -> Compared:
    """`other` against `baseline`, each one or several runs of one setting, such as of three seeds.

    A setting's score is the mean over its runs. Where both have several, the first of one is
    paired with the first of the other and so on, and a sentence's translations by all of them are
    exchanged, and resampled, together: the test is over sentences, for these very runs.

    Raises:
        ValueError: there are more runs of one than of the other.
    """
    pairs = list(zip(baseline, other, strict=True))
    length = len(baseline[0].sentences)
    chance = np.random.default_rng(_SEED)
    coins = (chance.random((trials, length)) < 0.5).astype(np.float64)
    draws = chance.integers(length, size=(trials, length))
    weights = np.stack([np.bincount(row, minlength=length) for row in draws]).astype(np.float64)
    exchanged, resampled = np.zeros(trials), np.zeros(trials)
    for ours, theirs in pairs:
        swapped = coins @ (theirs.sentences - ours.sentences)
        ones, others = ours.sentences.sum(axis=0) + swapped, theirs.sentences.sum(axis=0) - swapped
        exchanged += [theirs.score(b) - ours.score(a) for a, b in zip(ones, others, strict=True)]
        samples = zip(weights @ ours.sentences, weights @ theirs.sentences, strict=True)
        resampled += [theirs.score(b) - ours.score(a) for a, b in samples]
    exchanged, resampled = exchanged / len(pairs), resampled / len(pairs)
    score = float(np.mean([each.corpus_score for each in other]))
    difference = score - float(np.mean([each.corpus_score for each in baseline]))
    least = abs(difference) - _ROUNDING
    low, high = np.quantile(resampled, [(1 - _LEVEL) / 2, (1 + _LEVEL) / 2])
    return Compared(
        score,
        difference,
        _share(np.abs(exchanged) >= least),
        _share(np.abs(resampled - difference) >= least),
        (float(low), float(high)),
    )


def _share(as_great: NDArray[np.bool_]) -> float:
    return float((as_great.sum() + 1) / (len(as_great) + 1))


def compare_runs(baseline: Sequence[float], other: Sequence[float]) -> float | None:
    """P-value of the difference between two settings' mean scores, over their runs.

    The exact permutation test: the share of all ways to divide the runs into two groups of these
    sizes whose means differ at least as much. With three runs of each it is never below 0.1, with
    four 0.029, with five 0.008. None where one has a single run, or the ways are too many.
    """
    values, first = np.array([*baseline, *other]), len(baseline)
    ways = comb(len(values), first)
    if min(first, len(other)) < 2 or ways > _MOST_SPLITS:
        return None
    total, size = values.sum(), len(values)
    chosen = np.array([values[list(one)].sum() for one in combinations(range(size), first)])
    differences = np.abs(chosen / first - (total - chosen) / (size - first))
    found = abs(values[:first].mean() - values[first:].mean())
    return float((differences >= found - _ROUNDING).mean())


def holm(p_values: Sequence[float]) -> list[float]:
    """`p_values` corrected for being several (Holm 1979): step-down, in the order given.

    A corrected value below 0.05 keeps the chance of even one false alarm among all below 5 %.
    """
    order = np.argsort(p_values, kind="stable")
    corrected, least = [0.0] * len(p_values), 0.0
    for rank, at in enumerate(order):
        least = max(least, min(1.0, (len(p_values) - rank) * p_values[at]))
        corrected[at] = least
    return corrected
