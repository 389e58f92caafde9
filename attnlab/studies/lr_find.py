"""Learning-rate range test: a short training whose rate rises, its figure and its suggestions.

Smith 2017 (Cyclical Learning Rates), section 3.3; the rate rises exponentially here, so that each
power of ten gets as many updates. The trained weights are discarded.
"""

import logging
import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import astuple, dataclass, fields
from pathlib import Path

import numpy as np
from matplotlib.axes import Axes

from attnlab.config import ExperimentConfig
from attnlab.plotting import Figure
from attnlab.plotting.colours import FRAME, INK, attention_colours
from attnlab.plotting.panels import Drawing, draw_panels, log_ticks
from attnlab.plotting.saving import figure_suffix, save_figure
from attnlab.plotting.text import NAME_SIZE, text_style
from attnlab.run.loaded import pick_device
from attnlab.support.errors import AttnlabError, UsageError
from attnlab.support.interruption import Interrupted, deferred_signals
from attnlab.support.ranges import LARGEST_FLOAT, SMALLEST_FLOAT
from attnlab.support.table import write_csv
from attnlab.trainer.build import assemble
from attnlab.trainer.initial import corpus_for, initialise, load_initial
from attnlab.trainer.progress import log_start, progress_display
from attnlab.training.execution import resolve_precision
from attnlab.training.loop import Limits, NonFinite
from attnlab.training.schedule import Schedule, ScheduleConfig
from attnlab.training.state import Step, TrainState

logger = logging.getLogger(__name__)

DIVERGED = 4.0
"""The test ends where the smoothed loss is so many times its smallest value."""

_FIRST_UPDATES = 5  # before them there is little to compare the loss with
_SIZE = (400.0, 230.0)  # points
_HEADROOM = 0.25  # above the losses before the lowest, as a fraction of their range
_LINE = 0.055  # height of a line of names, as a fraction of the axes'


@dataclass(frozen=True, kw_only=True)
class Sweep:
    """Rates from `lowest` to `highest` in that many `updates`; see `until_diverged`."""

    lowest: float
    highest: float
    updates: int
    smoothing: float

    def __post_init__(self) -> None:
        if not SMALLEST_FLOAT <= self.lowest < self.highest <= LARGEST_FLOAT:
            raise UsageError(
                f"--from {self.lowest:g} --to {self.highest:g}: the first must be at least "
                f"{SMALLEST_FLOAT:g}, and the second above it and at most {LARGEST_FLOAT:g}"
            )
        if not 0 <= self.smoothing < 1:
            raise UsageError(f"--smoothing {self.smoothing:g} must be from 0 to under 1")


class ExponentialRise(Schedule):
    """A factor that rises exponentially from `first` at update 1 to `last` at update `updates`."""

    def __init__(self, first: float, last: float, updates: int) -> None:
        super().__init__(ScheduleConfig(name="exponential_rise", warmup_updates=0))
        self._first, self._times, self._updates = first, last / first, updates

    def curve(self, update: int, done: float) -> float:  # noqa: ARG002
        """The factor at `update`."""
        return float(self._first * self._times ** ((update - 1) / max(1, self._updates - 1)))


@dataclass(frozen=True)
class Point:
    """An update of the test; losses in nats a target token, `smoothed` over the last ones."""

    update: int
    learning_rate: float
    loss: float
    smoothed: float


def until_diverged(steps: Iterable[Step | NonFinite], smoothing: float) -> Iterator[Point]:
    """The test's points, until the loss diverges or is not finite.

    `smoothing` is the β of an exponential mean with Adam's bias correction (Kingma & Ba 2015,
    section 3): `m_t = β m_{t-1} + (1 - β) l_t`, and `m_t / (1 - β^t)` is the smoothed loss.
    """
    mean, smallest = 0.0, math.inf
    for count, step in enumerate(steps, start=1):
        if isinstance(step, NonFinite):
            return
        mean = smoothing * mean + (1 - smoothing) * step.loss
        smoothed = mean / (1 - smoothing**count)
        smallest = min(smallest, smoothed)
        yield Point(step.update, step.learning_rate, step.loss, smoothed)
        if count > _FIRST_UPDATES and smoothed > DIVERGED * smallest:
            return


@dataclass(frozen=True)
class Suggestions:
    """Suggested rates, and the rate of the smallest smoothed loss.

    `steepest`: where the smoothed loss falls fastest by the logarithm of the rate. `tenth`: a
    tenth of `smallest`, at which training already begins to fail. `still_falls`: whether the
    loss is smallest at the highest rate, so that the suggestions may be too low.
    """

    steepest: float
    tenth: float
    smallest: float
    still_falls: bool

    @property
    def by_rule(self) -> dict[str, float]:
        """Each suggested rate by the rule that found it."""
        return {"steepest descent": self.steepest, "a tenth of the minimum’s": self.tenth}


