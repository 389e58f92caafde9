"""Figures of kernel regression: kernels, fitted curves, errors, training."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from numpy.typing import NDArray

from attnlab.plotting.axes import LINES, log_ticks
from attnlab.plotting.colours import FRAME, INK, QUIET_INK
from attnlab.plotting.panels import Drawing, draw_panels
from attnlab.plotting.text import NAME_SIZE, text_style

Numbers = NDArray[np.float64]

# Sizes of axes in points.
_PROFILE, _FIT, _PREDICTION = (110.0, 90.0), (130.0, 82.0), (112.0, 112.0)
_ERRORS, _TRAINING = (300.0, 220.0), (210.0, 165.0)
_WIDEST, _MOST_NAMED = 20, 6
_POINT: dict[str, Any] = {
    "marker": "o",
    "linestyle": "none",
    "markersize": 2.6,
    "markeredgewidth": 0,
}


@dataclass(frozen=True, kw_only=True)
class Scatter:
    """Points, and the curve that they were drawn from, where that is known."""

    x: Numbers
    y: Numbers
    x_name: str
    y_name: str
    true_x: Numbers | None = None
    true_y: Numbers | None = None
    true_name: str = ""


@dataclass(frozen=True, kw_only=True)
class FittedCurve:
    """One panel: a curve, NaN where there is no answer, with its `title` and a `note` inside."""

    title: str
    x: Numbers
    y: Numbers
    note: str = ""


def draw_profiles(profiles: Mapping[str, tuple[str, Numbers, Numbers]]) -> Figure:
    """Each kernel by name, with its formula: how much a key counts, by its distance in widths."""

    def paint(axes: Axes, formula: str, u: Numbers, counts: Numbers) -> None:
        axes.plot(u, counts, color=LINES[0]["color"], linewidth=1.6)
        axes.fill_between(u, counts, color=LINES[0]["color"], alpha=0.12, linewidth=0)
        axes.set(ylim=(0, 1.3), xlim=(u[0], u[-1]), yticks=[0, 0.5, 1])
        _note(axes, formula)

    row = [
        Drawing(
            title=name,
            x_label="u",
            y_label="K(u)",
            size=_PROFILE,
            paint=partial(paint, formula=formula, u=u, counts=counts),
        )
        for name, (formula, u, counts) in profiles.items()
    ]
    return draw_panels([row], shared=True)


def draw_fits(grid: Sequence[Sequence[FittedCurve]], scatter: Scatter) -> Figure:
    """The curves over the same points, a row of the grid each; rows may differ in length."""
    lowest, highest = float(scatter.y.min()), float(scatter.y.max())
    height = (highest - lowest) or 1.0

    def paint(axes: Axes, curve: FittedCurve) -> None:
        axes.plot(scatter.x, scatter.y, color=QUIET_INK, alpha=0.7, label="points", **_POINT)
        if scatter.true_x is not None and scatter.true_y is not None:
            truth = LINES[1] | {"linewidth": 1.1, "label": scatter.true_name}
            axes.plot(scatter.true_x, scatter.true_y, **truth)
        axes.plot(curve.x, curve.y, linewidth=1.5, label="kernel regression", **LINES[0])
        axes.set_ylim(lowest - 0.08 * height, highest + 0.3 * height)  # a note is above the points
        _note(axes, curve.note)

    rows = [
        [
            Drawing(
                title=curve.title,
                x_label=scatter.x_name,
                y_label=scatter.y_name,
                size=_FIT,
                paint=partial(paint, curve=curve),
            )
            for curve in curves
        ]
        for curves in grid
    ]
    return draw_panels(rows, legend="page", shared=True)


def draw_predictions(grid: Sequence[Sequence[FittedCurve]], name: str) -> Figure:
    """Predicted (`y`) against measured (`x`) outputs as dots; on the line they are equal."""
    lowest = min(float(curve.x.min()) for curves in grid for curve in curves)
    highest = max(float(curve.x.max()) for curves in grid for curve in curves)
    height = highest - lowest

    def paint(axes: Axes, curve: FittedCurve) -> None:
        axes.set_ylim(lowest - 0.08 * height, highest + 0.4 * height)
        axes.plot([lowest, highest], [lowest, highest], color=QUIET_INK, linewidth=0.8)
        axes.plot(curve.x, curve.y, color=LINES[0]["color"], alpha=0.6, **_POINT)
        _note(axes, curve.note)

    rows = [
        [
            Drawing(
                title=curve.title,
                x_label=f"{name}, measured",
                y_label=f"{name}, from all others",
                size=_PREDICTION,
                paint=partial(paint, curve=curve),
            )
            for curve in curves
        ]
        for curves in grid
    ]
    return draw_panels(rows, shared=True)


def draw_errors(
    curves: Mapping[str, tuple[Numbers, Numbers]],
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
    losses: Mapping[str, Numbers], widths: Mapping[str, Numbers], input_names: Sequence[str]
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
            for place, column in enumerate(each.T):
                of_input = name if len(each.T) == 1 else f"{name}, {input_names[place]}"
                axes.plot(
                    np.arange(len(column)),
                    column,
                    linewidth=1.5,
                    alpha=1 / (1 + 0.5 * place),
                    label=of_input if place < _MOST_NAMED else "_",
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


def _note(axes: Axes, text: str) -> None:
    axes.text(
        0.03,
        0.97,
        text,
        transform=axes.transAxes,
        va="top",
        color=QUIET_INK,
        **text_style(text, NAME_SIZE),
    )
