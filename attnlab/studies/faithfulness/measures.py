"""Agreement of attention weights with effects, and confidence intervals. Arrays only.

Rows are steps of a decoder, columns words of a source; a row's *effects* are what removing each
word changes at that step.
"""

import math
import warnings
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import stats

_CONFIDENCE = 0.95
_RESAMPLES = 2000
_SEED = 1  # of the bootstrap, so that the same values give the same interval


def total_variation(first: NDArray[Any], second: NDArray[Any]) -> NDArray[Any]:
    """`½ Σ_w |p_w - q_w|`, the distance of two distributions, from 0 to 1.

    (…, outcomes) twice -> (…). Jain & Wallace 2019, section 4, measure a change of output by it.
    """
    distances: NDArray[Any] = np.abs(first - second).sum(axis=-1) / 2
    return distances


def kendall(weights: NDArray[Any], effects: NDArray[Any]) -> NDArray[np.float64]:
    """Kendall's τ-b (Kendall 1945) of each row of `weights` with its row of `effects`.

    (…, words) -> (…); leading axes broadcast. NaN where either row is constant and so has no order.
    Jain & Wallace 2019, section 4.1, compare attention with leave-one-out effects by it.
    """
    return _correlate(stats.kendalltau, weights, effects)


def spearman(weights: NDArray[Any], effects: NDArray[Any]) -> NDArray[np.float64]:
    """Spearman's ρ of each row, Pearson's correlation of ranks; otherwise as `kendall`."""
    return _correlate(stats.spearmanrho, weights, effects)


def _correlate(
    correlation: Any, weights: NDArray[Any], effects: NDArray[Any]
) -> NDArray[np.float64]:
    weights, effects = np.broadcast_arrays(weights, effects)
    if weights.shape[-1] < 2:
        return np.full(weights.shape[:-1], np.nan)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # a constant row gives NaN, as documented
        found = correlation(weights, effects, axis=-1)
    return np.asarray(found.statistic, dtype=np.float64)


def top_hits(weights: NDArray[Any], effects: NDArray[Any]) -> NDArray[np.float64]:
    """Whether the largest weight of each row is at its largest effect: (…, words) -> (…).

    Of equally large weights one is drawn evenly, so this is the probability of a hit.
    """
    most = weights == weights.max(axis=-1, keepdims=True)
    right = effects == effects.max(axis=-1, keepdims=True)
    hits: NDArray[np.float64] = (most & right).sum(axis=-1) / most.sum(axis=-1)
    return hits


def nan_mean(values: NDArray[Any]) -> float:
    """The mean of all values but NaN; NaN, without a warning, where there are none."""
    known = values[~np.isnan(values)]
    return float(known.mean()) if known.size else math.nan


@dataclass(frozen=True)
class Estimate:
    """A mean over `sentences` and the ends of its 95% confidence interval; NaN where unknown."""

    mean: float
    low: float
    high: float
    sentences: int

    @classmethod
    def of(cls, values: Sequence[float]) -> "Estimate":
        """Estimate from one value a sentence, NaN where it has none.

        The interval is the percentile bootstrap's (Efron & Tibshirani 1993, section 13.3).
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
        """The fields, None where unknown."""
        return {name: None if math.isnan(value) else value for name, value in asdict(self).items()}

    def __str__(self) -> str:
        """`0.58 ± 0.02`: half of the interval, the greater half where it is skew."""
        half = max(self.high - self.mean, self.mean - self.low)
        return f"{self.mean:.2f}" if math.isnan(half) else f"{self.mean:.2f} ± {half:.2f}"
