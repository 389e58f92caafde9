"""The figures of a kernel regression, by the names of their files."""

from collections.abc import Iterable, Iterator, Sequence

import numpy as np
import torch

from attnlab.attention.kernel_regression import KernelRegression
from attnlab.attention.kernels import build_kernel
from attnlab.plotting import Figure
from attnlab.plotting.colours import Scale
from attnlab.plotting.heatmap import draw_heatmaps
from attnlab.plotting.matrix import Heatmap, index_labels, number_labels
from attnlab.studies.kernel_regression.drawing import (
    FittedCurve,
    Scatter,
    draw_errors,
    draw_fits,
    draw_predictions,
    draw_profiles,
    draw_training,
)
from attnlab.studies.kernel_regression.points import Floats, Points
from attnlab.studies.kernel_regression.regression import (
    Fit,
    build_regression,
    error_curve,
    predict,
    predict_left_out,
    weights,
)
from attnlab.studies.kernel_regression.report import TrainedWidth

_CURVE_POINTS = 600
_MOST_COMPARISONS = 2e7  # of two points, for one kernel's line of errors
_DARKEST_SHARE = 0.99  # of all weights have lighter colours than the darkest


class Drawing:
    """Draws what was found of the `points`; `queries` even steps are asked in the heatmaps."""

    def __init__(self, points: Points, queries: int) -> None:
        self._points = points
        self._is_curve = points.dimensions == 1
        self._curve = points.even_queries(_CURVE_POINTS) if self._is_curve else points.inputs
        self._queries = points.even_queries(queries) if self._is_curve else points.inputs
        self._names = ", ".join(points.input_names)

    def sweep(
        self, fits: Sequence[Fit], noise: float | None, trained: Sequence[TrainedWidth]
    ) -> Iterator[tuple[str, Figure]]:
        """kernels, fits, weights and errors."""
        kernels = list(dict.fromkeys(fit.kernel for fit in fits))
        yield "kernels", draw_profiles({name: _profile(name) for name in kernels})
        grid = [[fit for fit in fits if fit.kernel == kernel] for kernel in kernels]
        models = {
            id(fit): build_regression(self._points, fit.kernel, fit.width or 1.0) for fit in fits
        }
        yield (
            "fits",
            self._fits(
                [[(_title(fit), models[id(fit)], _note(fit)) for fit in row] for row in grid]
            ),
        )
        yield (
            "weights",
            self._weights([(_title(fit), models[id(fit)]) for fit in fits], map(len, grid)),
        )
        yield "errors", self._errors(fits, noise, trained)

    def training(
        self,
        trained: Sequence[TrainedWidth],
        before: KernelRegression,
        after: Sequence[KernelRegression],
    ) -> Iterator[tuple[str, Figure]]:
        """loss, trained_fits and trained_weights."""
        yield (
            "loss",
            draw_training(
                {each.name: np.array([epoch.loss for epoch in each.epochs]) for each in trained},
                {each.name: np.array([epoch.widths for epoch in each.epochs]) for each in trained},
                self._points.input_names,
            ),
        )
        states = [("before training", before)]
        states += [
            (f"after {each.name}", model) for each, model in zip(trained, after, strict=True)
        ]
        yield (
            "trained_fits",
            self._fits([[(name, model, _widths(model)) for name, model in states]]),
        )
        titled = [(f"{name} · {_widths(model)}", model) for name, model in states]
        yield "trained_weights", self._weights(titled, [len(titled)])

    def _fits(self, grid: Sequence[Sequence[tuple[str, KernelRegression, str]]]) -> Figure:
        points = self._points
        if not self._is_curve:
            return draw_predictions(
                [
                    [
                        FittedCurve(
                            title=title, x=points.outputs, y=predict_left_out(model), note=note
                        )
                        for title, model, note in row
                    ]
                    for row in grid
                ],
                points.output_name,
            )
        scatter = Scatter(
            x=points.inputs[:, 0],
            y=points.outputs,
            x_name=self._names,
            y_name=points.output_name,
            true_x=None if points.truth is None else self._curve[:, 0],
            true_y=None if points.truth is None else points.truth(self._curve),
            true_name=f"without noise: {points.formula}",
        )
        x = self._curve[:, 0]
        return draw_fits(
            [
                [
                    FittedCurve(title=title, x=x, y=predict(model, self._curve), note=note)
                    for title, model, note in row
                ]
                for row in grid
            ],
            scatter,
        )

    def _weights(
        self, models: Sequence[tuple[str, KernelRegression]], rows: Iterable[int]
    ) -> Figure:
        matrices = [weights(model, self._queries) for _, model in models]
        highest = max(float(np.quantile(each, _DARKEST_SHARE)) for each in matrices)
        greatest = max(float(each.max()) for each in matrices)
        panels = [
            Heatmap(
                title=title,
                values=matrix,
                rows=self._labels(self._queries),
                columns=self._labels(self._points.inputs),
                row_name=f"queries: {self._names}",
                column_name=f"keys: {self._names}",
            )
            for (title, _), matrix in zip(models, matrices, strict=True)
        ]
        return draw_heatmaps(
            panels,
            scale=Scale(lowest=0.0, highest=highest, name="attention weight"),
            note=f"weights from {highest:.2g} on have the darkest colour"
            if highest < greatest
            else "",
            columns=list(rows),
            repeat_labels=False,
        )

    def _labels(self, places: Floats) -> list[str]:
        if not self._is_curve:
            return index_labels(len(places))
        step = _even_step(float(places[-1, 0] - places[0, 0]))
        return number_labels(places[:, 0].tolist(), step) if step else index_labels(len(places))

    def _errors(
        self, fits: Sequence[Fit], noise: float | None, trained: Sequence[TrainedWidth]
    ) -> Figure:
        swept = [fit.width for fit in fits if fit.width is not None]
        names = list(dict.fromkeys(fit.kernel for fit in fits if fit.width is not None))
        marks = {
            f"trained, {each.name}": each.widths[0] for each in trained if len(each.widths) == 1
        }
        curves = {}
        if swept:
            reached = [min(swept) / 2, max(swept) * 2, *(0.8 * width for width in marks.values())]
            count = int(np.clip(_MOST_COMPARISONS / len(self._points.outputs) ** 2, 12, 120))
            widths = np.geomspace(min(reached), max(reached), count)
            curves = {name: (widths, error_curve(self._points, name, widths)) for name in names}
        constant = [fit.errors.leave_one_out for fit in fits if fit.width is None]
        return draw_errors(
            curves, constant=constant[0] if constant else None, noise=noise, marks=marks
        )


def _profile(name: str) -> tuple[str, Floats, Floats]:
    kernel = build_kernel(name)
    u = np.linspace(-2.5, 2.5, 1001)
    return kernel.formula, u, kernel.profile(torch.from_numpy(u) ** 2).numpy()


def _title(fit: Fit) -> str:
    return fit.kernel if fit.width is None else f"{fit.kernel} · σ = {fit.width:g}"


def _widths(model: KernelRegression) -> str:
    return "σ = " + ", ".join(f"{float(f'{width:.2g}'):g}" for width in model.widths)


def _note(fit: Fit) -> str:
    error, alone = fit.errors.leave_one_out, fit.errors.unanswered
    if error is None:
        return "no answer without the point itself"
    return f"leave-one-out {error:.2f}" + (f"\n{alone} unanswered" if alone else "")


def _even_step(length: float) -> float:
    """A round step that is taken three to seven times over `length`; 0 where that is none."""
    if length <= 0:
        return 0.0
    power = 10.0 ** np.floor(np.log10(length / 3))
    return float(next(size * power for size in (1, 2, 5, 10) if length / (size * power) <= 7))
