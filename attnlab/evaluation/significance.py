"""Is one set of translations worse than another, or was it chance? sacreBLEU's paired test.

Of its two, approximate randomisation: the p of its paired bootstrap is no two-sided one, as it
compares absolute differences with their mean.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from sacrebleu.metrics.bleu import BLEU
from sacrebleu.significance import PairedTest, Result

TRIALS = 1000


@dataclass(frozen=True)
class Compared:
    """BLEU, its difference from the baseline's, and how likely chance alone makes as great a one.

    `p_value`: the share of trials in which the difference is greater, either way, when each
    sentence's two translations are exchanged or not by the toss of a coin.
    """

    bleu: float
    difference: float
    p_value: float


def compare_bleu(
    baseline: Sequence[str], others: Mapping[str, Sequence[str]], references: Sequence[str]
) -> dict[str, Compared]:
    """Each of `others`, sentence for sentence, against `baseline` (Riezler & Maxwell 2005).

    1,000 trials, the same ones each time and for all.
    """
    if not others:
        return {}
    names = list(others)
    systems: list[tuple[str, Sequence[str]]] = [("the baseline", baseline)]
    systems += [(name, others[name]) for name in names]
    test = PairedTest(systems, {"BLEU": BLEU()}, [list(references)], "ar", TRIALS)
    _, scores = test()
    first, *rest = [each for each in scores["BLEU"] if isinstance(each, Result)]
    return {
        name: Compared(
            float(result.score),
            float(result.score - first.score),
            # Of no difference at all, the test would say that no trial has a greater one.
            1.0 if list(others[name]) == list(baseline) else float(result.p_value or 0.0),
        )
        for name, result in zip(names, rest, strict=True)
    }
