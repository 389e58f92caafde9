"""Numbers printed so that a reader with a pocket calculator comes to the next printed number.

A rounded number is not the number that the model went on with, so what follows from printed
numbers may differ from what is printed behind them. Here as many digits are printed as it takes
for the two to agree. Knows arrays alone.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

WEIGHT_DIGITS = 4
"""Of weights, behind the point."""

_FEWEST, _MOST = 4, 9


@dataclass(frozen=True)
class PrintedSoftmax:
    """A softmax step by step, each number rounded to `digits` behind the point, weights to 4.

    Of each key its `scores`, `differences` from the greatest visible score, `exponentials` (0
    where the key is hidden) and `weights`; `sum` is that of the exponentials.
    """

    digits: int
    scores: NDArray[np.float64]
    differences: NDArray[np.float64]
    exponentials: NDArray[np.float64]
    sum: float
    weights: NDArray[np.float64]


def print_softmax(
    scores: NDArray[Any], visible: NDArray[np.bool_], weights: NDArray[Any]
) -> PrintedSoftmax:
    """The steps from one query's `scores` to its `weights`, in as few digits as lead there.

    With at most 9 digits: what does not agree then never will.
    """
    for digits in range(_FEWEST, _MOST + 1):
        rounded = scores.astype(float).round(digits)
        greatest = rounded[visible].max(initial=-np.inf)
        with np.errstate(invalid="ignore"):
            differences = (rounded - greatest).round(digits)
        exponentials = np.where(visible, np.exp(np.minimum(differences, 0)), 0.0).round(digits)
        total = float(exponentials.sum().round(digits))
        found = np.round(exponentials / total if total else exponentials, WEIGHT_DIGITS)
        printed = weights.astype(float).round(WEIGHT_DIGITS)
        if (found == printed).all():
            break
    return PrintedSoftmax(digits, rounded, differences, exponentials, total, printed)


@dataclass(frozen=True)
class PrintedSums:
    """Scores as sums: `first` (keys, some) terms, the `others` together, the `sums` of all.

    Each is rounded to `digits` behind the point, and each sum is that of the rounded numbers.
    """

    digits: int
    first: NDArray[np.float64]
    others: NDArray[np.float64]
    sums: NDArray[np.float64]


def print_sums(
    terms: NDArray[Any], factor: float, scores: NDArray[np.float64], digits: int, first: int
) -> PrintedSums:
    """The sums of `terms`, (keys, features), that times `factor` give `scores` of so many digits.

    `scores` are rounded to `digits` already; the `first` terms are kept apart from the others.
    """
    sums = scores / factor
    for more in range(digits, _MOST + 1):
        rounded = sums.round(more)
        if ((rounded * factor).round(digits) == scores).all():
            break
    kept = terms[:, :first].astype(float).round(more)
    return PrintedSums(more, kept, (rounded - kept.sum(axis=1)).round(more), rounded)


@dataclass(frozen=True)
class PrintedAverage:
    """A weighted average: `values` rounded to `value_digits`, the `average` to `digits`."""

    value_digits: int
    digits: int
    values: NDArray[np.float64]
    average: NDArray[np.float64]


def print_average(
    weights: NDArray[np.float64], values: NDArray[Any], average: NDArray[Any]
) -> PrintedAverage:
    """The average of `values`, (keys, features), by weights as they are printed.

    Its digits are as many as the weights' rounding leaves certain.
    """
    for digits in (3, 2, 1, 0):
        for value_digits in (3, 4, 5):
            rounded = values.astype(float).round(value_digits)
            printed = average.astype(float).round(digits)
            if ((weights @ rounded).round(digits) == printed).all():
                return PrintedAverage(value_digits, digits, rounded, printed)
    return PrintedAverage(value_digits, digits, rounded, printed)
