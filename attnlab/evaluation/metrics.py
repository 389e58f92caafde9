"""How good are translations? sacreBLEU's figures, each with the recipe that it was made by."""

from collections.abc import Sequence
from dataclasses import dataclass

from sacrebleu.metrics.base import Metric
from sacrebleu.metrics.bleu import BLEU
from sacrebleu.metrics.chrf import CHRF
from sacrebleu.metrics.ter import TER

METRICS: dict[str, type[Metric]] = {"bleu": BLEU, "chrf": CHRF, "ter": TER}
"""BLEU: Papineni et al. 2002. chrF: Popović 2015. TER: Snover et al. 2006 (lower is better)."""

NAMES = {"bleu": "BLEU", "chrf": "chrF2", "ter": "TER"}


@dataclass(frozen=True)
class Measured:
    """A score from 0 to 100 (TER: from 0, without end), and sacreBLEU's signature."""

    score: float
    signature: str


def measure(metric: str, hypotheses: Sequence[str], references: Sequence[str]) -> Measured:
    """The corpus's `metric`, one of `METRICS`, of detokenised texts, one reference each."""
    if len(hypotheses) != len(references):
        raise ValueError(f"{len(hypotheses)} hypotheses for {len(references)} references")
    scorer = METRICS[metric]()
    # One list of references for each hypothesis set: a bare list would silently score 0.
    score = scorer.corpus_score(list(hypotheses), [list(references)])
    return Measured(float(score.score), str(scorer.get_signature()))


def exact_match(hypotheses: Sequence[str], references: Sequence[str]) -> float:
    """The share, in per cent, of hypotheses that equal their references to the letter."""
    same = sum(h == r for h, r in zip(hypotheses, references, strict=True))
    return 100.0 * same / len(references)
