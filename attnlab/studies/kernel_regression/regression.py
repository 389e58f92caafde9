"""Kernel regression measured: each kernel at each width, and a width trained by gradient."""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import torch
import torch.nn.functional as F

from attnlab.attention.kernel_regression import KERNELS, KernelRegression, build_kernel
from attnlab.studies.kernel_regression.config import LEAVE_ONE_OUT
from attnlab.studies.kernel_regression.points import Floats, Points
from attnlab.support.errors import AttnlabError
from attnlab.training.optimiser import OptimiserConfig, build_optimiser


@dataclass(frozen=True, kw_only=True)
class Errors:
    """Mean squared errors over the predictions that exist; None where there are none.

    `leave_one_out`: at every point, predicted from all others; `unanswered` points have no other
    one in their window. `own`: at every point, predicted from all. `truth`: against the function
    without noise at even steps; `unanswered_queries` of them have no point in their window.
    """

    leave_one_out: float | None
    unanswered: int
    own: float | None
    truth: float | None
    unanswered_queries: int | None


@dataclass(frozen=True, kw_only=True)
class Fit:
    """A kernel, its width (None where it has none), and its errors."""

    kernel: str
    width: float | None
    errors: Errors


def build_regression(
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
def predict(model: KernelRegression, queries: Floats) -> Floats:
    """The estimate at `queries`, (queries, dimensions) -> (queries); NaN where there is none."""
    found: Floats = model(torch.from_numpy(queries)).numpy()
    return found


@torch.no_grad()
def predict_left_out(model: KernelRegression) -> Floats:
    """The estimate at each point from all others, (points)."""
    found: Floats = model.leave_one_out().numpy()
    return found


@torch.no_grad()
def weights(model: KernelRegression, queries: Floats) -> Floats:
    """Weights of all points for each query, (queries, points)."""
    found: Floats = model.attend(torch.from_numpy(queries)).weights.numpy()
    return found


def measure(model: KernelRegression, points: Points, queries: int) -> Errors:
    """All errors of one estimator; the truth is compared at that many even steps."""
    left_out = predict_left_out(model)
    truth, unanswered = None, None
    if points.truth is not None:
        steps = points.even_queries(queries)
        predictions = predict(model, steps)
        truth = _mean_square(predictions - points.truth(steps))
        unanswered = _count_nan(predictions)
    return Errors(
        leave_one_out=_mean_square(left_out - points.outputs),
        unanswered=_count_nan(left_out),
        own=_mean_square(predict(model, points.inputs) - points.outputs),
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
            errors=measure(build_regression(points, kernel, width or 1.0), points, queries),
        )
        for kernel in kernels
        for width in (widths if KERNELS[kernel].depends_on_width else [None])
    ]


def error_curve(points: Points, kernel: str, widths: Floats) -> Floats:
    """The leave-one-out error by width; NaN where a point has no prediction."""
    models = (build_regression(points, kernel, width) for width in widths.tolist())
    return np.array(
        [np.square(predict_left_out(model) - points.outputs).mean() for model in models]
    )


def best_fit(fits: Sequence[Fit]) -> Fit | None:
    """The one of least leave-one-out error, among those that predict every point."""
    complete = [fit for fit in fits if not fit.errors.unanswered]
    return min(complete, key=lambda fit: fit.errors.leave_one_out or 0.0, default=None)


def _count_nan(values: Floats) -> int:
    return int(np.isnan(values).sum())


def _mean_square(differences: Floats) -> float | None:
    known = differences[~np.isnan(differences)]
    return float((known**2).mean()) if known.size else None


@dataclass(frozen=True, kw_only=True)
class Epoch:
    """Loss (mean square over all points) and widths σ after `number` updates."""

    number: int
    loss: float
    widths: list[float]


def train_width(
    model: KernelRegression, queries: str, optimiser: OptimiserConfig, epochs: int
) -> Iterator[Epoch]:
    """Train the width in place, one update an epoch; epoch 0 is before training.

    The loss is over points predicted from all others (`queries` leave_one_out), or from all, the
    point itself included (direct), where a narrow enough kernel makes it 0.

    Raises:
        AttnlabError: the loss or a width is not finite.
    """
    updates = build_optimiser(optimiser, model)
    for number in range(epochs + 1):
        predictions = model.leave_one_out() if queries == LEAVE_ONE_OUT else model(model.inputs)
        loss = F.mse_loss(predictions, model.outputs)
        if not (loss.isfinite() and all(map(math.isfinite, model.widths))):
            what = "a width" if loss.isfinite() else "the loss"
            raise AttnlabError(
                f"{queries}: {what} is no finite number after epoch {number}; lower "
                f"optimiser.learning_rate={optimiser.learning_rate:g}"
            )
        yield Epoch(number=number, loss=loss.item(), widths=model.widths)
        if number == epochs:
            return
        updates.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        if optimiser.clip_norm is not None:
            torch.nn.utils.clip_grad_norm_(model.parameters(), optimiser.clip_norm)
        updates.step()
