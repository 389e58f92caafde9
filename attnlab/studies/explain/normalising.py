"""How one query's scores become weights, printed so that a reader with a calculator gets there.

As in `arithmetic.py`, as many digits are printed as it takes for what follows from printed numbers
to be what is printed next. Knows arrays alone.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from attnlab.studies.explain.arithmetic import FEWEST_DIGITS, MOST_DIGITS, WEIGHT_DIGITS

Numbers = NDArray[np.float64]
Visible = NDArray[np.bool_]


@dataclass(frozen=True, kw_only=True)
class PrintedWeights:
    """Of each key its `scores`, rounded to `digits` behind the point, and its `weights`, to theirs.

    Nothing is said of how the ones lead to the others.
    """

    digits: int
    weight_digits: int
    scores: Numbers
    weights: Numbers


@dataclass(frozen=True, kw_only=True)
class PrintedSoftmax(PrintedWeights):
    """A softmax at a `temperature`, each number but the weights rounded to `digits`.

    Of each key its `tempered` scores, scores divided by the temperature, their `differences` from
    the greatest visible one and the `exponentials` (0 where the key is hidden), whose `sum` is
    there too.
    """

    temperature: float
    tempered: Numbers
    differences: Numbers
    exponentials: Numbers
    sum: float


@dataclass(frozen=True, kw_only=True)
class PrintedEntmax(PrintedWeights):
    """An α-entmax, whose weights are powers of what is above a threshold τ.

    Of each key `scaled`, (α - 1) times its score, and the `excess` over the `threshold` (0 where
    there is none, and where the key is hidden). All these, and the `mean` of the `support` greatest
    scaled scores that are above it, and the `spread`, the sum of squares about that mean, are
    rounded to `scaled_digits`.
    """

    alpha: float
    scaled_digits: int
    scaled: Numbers
    support: int
    mean: float
    spread: float
    threshold: float
    excess: Numbers


def print_plain(scores: NDArray[Any], weights: NDArray[Any], weight_digits: int) -> PrintedWeights:
    """Scores and weights alone, where nobody knows what leads from the ones to the others."""
    return PrintedWeights(
        digits=FEWEST_DIGITS,
        weight_digits=weight_digits,
        scores=scores.astype(float).round(FEWEST_DIGITS),
        weights=weights.astype(float).round(weight_digits),
    )


def print_softmax(
    scores: NDArray[Any],
    visible: Visible,
    weights: NDArray[Any],
    temperature: float = 1.0,
    weight_digits: int = WEIGHT_DIGITS,
) -> PrintedSoftmax:
    """The steps of a softmax from one query's `scores` to its `weights`."""

    def at(digits: int) -> tuple[PrintedSoftmax, Numbers]:
        rounded = scores.astype(float).round(digits)
        tempered = (rounded / temperature).round(digits)
        greatest = tempered[visible].max(initial=-np.inf)
        with np.errstate(invalid="ignore"):
            differences = (tempered - greatest).round(digits)
        exponentials = np.where(visible, np.exp(np.minimum(differences, 0)), 0.0).round(digits)
        total = float(exponentials.sum().round(digits))
        printed = PrintedSoftmax(
            digits=digits,
            weight_digits=weight_digits,
            scores=rounded,
            weights=weights.astype(float).round(weight_digits),
            temperature=temperature,
            tempered=tempered,
            differences=differences,
            exponentials=exponentials,
            sum=total,
        )
        return printed, exponentials / total if total else exponentials

    return _in_as_few_digits_as_lead_there(at)


def print_entmax(
    scores: NDArray[Any],
    visible: Visible,
    weights: NDArray[Any],
    alpha: float,
    weight_digits: int = WEIGHT_DIGITS,
) -> PrintedEntmax:
    """The steps of an α-entmax (Peters et al. 2019) from `scores` to `weights`; α is 1.5 or 2.

    Raises:
        ValueError: another α, whose threshold has no closed form.
    """
    if alpha not in (1.5, 2.0):
        raise ValueError(f"the threshold of {alpha}-entmax has no closed form")

    def at(digits: int) -> tuple[PrintedEntmax, Numbers]:
        rounded = scores.astype(float).round(digits)
        further = digits + (alpha != 2)  # half of an odd last digit takes one more
        scaled = ((alpha - 1) * rounded).round(further)
        support, mean, spread, threshold = _threshold(scaled[visible], alpha, further)
        excess = np.where(visible, np.maximum(scaled - threshold, 0), 0.0).round(further)
        printed = PrintedEntmax(
            digits=digits,
            weight_digits=weight_digits,
            scores=rounded,
            weights=weights.astype(float).round(weight_digits),
            alpha=alpha,
            scaled_digits=further,
            scaled=scaled,
            support=support,
            mean=mean,
            spread=spread,
            threshold=threshold,
            excess=excess,
        )
        return printed, excess ** (1 / (alpha - 1))

    return _in_as_few_digits_as_lead_there(at)


def _threshold(scaled: Numbers, alpha: float, digits: int) -> tuple[int, float, float, float]:
    """Support, mean, spread and threshold of visible keys: the most keys that are all above it.

    2-entmax: τ is the mean less 1 / k; 1.5-entmax: `τ = mean - √((1 - spread) / k)`.
    """
    found = (0, 0.0, 0.0, 0.0)
    greatest = np.sort(scaled)[::-1]
    for count in range(1, len(greatest) + 1):
        kept = greatest[:count]
        mean = float(kept.mean().round(digits))
        spread = float(np.square(kept - mean).sum().round(digits))
        if alpha == 2:
            threshold = (kept.sum() - 1) / count
        else:
            threshold = mean - np.sqrt(max(0.0, 1 - spread) / count)
        if kept[-1] <= threshold:
            break
        found = (count, mean, spread, float(np.round(threshold, digits)))
    return found


Printed = TypeVar("Printed", bound=PrintedWeights)


def _in_as_few_digits_as_lead_there(at: Callable[[int], tuple[Printed, Numbers]]) -> Printed:
    """What `at` prints in so many digits, the fewest that lead to the weights; at most 9 digits.

    What does not agree then never will.
    """
    for digits in range(FEWEST_DIGITS, MOST_DIGITS + 1):
        printed, found = at(digits)
        if (found.round(printed.weight_digits) == printed.weights).all():
            break
    return printed


def digits_for_window(weights: NDArray[Any], window: NDArray[Any]) -> int:
    """How many digits of weights and window it takes for their product to be right to 4 digits."""
    expected = (weights.astype(float) * window).round(WEIGHT_DIGITS)
    for digits in range(FEWEST_DIGITS, MOST_DIGITS + 1):
        product = weights.astype(float).round(digits) * window.astype(float).round(digits)
        if (product.round(WEIGHT_DIGITS) == expected).all():
            break
    return digits
