"""How well each kernel does at each width: on its own points, without them, and on the truth."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray

from attnlab.attention.kernel_regression import KernelRegression
from attnlab.attention.kernels import KERNELS, build_kernel
from attnlab.studies.kernel_regression.points_registry import Points

Numbers = NDArray[np.float64]


@dataclass(frozen=True, kw_only=True)
class Errors:
    """Mean squares of what is wrong, over the answers that there are; None where there is none.

    `leave_one_out`: at every point, answered from all the others; `unanswered` of them have no
    other point in their window. `own`: at every point, its own output among the values. `truth`:
    against the function without noise, at even steps; `unanswered_queries` of those steps have no
    point in their window.
    """

    leave_one_out: float | None
    unanswered: int
    own: float | None
    truth: float | None
    unanswered_queries: int | None


@dataclass(frozen=True, kw_only=True)
class Fit:
    """A kernel at a width (None: it has none), and how well it does."""

    kernel: str
    width: float | None
    errors: Errors


def regression(
    points: Points, kernel: str, width: float, *, by_dimension: bool = False
) -> KernelRegression:
    """The estimator of these points."""
    return KernelRegression(
        torch.from_numpy(points.inputs),
        torch.from_numpy(points.outputs),
        build_kernel(kernel),
        width,
        by_dimension=by_dimension,
    )


@torch.no_grad()
def answers(model: KernelRegression, queries: Numbers) -> Numbers:
    """The estimate at `queries` (queries, dimensions); NaN where there is none."""
    found: Numbers = model(torch.from_numpy(queries)).numpy()
    return found


@torch.no_grad()
def weights(model: KernelRegression, queries: Numbers) -> Numbers:
    """Who counts for whom: (queries, points)."""
    found: Numbers = model.attend(torch.from_numpy(queries)).weights.numpy()
    return found


@torch.no_grad()
def measure(model: KernelRegression, points: Points, queries: int) -> Errors:
    """All errors of one estimator; the truth is asked for at so many even steps."""
    without = model.leave_one_out().numpy()
    own = answers(model, points.inputs)
    truth, unanswered = None, None
    if points.truth is not None:
        steps = points.even_queries(queries)
        guesses = answers(model, steps)
        truth, unanswered = _mean_square(guesses - points.truth(steps)), _count_gaps(guesses)
    return Errors(
        leave_one_out=_mean_square(without - points.outputs),
        unanswered=_count_gaps(without),
        own=_mean_square(own - points.outputs),
        truth=truth,
        unanswered_queries=unanswered,
    )


def sweep(
    points: Points, kernels: Sequence[str], widths: Sequence[float], queries: int
) -> list[Fit]:
    """Every kernel at every width; one without a width once, as None."""
    return [
        Fit(
            kernel=kernel,
            width=width,
            errors=measure(regression(points, kernel, width or 1.0), points, queries),
        )
        for kernel in kernels
        for width in (widths if KERNELS[kernel].depends_on_width else [None])
    ]


@torch.no_grad()
def error_curve(points: Points, kernel: str, widths: Numbers) -> Numbers:
    """The leave-one-out error over `widths`; NaN where a point goes without an answer."""
    return np.array(
        [
            ((regression(points, kernel, width).leave_one_out().numpy() - points.outputs) ** 2)
            .mean()
            .item()
            for width in widths.tolist()
        ]
    )


def best_fit(fits: Sequence[Fit]) -> Fit | None:
    """The one of least leave-one-out error, among those that answer every point."""
    whole = [fit for fit in fits if not fit.errors.unanswered]
    return min(whole, key=lambda fit: fit.errors.leave_one_out or 0.0, default=None)


def _count_gaps(values: Numbers) -> int:
    return int(np.isnan(values).sum())


def _mean_square(differences: Numbers) -> float | None:
    there = differences[~np.isnan(differences)]
    return float((there**2).mean()) if there.size else None
