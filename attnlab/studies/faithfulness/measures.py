"""Does an attention map explain? How well weights agree with what words turn out to matter.

Arrays only. Knows no model and no words. Rows are steps of a decoder, columns the words of a
source; a row's *effects* are what leaving out each of those words did to that step.
"""

import math
import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import stats

_CONFIDENCE = 0.95
_RESAMPLES = 2000
_SEED = 1  # of the bootstrap, so that the same values give the same interval


def total_variation(first: NDArray[Any], second: NDArray[Any]) -> NDArray[Any]:
    """`½ Σ_w |p_w - q_w|`: how far two distributions are apart, from 0 to 1.

    (…, outcomes) twice -> (…). Jain & Wallace 2019, section 4, measure a change of output by it.
    """
    distances: NDArray[Any] = np.abs(first - second).sum(axis=-1) / 2
    return distances


def kendall(weights: NDArray[Any], effects: NDArray[Any]) -> NDArray[np.float64]:
    """Kendall's τ-b of each row of `weights` with its row of `effects`; leading axes broadcast.

    (…, words) -> (…). The share of pairs of words that both put into the same order, less the
    share that they put into opposite ones, ties reckoned (Kendall 1945); Jain & Wallace 2019,
    section 4.1, compare attention with leaving words out by it. NaN where either has but one
    value: there is no order.
    """
    return _without_remarks(stats.kendalltau, weights, effects)


def spearman(weights: NDArray[Any], effects: NDArray[Any]) -> NDArray[np.float64]:
    """Spearman's ρ of each row, Pearson's correlation of ranks; otherwise as `kendall`."""
    return _without_remarks(stats.spearmanrho, weights, effects)


def _without_remarks(
    correlate: Any, weights: NDArray[Any], effects: NDArray[Any]
) -> NDArray[np.float64]:
    weights, effects = np.broadcast_arrays(weights, effects)
    if weights.shape[-1] < 2:
        return np.full(weights.shape[:-1], np.nan)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # that a constant row has no correlation is known
        found = correlate(weights, effects, axis=-1)
    return np.asarray(found.statistic, dtype=np.float64)


def top_hits(weights: NDArray[Any], effects: NDArray[Any]) -> NDArray[np.float64]:
    """Whether each row's largest weight stands where its largest effect does.

    (…, words) -> (…). Of equally large weights one is drawn evenly: what is given is the
    probability that it hits. A row whose weights are all alike hits as often as chance does.
    """
    most = weights == weights.max(axis=-1, keepdims=True)
    right = effects == effects.max(axis=-1, keepdims=True)
    hits: NDArray[np.float64] = (most & right).sum(axis=-1) / most.sum(axis=-1)
    return hits


@dataclass(frozen=True)
class Estimate:
    """A mean over `sentences`, and the ends of its 95% confidence interval; NaN where unknown."""

    mean: float
    low: float
    high: float
    sentences: int

    @classmethod
    def of(cls, values: Sequence[float]) -> "Estimate":
        """Of one value a sentence, NaN where it has none, by the percentile bootstrap.

        Efron & Tibshirani 1993, section 13.3: sentences are drawn anew with replacement.
        """
        known = np.array([value for value in values if not math.isnan(value)])
        if not len(known):
            return cls(math.nan, math.nan, math.nan, 0)
        if len(known) == 1:
            return cls(float(known[0]), math.nan, math.nan, 1)
        drawn = np.random.default_rng(_SEED).integers(len(known), size=(_RESAMPLES, len(known)))
        tails = (1 - _CONFIDENCE) / 2
        low, high = np.quantile(known[drawn].mean(axis=1), [tails, 1 - tails])
        return cls(float(known.mean()), float(low), float(high), len(known))

    def as_json(self) -> dict[str, float | int | None]:
        """Plain numbers, null where unknown."""
        found = {"mean": self.mean, "low": self.low, "high": self.high}
        numbers: dict[str, float | int | None] = {
            name: None if math.isnan(value) else value for name, value in found.items()
        }
        return numbers | {"sentences": self.sentences}


def mean_of_known(values: NDArray[Any]) -> float:
    """The mean without NaN; NaN where nothing else is there."""
    known = values[~np.isnan(values)]
    return float(known.mean()) if known.size else math.nan
