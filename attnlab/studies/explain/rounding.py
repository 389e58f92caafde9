"""Rounding for a worked example: every printed number follows from the numbers printed before it.

A printed score is rounded, so a weight computed from it may differ in its last digit from the
model's own. Each function raises the number of digits until the two agree.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

WEIGHT_DIGITS = 4
"""Decimals of a printed weight."""

_DECIMALS = range(4, 10)
"""Decimals of every other number: as few of these as suffice, or else the most."""


def fixed(numbers: Iterable[float], decimals: int) -> list[str]:
    """Each number with that many decimals."""
    # Adding 0 makes 0 of -0.
    return [f"{round(float(number), decimals) + 0.0:.{decimals}f}" for number in numbers]


@dataclass(frozen=True, kw_only=True)
class RoundedWeights:
    """Scores, weights before any window, and the normaliser's `steps` between them, each (keys).

    Each is rounded to its number of decimals. `numbers`: rounded numbers that are of no single key.
    """

    decimals: int
    scores: Floats
    weight_decimals: int
    weights: Floats
    step_decimals: int = 0
    steps: dict[str, Floats] = field(default_factory=dict)
    numbers: dict[str, float] = field(default_factory=dict)


def round_scores(
    scores: NDArray[Any], weights: NDArray[Any], weight_decimals: int = WEIGHT_DIGITS
) -> RoundedWeights:
    """Scores and weights alone, for a normaliser whose steps are not printed."""
    return RoundedWeights(
        decimals=_DECIMALS[0],
        scores=scores.astype(float).round(_DECIMALS[0]),
        weight_decimals=weight_decimals,
        weights=weights.astype(float).round(weight_decimals),
    )


def round_softmax(
    scores: NDArray[Any],
    visible: NDArray[np.bool_],
    weights: NDArray[Any],
    temperature: float = 1.0,
    weight_decimals: int = WEIGHT_DIGITS,
) -> RoundedWeights:
    """The steps of a softmax from one query's `scores` to its `weights`, all (keys).

    Scores over τ, if that is not 1, their differences from the greatest visible one, and the
    exponentials of these, 0 where the key is masked, with their sum.
    """

    def attempt(decimals: int) -> tuple[RoundedWeights, Floats]:
        rounded = scores.astype(float).round(decimals)
        tempered = (rounded / temperature).round(decimals)
        greatest = float(tempered[visible].max(initial=-np.inf))
        with np.errstate(invalid="ignore"):
            differences = (tempered - greatest).round(decimals)
        exponentials = np.where(visible, np.exp(np.minimum(differences, 0)), 0.0).round(decimals)
        total = float(exponentials.sum().round(decimals))
        found = RoundedWeights(
            decimals=decimals,
            scores=rounded,
            weight_decimals=weight_decimals,
            weights=weights.astype(float).round(weight_decimals),
            step_decimals=decimals,
            steps=({} if temperature == 1 else {"score/τ": tempered})
            | {"difference": differences, "exp": exponentials},
            numbers={"greatest": greatest, "sum": total},
        )
        return found, exponentials / total if total else exponentials

    return _until_weights_follow(attempt)


def round_entmax(
    scores: NDArray[Any],
    visible: NDArray[np.bool_],
    weights: NDArray[Any],
    alpha: float,
    weight_decimals: int = WEIGHT_DIGITS,
) -> RoundedWeights:
    """The steps of an α-entmax (Peters et al. 2019) from `scores` to `weights`; α is 1.5 or 2.

    z = (α − 1) · score, and z − τ, 0 where that is negative and where the key is masked. The
    `support` greatest z exceed the threshold τ, which follows from their mean and spread, the sum
    of squares about the mean.

    Raises:
        ValueError: another α, whose threshold has no closed form.
    """
    if alpha not in (1.5, 2.0):
        raise ValueError(f"the threshold of {alpha}-entmax has no closed form")

    def attempt(decimals: int) -> tuple[RoundedWeights, Floats]:
        rounded = scores.astype(float).round(decimals)
        further = decimals + (alpha != 2)  # half of an odd last digit takes one more
        scaled = ((alpha - 1) * rounded).round(further)
        numbers = _threshold(scaled[visible], alpha, further)
        excess = np.where(visible, np.maximum(scaled - numbers["threshold"], 0), 0.0).round(further)
        found = RoundedWeights(
            decimals=decimals,
            scores=rounded,
            weight_decimals=weight_decimals,
            weights=weights.astype(float).round(weight_decimals),
            step_decimals=further,
            steps=({} if alpha == 2 else {"z": scaled}) | {"z − τ": excess},
            numbers=numbers,
        )
        return found, excess ** (1 / (alpha - 1))

    return _until_weights_follow(attempt)


def _threshold(scaled: Floats, alpha: float, decimals: int) -> dict[str, float]:
    """Support, mean, spread and threshold over the visible keys.

    2-entmax: τ is the mean less 1 / k; 1.5-entmax: `τ = mean - √((1 - spread) / k)`.
    """
    found = dict.fromkeys(("support", "mean", "spread", "threshold"), 0.0)
    descending = np.sort(scaled)[::-1]
    for count in range(1, len(descending) + 1):
        greatest = descending[:count]
        mean = float(greatest.mean().round(decimals))
        spread = float(np.square(greatest - mean).sum().round(decimals))
        if alpha == 2:
            threshold = (greatest.sum() - 1) / count
        else:
            threshold = mean - np.sqrt(max(0.0, 1 - spread) / count)
        if greatest[-1] <= threshold:
            break
        threshold = float(np.round(threshold, decimals))
        found = {"support": count, "mean": mean, "spread": spread, "threshold": threshold}
    return found


def _until_weights_follow(
    attempt: Callable[[int], tuple[RoundedWeights, Floats]],
) -> RoundedWeights:
    """The first attempt, with more and more decimals, whose last step rounds to the weights."""
    for decimals in _DECIMALS:
        found, weights = attempt(decimals)
        if (weights.round(found.weight_decimals) == found.weights).all():
            break
    return found


def decimals_for_window(weights: NDArray[Any], window: NDArray[Any]) -> int:
    """The fewest decimals of weights and window, (keys), whose products round to four decimals."""
    expected = (weights.astype(float) * window).round(WEIGHT_DIGITS)
    for decimals in _DECIMALS:
        product = weights.astype(float).round(decimals) * window.astype(float).round(decimals)
        if (product.round(WEIGHT_DIGITS) == expected).all():
            break
    return decimals


@dataclass(frozen=True)
class RoundedSums:
    """Scores as sums: the `first` terms (keys, first), the `others` together, and the `sums`.

    Each is rounded to `decimals`, and each sum is that of the rounded numbers.
    """

    decimals: int
    first: Floats
    others: Floats
    sums: Floats


def round_sums(
    terms: NDArray[Any], factor: float, scores: Floats, decimals: int, first: int
) -> RoundedSums:
    """Sums of `terms`, (keys, features), that times `factor` give `scores` of so many decimals."""
    sums = scores / factor
    for more in range(decimals, _DECIMALS.stop):
        rounded = sums.round(more)
        if ((rounded * factor).round(decimals) == scores).all():
            break
    shown = terms[:, :first].astype(float).round(more)
    return RoundedSums(more, shown, (rounded - shown.sum(axis=1)).round(more), rounded)


@dataclass(frozen=True)
class RoundedAverage:
    """A weighted average: `values` rounded to `value_decimals`, the `average` to `decimals`."""

    value_decimals: int
    decimals: int
    values: Floats
    average: Floats


def round_average(weights: Floats, values: NDArray[Any], average: NDArray[Any]) -> RoundedAverage:
    """The average of `values`, (keys, features), to the decimals that rounded `weights` allow."""
    for decimals in (3, 2, 1, 0):
        for value_decimals in (3, 4, 5):
            found = RoundedAverage(
                value_decimals,
                decimals,
                values.astype(float).round(value_decimals),
                average.astype(float).round(decimals),
            )
            if ((weights @ found.values).round(decimals) == found.average).all():
                return found
    return found
