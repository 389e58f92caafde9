"""How good are translations? sacreBLEU's figures, each with the recipe that it was made by."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from sacrebleu.metrics.base import Metric
from sacrebleu.metrics.bleu import BLEU
from sacrebleu.metrics.chrf import CHRF
from sacrebleu.metrics.ter import TER

METRICS: dict[str, type[Metric]] = {"bleu": BLEU, "chrf": CHRF, "ter": TER}
"""BLEU: Papineni et al. 2002. chrF: Popović 2015. TER: Snover et al. 2006 (lower is better)."""

NAMES = {"bleu": "BLEU", "chrf": "chrF2", "ter": "TER", "exact": "exact match"}


@dataclass(frozen=True)
class Measured:
    """A score from 0 to 100 (TER: from 0, without end), and the recipe, sacreBLEU's signature."""

    score: float
    signature: str


def measure(metric: str, hypotheses: Sequence[str], references: Sequence[str]) -> Measured:
    """The corpus's `metric`, one of `NAMES`, of detokenised texts, one reference each."""
    if len(hypotheses) != len(references):
        raise ValueError(f"{len(hypotheses)} hypotheses for {len(references)} references")
    if metric == "exact":
        return Measured(exact_match(hypotheses, references), "% of sentences, to the letter")
    scorer = METRICS[metric]()
    # One list of references for each hypothesis set: a bare list would silently score 0.
    score = scorer.corpus_score(list(hypotheses), [list(references)])
    return Measured(float(score.score), str(scorer.get_signature()))


def exact_match(hypotheses: Sequence[str], references: Sequence[str]) -> float:
    """The share, in per cent, of hypotheses that equal their references to the letter."""
    same = [h == r for h, r in zip(hypotheses, references, strict=True)]
    return percentage(same)


def holds_word(text: str, word: str) -> bool:
    """Whether `word` stands in `text`, as a whole word, in capitals or not."""
    found = re.search(rf"(?<!\w){re.escape(word)}(?!\w)", text, re.IGNORECASE)
    return found is not None


def percentage(outcomes: Sequence[bool]) -> float:
    """The share of those that are true, in per cent.

    Raises:
        ValueError: there are none.
    """
    if not outcomes:
        raise ValueError("nothing to take a share of")
    return 100.0 * sum(outcomes) / len(outcomes)
