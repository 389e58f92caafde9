"""Figures of a kernel regression by file name: kernels, fits, weights, errors and training."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, Literal

import numpy as np
import torch
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from attnlab.attention.kernel_regression import KernelRegression, build_kernel
from attnlab.plotting.colours import FRAME, INK, QUIET_INK, Scale
from attnlab.plotting.heatmap import draw_heatmaps
from attnlab.plotting.matrix import Heatmap, index_labels, number_labels
from attnlab.plotting.panels import LINES, Drawing, draw_panels, log_ticks
from attnlab.plotting.text import NAME_SIZE, text_style
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

# Sizes of axes in points.
_PROFILE, _FIT, _PREDICTION = (110.0, 90.0), (130.0, 82.0), (112.0, 112.0)
_ERRORS, _TRAINING = (300.0, 220.0), (210.0, 165.0)
_CURVE_POINTS = 600
_MOST_COMPARISONS = 2e7  # of two points, for one kernel's curve of errors
_DARKEST_SHARE = 0.99  # of all weights have lighter colours than the darkest
_WIDEST, _MOST_NAMED = 20, 6  # widths in greatest first widths, and named inputs, in training
_POINT: dict[str, Any] = {
    "marker": "o",
    "linestyle": "none",
    "markersize": 2.6,
    "markeredgewidth": 0,
}

Titled = tuple[str, KernelRegression, str]
"""Title of a panel, its estimator, and the note inside."""


def sweep_figures(
    points: Points,
    queries: int,
    fits: Sequence[Fit],
    noise: float | None,
    trained: Sequence[TrainedWidth],
) -> Iterator[tuple[str, Figure]]:
    """Figures kernels, fits, weights (at `queries` even steps) and errors."""
    kernels = list(dict.fromkeys(fit.kernel for fit in fits))
    yield "kernels", draw_profiles(kernels)
    grid = [
        [
            (_title(fit), build_regression(points, fit.kernel, fit.width or 1.0), _note_of(fit))
            for fit in fits
            if fit.kernel == kernel
        ]
        for kernel in kernels
    ]
    yield "fits", _draw_models(points, grid)
    yield "weights", _draw_weights(points, queries, grid)
    yield "errors", _draw_sweep(points, fits, noise, trained)


def training_figures(
    points: Points,
    queries: int,
    trained: Sequence[TrainedWidth],
    before: KernelRegression,
    after: Sequence[KernelRegression],
) -> Iterator[tuple[str, Figure]]:
    """Figures loss, trained_fits and trained_weights."""
    losses = {each.name: np.array([epoch.loss for epoch in each.epochs]) for each in trained}
    widths = {each.name: np.array([epoch.widths for epoch in each.epochs]) for each in trained}
    yield "loss", draw_training(losses, widths, points.input_names)
    states = [("before training", before)]
    states += [(f"after {each.name}", model) for each, model in zip(trained, after, strict=True)]
    row = [(name, model, _widths(model)) for name, model in states]
    yield "trained_fits", _draw_models(points, [row])
    titled = [(f"{name} · {note}", model, note) for name, model, note in row]
    yield "trained_weights", _draw_weights(points, queries, [titled])


def _draw_models(points: Points, grid: Sequence[Sequence[Titled]]) -> Figure:
    """Fitted curves over inputs of one dimension, or else predicted against measured outputs."""

    def curve(title: str, model: KernelRegression, note: str) -> FittedCurve:
        if points.dimensions > 1:
            return FittedCurve(title=title, x=points.outputs, y=predict_left_out(model), note=note)
        queries = points.even_queries(_CURVE_POINTS)
        return FittedCurve(title=title, x=queries[:, 0], y=predict(model, queries), note=note)

    curves = [[curve(*titled) for titled in row] for row in grid]
    if points.dimensions > 1:
        return draw_predictions(curves, points.output_name)
    return draw_fits(curves, points)


def _draw_weights(points: Points, queries: int, grid: Sequence[Sequence[Titled]]) -> Figure:
    is_curve = points.dimensions == 1
    asked = points.even_queries(queries) if is_curve else points.inputs
    models = [(title, model) for row in grid for title, model, _ in row]
    matrices = [weights(model, asked) for _, model in models]
    highest = max(float(np.quantile(each, _DARKEST_SHARE)) for each in matrices)
    greatest = max(float(each.max()) for each in matrices)

    def labels(inputs: Floats) -> list[str]:
        step = _even_step(float(inputs[-1, 0] - inputs[0, 0])) if is_curve else 0
        return number_labels(inputs[:, 0].tolist(), step) if step else index_labels(len(inputs))

    names = ", ".join(points.input_names)
    panels = [
        Heatmap(
            title=title,
            values=matrix,
            rows=labels(asked),
            columns=labels(points.inputs),
            row_name=f"queries: {names}",
            column_name=f"keys: {names}",
        )
        for (title, _), matrix in zip(models, matrices, strict=True)
    ]
    note = f"weights from {highest:.2g} on have the darkest colour"
    return draw_heatmaps(
        panels,
        scale=Scale(lowest=0.0, highest=highest, name="attention weight"),
        note=note if highest < greatest else "",
        columns=[len(row) for row in grid],
        repeat_labels=False,
    )


def _draw_sweep(
    points: Points, fits: Sequence[Fit], noise: float | None, trained: Sequence[TrainedWidth]
) -> Figure:
    """Errors by width over all widths that were swept or trained."""
    swept = [fit.width for fit in fits if fit.width is not None]
    kernels = list(dict.fromkeys(fit.kernel for fit in fits if fit.width is not None))
    marks = {f"trained, {each.name}": each.widths[0] for each in trained if len(each.widths) == 1}
    curves = {}
    if swept:
        ends = [min(swept) / 2, max(swept) * 2, *(0.8 * width for width in marks.values())]
        count = int(np.clip(_MOST_COMPARISONS / len(points.outputs) ** 2, 12, 120))
        widths = np.geomspace(min(ends), max(ends), count)
        curves = {kernel: (widths, error_curve(points, kernel, widths)) for kernel in kernels}
    constant = [fit.errors.leave_one_out for fit in fits if fit.width is None]
    return draw_errors(curves, constant=constant[0] if constant else None, noise=noise, marks=marks)


def draw_profiles(kernels: Sequence[str]) -> Figure:
    """Each kernel with its formula: the weight of a key by its distance in widths."""

    def paint(axes: Axes, name: str) -> None:
        kernel, u = build_kernel(name), np.linspace(-2.5, 2.5, 1001)
        values = kernel.profile(torch.from_numpy(u) ** 2).numpy()
        axes.plot(u, values, color=LINES[0]["color"], linewidth=1.6)
        axes.fill_between(u, values, color=LINES[0]["color"], alpha=0.12, linewidth=0)
        axes.set(ylim=(0, 1.3), xlim=(u[0], u[-1]), yticks=[0, 0.5, 1])
        _write_note(axes, kernel.formula)

    row = [
        Drawing(
            title=name, x_label="u", y_label="K(u)", size=_PROFILE, paint=partial(paint, name=name)
        )
        for name in kernels
    ]
    return draw_panels([row], shared=True)


@dataclass(frozen=True, kw_only=True)
class FittedCurve:
    """A curve, NaN where there is no prediction, with its `title` and a `note` inside."""

    title: str
    x: Floats
    y: Floats
    note: str = ""


def draw_fits(grid: Sequence[Sequence[FittedCurve]], points: Points) -> Figure:
    """The curves over the same points of one dimension; rows may differ in length."""
    lowest, highest = float(points.outputs.min()), float(points.outputs.max())
    height = (highest - lowest) or 1.0

    def paint(axes: Axes, curve: FittedCurve) -> None:
        style = _POINT | {"color": QUIET_INK, "alpha": 0.7, "label": "points"}
        axes.plot(points.inputs[:, 0], points.outputs, **style)
        if points.truth is not None:
            truth = LINES[1] | {"linewidth": 1.1, "label": f"without noise: {points.formula}"}
            queries = points.even_queries(_CURVE_POINTS)
            axes.plot(queries[:, 0], points.truth(queries), **truth)
        axes.plot(curve.x, curve.y, linewidth=1.5, label="kernel regression", **LINES[0])
        axes.set_ylim(lowest - 0.08 * height, highest + 0.5 * height)  # notes are above the points
        _write_note(axes, curve.note)

    names = (points.input_names[0], points.output_name)
    return _draw_grid(grid, paint, names, _FIT, "page")


def draw_predictions(grid: Sequence[Sequence[FittedCurve]], name: str) -> Figure:
    """Predicted (`y`) against measured (`x`) outputs as dots; on the line they are equal."""
    lowest = min(float(curve.x.min()) for curves in grid for curve in curves)
    highest = max(float(curve.x.max()) for curves in grid for curve in curves)
    height = highest - lowest

    def paint(axes: Axes, curve: FittedCurve) -> None:
        axes.set_ylim(lowest - 0.08 * height, highest + 0.4 * height)
        axes.plot([lowest, highest], [lowest, highest], color=QUIET_INK, linewidth=0.8)
        axes.plot(curve.x, curve.y, color=LINES[0]["color"], alpha=0.6, **_POINT)
        _write_note(axes, curve.note)

    names = (f"{name}, measured", f"{name}, from all others")
    return _draw_grid(grid, paint, names, _PREDICTION, "beside")


def _draw_grid(
    grid: Sequence[Sequence[FittedCurve]],
    paint: Callable[..., None],
    names: tuple[str, str],
    size: tuple[float, float],
    legend: Literal["beside", "page"],
) -> Figure:
    def panel(curve: FittedCurve) -> Drawing:
        return Drawing(
            title=curve.title,
            x_label=names[0],
            y_label=names[1],
            size=size,
            paint=partial(paint, curve=curve),
        )

    return draw_panels(
        [[panel(curve) for curve in row] for row in grid], legend=legend, shared=True
    )


def draw_errors(
    curves: Mapping[str, tuple[Floats, Floats]],
    *,
    constant: float | None = None,
    noise: float | None = None,
    marks: Mapping[str, float] | None = None,
) -> Figure:
    """Each kernel's leave-one-out error over its width, the least of each as a dot.

    `constant`: the error of average pooling, which has no width. `noise`: the variance of the
    noise, a lower bound of the error for many points. `marks`: up to two widths by name.
    """

    def paint(axes: Axes) -> None:
        axes.set(xscale="log", yscale="log")
        for line, (name, (widths, errors)) in zip(LINES, curves.items(), strict=False):
            axes.plot(widths, errors, linewidth=1.5, label=name, **line)
            if np.isfinite(errors).any():
                best = int(np.nanargmin(errors))
                axes.plot(widths[best], errors[best], "o", color=line["color"], markersize=4.5)
        if constant is not None:
            axes.axhline(constant, linewidth=1.2, label="constant", **LINES[-1])
        if noise is not None:
            axes.axhline(noise, color=INK, linewidth=0.8, label="noise (its variance)")
        axes.grid(visible=True, axis="y", which="both", color=FRAME, alpha=0.35, linewidth=0.5)
        for axis in (axes.xaxis, axes.yaxis):
            log_ticks(axis)
        for style, (name, width) in zip(("-", (0, (3, 2))), (marks or {}).items(), strict=False):
            label = f"{name}: σ = {width:.2g}"
            axes.axvline(width, color=QUIET_INK, linewidth=1.0, linestyle=style, label=label)

    panel = Drawing(
        x_label="width σ", y_label="leave-one-out error (mean square)", size=_ERRORS, paint=paint
    )
    return draw_panels([[panel]])


def draw_training(
    losses: Mapping[str, Floats], widths: Mapping[str, Floats], input_names: Sequence[str]
) -> Figure:
    """Loss and width after each epoch by training objective; widths are (epochs, inputs).

    The width of an irrelevant input grows without bound: its line leaves the axes at `_WIDEST`
    times the greatest first width. Of many inputs the first ones are named.
    """
    bound = _WIDEST * max(float(each[0].max()) for each in widths.values())
    beyond = max(float(each.max()) for each in widths.values()) > bound

    def finish(axes: Axes) -> None:
        axes.set_yscale("log")
        log_ticks(axes.yaxis)
        axes.grid(visible=True, axis="y", color=FRAME, alpha=0.35, linewidth=0.5)

    def paint_losses(axes: Axes) -> None:
        for line, (name, each) in zip(LINES, losses.items(), strict=False):
            axes.plot(np.arange(len(each)), each, linewidth=1.5, label=name, **line)
        finish(axes)

    def paint_widths(axes: Axes) -> None:
        for line, (name, each) in zip(LINES, widths.items(), strict=False):
            for index, column in enumerate(each.T):
                of_input = name if len(each.T) == 1 else f"{name}, {input_names[index]}"
                axes.plot(
                    np.arange(len(column)),
                    column,
                    linewidth=1.5,
                    alpha=1 / (1 + 0.5 * index),
                    label=of_input if index < _MOST_NAMED else "_",
                    **line,
                )
        finish(axes)
        if beyond:
            axes.set_ylim(top=bound)

    remark = f" (above {bound:g}: hardly counts)" if beyond else ""
    titles = ("training loss", f"trained width{remark}")
    names = ("loss (mean square)", "width σ")
    row = [
        Drawing(title=title, x_label="epoch", y_label=name, size=_TRAINING, paint=paint)
        for title, name, paint in zip(titles, names, (paint_losses, paint_widths), strict=True)
    ]
    return draw_panels([row], legend="beside" if len(input_names) > 1 else "page")


def _write_note(axes: Axes, text: str) -> None:
    style = text_style(text.replace("\n", " "), NAME_SIZE)
    axes.text(0.03, 0.97, text, transform=axes.transAxes, va="top", color=QUIET_INK, **style)


def _title(fit: Fit) -> str:
    return fit.kernel if fit.width is None else f"{fit.kernel} · σ = {fit.width:g}"


def _note_of(fit: Fit) -> str:
    error, unanswered = fit.errors.leave_one_out, fit.errors.unanswered
    if error is None:
        return "no answer without the point itself"
    return f"leave-one-out {error:.2f}" + (f"\n{unanswered} unanswered" if unanswered else "")


def _widths(model: KernelRegression) -> str:
    return "σ = " + ", ".join(f"{float(f'{width:.2g}'):g}" for width in model.widths)


def _even_step(length: float) -> float:
    """A round step that fits three to seven times into `length`; 0 where there is none."""
    if length <= 0:
        return 0.0
    power = 10.0 ** np.floor(np.log10(length / 3))
    return float(next(size * power for size in (1, 2, 5, 10) if length / (size * power) <= 7))