def suggest(points: Sequence[Point]) -> Suggestions | None:
    """The rates that `points` suggest; None where the loss never fell.

    The slope at a point is that of the least-squares line through a window of a tenth of all
    points around it, since neighbours differ by the noise of their batches.
    """
    rates = [point.learning_rate for point in points]
    logs, losses = np.log10(rates), np.array([point.smoothed for point in points])
    lowest = int(losses.argmin()) if points else 0
    reach = max(2, len(points) // 20)
    slopes = {
        middle: float(np.polyfit(logs[window], losses[window], 1)[0])
        for middle in range(reach, lowest - reach + 1)
        for window in [slice(middle - reach, middle + reach + 1)]
    }
    if not slopes or min(slopes.values()) >= 0:
        return None
    return Suggestions(
        steepest=rates[min(slopes, key=slopes.__getitem__)],
        tenth=rates[lowest] / 10,
        smallest=rates[lowest],
        still_falls=lowest == len(points) - 1,
    )


def find_learning_rate(
    config: ExperimentConfig, sweep: Sweep, output: Path
) -> tuple[Suggestions | None, list[Path]]:
    """Run the test, and write its figure as `output` and its points as CSV beside it.

    Returns the suggestions, if there are any, and the files.

    Raises:
        Interrupted: by a signal; the points so far are written.
        AttnlabError: there is nothing to write, or it cannot be written.
    """
    figure_suffix(output)  # before the work
    config.precision = resolve_precision(config.precision, pick_device(config.device))
    initial = load_initial(config)
    corpus = corpus_for(config, initial)
    parts = assemble(config, corpus)
    initialise(parts.model, corpus.vocabulary, initial)
    log_start(config, corpus.vocabulary, parts.model, parts.group)
    whole = config.optimiser.learning_rate  # of which the schedule gives shares, far above 1 too
    schedule = ExponentialRise(sweep.lowest / whole, sweep.highest / whole, sweep.updates)
    limits = Limits(max_updates=sweep.updates, max_epochs=None, max_seconds=None)
    points: list[Point] = []
    with deferred_signals() as request, progress_display() as display:

        def shown() -> Iterator[Step | NonFinite]:
            for step in parts.steps(schedule, limits, TrainState()):
                if isinstance(step, Step):
                    display.step(step)
                yield step

        for point in until_diverged(shown(), sweep.smoothing):
            points.append(point)
            if request.signal_number is not None:
                break
    if not points:
        raise AttnlabError(
            f"the loss is no finite number at a learning rate of {sweep.lowest:g} already; lower "
            "--from"
        )
    suggestions = suggest(points)
    files = [output, output.with_suffix(".csv")]
    heading = f"{config.model.name} · {config.optimiser.name} · {config.data.name}"
    save_figure(draw_range_test(points, suggestions, heading), output)
    write_csv(files[1], [field.name for field in fields(Point)], map(astuple, points))
    if request.signal_number is not None:
        raise Interrupted(
            request.signal_number,
            f"stopped at a learning rate of {points[-1].learning_rate:.2g}; the points so far are "
            f"in {' and '.join(map(str, files))}",
        )
    if suggestions is None:
        logger.warning(
            "the loss hardly fell, so there is nothing to suggest; lower --from %g, raise --to "
            "%g, or take more --updates than %d",
            sweep.lowest,
            sweep.highest,
            sweep.updates,
        )
    elif suggestions.still_falls:
        logger.warning(
            "the loss still fell at the highest rate, %.2g; raise --to to see where it ends",
            points[-1].learning_rate,
        )
    return suggestions, files


def overrides_for(config: ExperimentConfig, rate: float) -> list[str]:
    """The overrides for that learning rate; an optimiser's other rates keep their ratio to it."""
    factor = rate / config.optimiser.learning_rate
    rates = {
        field.name: getattr(config.optimiser, field.name)
        for field in fields(config.optimiser)
        if field.name.endswith("learning_rate")
    }
    return [f"optimiser.{name}={value * factor:.2g}" for name, value in rates.items()]


def draw_range_test(
    points: Sequence[Point], suggestions: Suggestions | None, heading: str = ""
) -> Figure:
    """Losses as dots and smoothed losses as a line over the rate's logarithm, rates marked.

    The losses of a diverging end are cut off above, so that the valley fills the axes.
    """
    rates = [point.learning_rate for point in points]
    losses = [point.loss for point in points]
    smoothed = [point.smoothed for point in points]
    marks: Mapping[str, float] = {}
    if suggestions is not None:
        marks = suggestions.by_rule | {"minimum": suggestions.smallest}

    def paint(axes: Axes) -> None:
        line = attention_colours()(0.75)
        axes.plot(rates, losses, ".", color=line, alpha=0.3, markersize=3.5, markeredgewidth=0)
        axes.plot(rates, smoothed, color=line, linewidth=1.6)
        bottom, highest = min(smoothed), max(smoothed[: int(np.argmin(smoothed)) + 1])
        height = max(highest - bottom, 1e-3)
        names = 1.5 * _LINE * len(marks)
        low, high = bottom - 0.2 * height, highest + (_HEADROOM + names) * height
        axes.set_ylim(low, high)
        axes.set_xscale("log")
        log_ticks(axes.xaxis)
        axes.grid(visible=True, axis="x", color=FRAME, alpha=0.4, linewidth=0.5)
        # From right to left, each name below the one before: no line then crosses a name.
        ordered = sorted(marks.items(), key=lambda mark: mark[1], reverse=True)
        for place, (name, rate) in enumerate(ordered):
            top, loss = 1 - _LINE * place, float(np.interp(rate, rates, smoothed))
            axes.plot([rate, rate], [loss, low + top * (high - low)], color=INK, linewidth=0.6)
            axes.plot([rate], [loss], "o", color=INK, markersize=4.5, zorder=3)
            label = f"{name}: {rate:.2g}"
            axes.annotate(
                label,
                (rate, top),
                xycoords=("data", "axes fraction"),
                xytext=(-4, 0),
                textcoords="offset points",
                va="top",
                ha="right",
                color=INK,
                **text_style(label, NAME_SIZE),
            )

    panel = Drawing(
        title=heading,
        x_label="learning rate",
        y_label="loss, nats per target token",
        size=_SIZE,
        paint=paint,
    )
    return draw_panels([[panel]])
