"""Numbers printed so that a reader with a pocket calculator comes to the next printed number.

A rounded number is not the number that the model went on with, so what follows from printed
numbers may differ from what is printed behind them. Here as many digits are printed as it takes
for the two to agree: of sums and averages; `normalising.py` does it for weights. Knows arrays
alone.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

WEIGHT_DIGITS = 4
"""Of weights, behind the point."""

FEWEST_DIGITS, MOST_DIGITS = 4, 9
"""Of any other number, behind the point."""


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
    for more in range(digits, MOST_DIGITS + 1):
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
