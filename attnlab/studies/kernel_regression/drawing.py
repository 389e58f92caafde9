"""Kernel regression in pictures: kernels, fitted curves, errors, training.

Knows arrays and strings only.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from numpy.typing import NDArray

from attnlab.plotting.axes import LINES, letter, quiet
from attnlab.plotting.colours import FRAME, INK, QUIET_INK
from attnlab.plotting.grid import LABEL_SIZE, NAME_SIZE
from attnlab.plotting.lettering import text_style
from attnlab.plotting.log_axes import log_ticks

Numbers = NDArray[np.float64]

_PANEL_WIDTH, _PANEL_HEIGHT = 2.3, 1.65  # inches
_LEGEND_HEIGHT = 0.35
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
    count = len(profiles)
    figure = Figure(figsize=(1.75 * count + 0.5, 1.9), facecolor="white", layout="constrained")
    every = figure.subplots(1, count, sharex=True, sharey=True, squeeze=False)[0]
    for place, (axes, (name, (formula, u, counts))) in enumerate(
        zip(every, profiles.items(), strict=True)
    ):
        quiet(axes, x="u", y="" if place else "K(u)", title=name)
        axes.plot(u, counts, color=LINES[0]["color"], linewidth=1.6)
        axes.fill_between(u, counts, color=LINES[0]["color"], alpha=0.12, linewidth=0)
        axes.set(ylim=(0, 1.3), xlim=(u[0], u[-1]), yticks=[0, 0.5, 1])
        _note(axes, formula)
    return figure


def draw_fits(grid: Sequence[Sequence[FittedCurve]], scatter: Scatter) -> Figure:
    """The curves over the same points, a row of the grid each; rows may differ in length."""
    rows, columns = len(grid), max(map(len, grid))
    figure = Figure(
        figsize=(
            max(_PANEL_WIDTH * columns, 5.2) + 0.3,
            _PANEL_HEIGHT * rows + _LEGEND_HEIGHT + 0.2,
        ),
        facecolor="white",
        layout="constrained",
    )
    every = figure.subplots(rows, columns, sharex=True, sharey=True, squeeze=False)
    for row, curves in enumerate(grid):
        for column, axes in enumerate(every[row]):
            if column >= len(curves):
                axes.set_axis_off()
                continue
            curve = curves[column]
            is_last = row + 1 == rows or column >= len(grid[row + 1])
            quiet(
                axes,
                x=scatter.x_name if is_last else "",
                y="" if column else scatter.y_name,
                title=curve.title,
            )
            axes.tick_params(labelbottom=is_last)
            _draw_fit(axes, curve, scatter)
    _set_heights(every[0][0], scatter)
    handles, labels = every[0][0].get_legend_handles_labels()
    legend = figure.legend(
        handles,
        labels,
        loc="outside lower center",
        ncols=len(labels),
        frameon=False,
        labelcolor=INK,
    )
    letter(legend, LABEL_SIZE)
    return figure


def draw_predictions(grid: Sequence[Sequence[FittedCurve]], name: str) -> Figure:
    """Predicted (`y`) against measured (`x`) outputs as dots; on the line they are equal."""
    rows, columns = len(grid), max(map(len, grid))
    figure = Figure(
        figsize=(2.1 * columns + 0.3, 2.1 * rows + 0.1), facecolor="white", layout="constrained"
    )
    every = figure.subplots(rows, columns, sharex=True, sharey=True, squeeze=False)
    least = min(float(curve.x.min()) for curves in grid for curve in curves)
    most = max(float(curve.x.max()) for curves in grid for curve in curves)
    for row, curves in enumerate(grid):
        for column, axes in enumerate(every[row]):
            if column >= len(curves):
                axes.set_axis_off()
                continue
            curve = curves[column]
            is_last = row + 1 == rows or column >= len(grid[row + 1])
            predicted = "" if column else f"{name}, from all others"
            quiet(axes, x=f"{name}, measured" if is_last else "", y=predicted, title=curve.title)
            axes.tick_params(labelbottom=is_last)
            axes.set_ylim(least - 0.08 * (most - least), most + 0.4 * (most - least))
            axes.plot([least, most], [least, most], color=QUIET_INK, linewidth=0.8)
            axes.plot(curve.x, curve.y, color=LINES[0]["color"], alpha=0.6, **_POINT)
            _note(axes, curve.note)
    return figure


def draw_errors(
    curves: Mapping[str, tuple[Numbers, Numbers]],
    *,
    constant: float | None = None,
    noise: float | None = None,
    marks: Mapping[str, float] | None = None,
) -> Figure:
    """Each kernel's leave-one-out error over its width, the least of each as a dot.

    `constant`: the error of average pooling, which has no width. `noise`: the variance of the
    noise, under which no error of many points falls. `marks`: up to two widths, by what they are.
    """
    figure = Figure(figsize=(6.4, 4.0), facecolor="white", layout="constrained")
    axes = figure.add_subplot()
    quiet(axes, x="width σ", y="leave-one-out error (mean square)")
    axes.set_xscale("log")
    axes.set_yscale("log")
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
    letter(axes.legend(loc="center left", bbox_to_anchor=(1.0, 0.5), frameon=False), LABEL_SIZE)
    return figure


def draw_training(
    losses: Mapping[str, Numbers], widths: Mapping[str, Numbers], input_names: Sequence[str]
) -> Figure:
    """Loss and width after each epoch, by who asked; widths are (epochs, inputs).

    An input that does not count gets a width beyond all bounds: its line leaves the axes at
    `_WIDEST` times the greatest first width. Of many inputs the first ones are named.
    """
    several = len(input_names) > 1
    figure = Figure(figsize=(9.4 if several else 7.6, 3.1), facecolor="white", layout="constrained")
    left, right = figure.subplots(1, 2)
    quiet(left, x="epoch", y="loss (mean square)", title="what training sees")
    bound = _WIDEST * max(float(each[0].max()) for each in widths.values())
    beyond = max(float(each.max()) for each in widths.values()) > bound
    remark = f" (above {bound:g}: hardly counts)" if beyond else ""
    quiet(right, x="epoch", y="width σ", title=f"what it makes of the width{remark}")
    for line, (name, each) in zip(LINES, losses.items(), strict=False):
        left.plot(np.arange(len(each)), each, linewidth=1.5, label=name, **line)
        for place, column in enumerate(widths[name].T):
            of_input = name if len(widths[name].T) == 1 else f"{name}, {input_names[place]}"
            right.plot(
                np.arange(len(column)),
                column,
                linewidth=1.5,
                alpha=1 / (1 + 0.5 * place),
                label=of_input if place < _MOST_NAMED else "_",
                **line,
            )
    for axes in (left, right):
        axes.set_yscale("log")
        log_ticks(axes.yaxis)
        axes.grid(visible=True, axis="y", color=FRAME, alpha=0.35, linewidth=0.5)
    beside = {"loc": "center left", "bbox_to_anchor": (1.0, 0.5)} if several else {}
    letter(left.legend(frameon=False), LABEL_SIZE)
    letter(right.legend(frameon=False, **beside), LABEL_SIZE)
    if beyond:
        right.set_ylim(top=bound)
    return figure


def _draw_fit(axes: Axes, curve: FittedCurve, scatter: Scatter) -> None:
    axes.plot(scatter.x, scatter.y, color=QUIET_INK, alpha=0.7, label="points", **_POINT)
    if scatter.true_x is not None and scatter.true_y is not None:
        axes.plot(
            scatter.true_x,
            scatter.true_y,
            linewidth=1.1,
            label=scatter.true_name,
            **LINES[1],
        )
    axes.plot(curve.x, curve.y, linewidth=1.5, label="kernel regression", **LINES[0])
    _note(axes, curve.note)


def _set_heights(axes: Axes, scatter: Scatter) -> None:
    """Room over the highest point for a note."""
    least, most = float(scatter.y.min()), float(scatter.y.max())
    room = (most - least) or 1.0
    axes.set_ylim(least - 0.08 * room, most + 0.3 * room)


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
