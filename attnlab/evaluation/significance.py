"""Is one set of translations worse than another, or was it chance? A paired test of BLEU.

Counts and scores are sacreBLEU's. Its own paired tests are not used: they do not count trials whose
difference is just as great, so that where few sentences differ p comes out far too small, of no
difference at all smallest of all; and its bootstrap's p is no two-sided one.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from sacrebleu.metrics.bleu import BLEU

TRIALS = 1000

_SEED = 12345
_ROUNDING = 1e-9  # of a difference between sums of whole numbers


@dataclass(frozen=True)
class Compared:
    """BLEU, its difference from the baseline's, and how likely chance alone makes as great a one.

    `p_value`: the share of trials in which the difference is as great or greater, either way, when
    each sentence's two translations are exchanged or not by the toss of a coin; what was found is
    counted as one more trial, so that it is never 0.
    """

    bleu: float
    difference: float
    p_value: float


def compare_bleu(
    baseline: Sequence[str],
    others: Mapping[str, Sequence[str]],
    references: Sequence[str],
    tokeniser: str = "13a",
) -> dict[str, Compared]:
    """Each of `others`, sentence for sentence, against `baseline` (Riezler & Maxwell 2005).

    By approximate randomisation with 1,000 trials, the same ones each time and for all.
    """
    coins = np.random.default_rng(_SEED).random((TRIALS, len(references))) < 0.5
    ours = _counts(baseline, references, tokeniser)
    score = _bleu(ours.sum(axis=0))
    found = {}
    for name, texts in others.items():
        theirs = _counts(texts, references, tokeniser)
        bleu = _bleu(theirs.sum(axis=0))
        both, exchanged = ours.sum(axis=0) + theirs.sum(axis=0), coins @ (theirs - ours)
        one = ours.sum(axis=0) + exchanged  # (trials, counts)
        differences = [abs(_bleu(counts) - _bleu(both - counts)) for counts in one]
        as_great = sum(each >= abs(bleu - score) - _ROUNDING for each in differences)
        found[name] = Compared(bleu, bleu - score, (as_great + 1) / (TRIALS + 1))
    return found


def _counts(texts: Sequence[str], references: Sequence[str], tokeniser: str) -> NDArray[np.int64]:
    """What a corpus's BLEU is made of, by sentence: right and all n-grams, and both lengths."""
    # Effective order, or it warns of scores of sentences, which go unused.
    metric = BLEU(tokenize=tokeniser, effective_order=True)
    rows = []
    for text, reference in zip(texts, references, strict=True):
        score = metric.sentence_score(text, [reference])
        rows.append([*score.counts, *score.totals, score.sys_len, score.ref_len])
    return np.array(rows, dtype=np.int64)


def _bleu(counts: NDArray[np.int64]) -> float:
    """As sacreBLEU's of a corpus, of a row of sums of `_counts`."""
    *ngrams, length, reference_length = map(int, counts)
    orders = len(ngrams) // 2
    score = BLEU.compute_bleu(
        ngrams[:orders], ngrams[orders:], length, reference_length, smooth_method="exp"
    )
    return float(score.score)
