"""Is one set of translations worse than another, or was it chance? sacreBLEU's paired bootstrap."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from sacrebleu.metrics.bleu import BLEU
from sacrebleu.significance import PairedTest, Result

RESAMPLES = 1000


@dataclass(frozen=True)
class Compared:
    """BLEU, its difference from the baseline's, and how likely chance alone makes as great a one.

    `p_value` is two-sided: the share of resampled test sets whose difference is as far from the
    mean of these as the one that was found is from none.
    """

    bleu: float
    difference: float
    p_value: float


def compare_bleu(
    baseline: Sequence[str], others: Mapping[str, Sequence[str]], references: Sequence[str]
) -> dict[str, Compared]:
    """Each of `others`, sentence for sentence, against `baseline` (Koehn 2004, section 4).

    The same 1,000 resampled test sets for all, and the same each time.
    """
    if not others:
        return {}
    names = list(others)
    systems: list[tuple[str, Sequence[str]]] = [("the baseline", baseline)]
    systems += [(name, others[name]) for name in names]
    test = PairedTest(systems, {"BLEU": BLEU()}, [list(references)], "bs", RESAMPLES)
    _, scores = test()
    first, *rest = [each for each in scores["BLEU"] if isinstance(each, Result)]
    return {
        name: Compared(
            float(result.score),
            float(result.score - first.score),
            # Of no difference at all, the test would say that no resampled one is greater.
            1.0 if list(others[name]) == list(baseline) else float(result.p_value or 0.0),
        )
        for name, result in zip(names, rest, strict=True)
    }
