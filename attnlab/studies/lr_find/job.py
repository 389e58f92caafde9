"""Find a learning rate: a range test of the configured training, its plot and its points.

Nothing that is trained is kept.
"""

import logging
from collections.abc import Iterator, Sequence
from dataclasses import astuple, dataclass, fields
from pathlib import Path

from attnlab.config import ExperimentConfig
from attnlab.plotting.saving import figure_suffix, save_figure
from attnlab.run.loaded import pick_device
from attnlab.studies.lr_find.drawing import Mark, draw_range_test
from attnlab.studies.lr_find.range_test import (
    ExponentialRise,
    Point,
    Suggestions,
    suggest,
    until_diverged,
)
from attnlab.support.csv_file import write_csv
from attnlab.support.errors import AttnlabError, UsageError
from attnlab.support.ranges import LARGEST_FLOAT, SMALLEST_FLOAT
from attnlab.trainer.build import assemble
from attnlab.trainer.interruption import Interrupted, deferred_signals
from attnlab.trainer.preparing import load, log_start
from attnlab.trainer.progress import progress_display
from attnlab.training.loop import Limits, NonFinite, Progress, Step
from attnlab.training.precision import resolve_precision

logger = logging.getLogger(__name__)


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


def find_learning_rate(
    config: ExperimentConfig, sweep: Sweep, output: Path
) -> tuple[Suggestions | None, list[Path]]:
    """Make the test, and write its figure as `output` and its points as CSV beside it.

    Returns what the test suggests, if it does, and the files.

    Raises:
        Interrupted: somebody asked for an end; what there was is written.
        AttnlabError: there is nothing to write, or it cannot be written.
    """
    figure_suffix(output)  # before the work
    config.precision = resolve_precision(config.precision, pick_device(config.device))
    corpus = load(config, config.vocabulary)
    parts = assemble(config, corpus)
    log_start(config, corpus.vocabulary, parts.model, parts.group)
    whole = config.optimiser.learning_rate  # of which the schedule gives shares, far above 1 too
    schedule = ExponentialRise(sweep.lowest / whole, sweep.highest / whole, sweep.updates)
    limits = Limits(max_updates=sweep.updates, max_epochs=None, max_seconds=None)
    points: list[Point] = []
    with deferred_signals() as request, progress_display() as display:

        def shown() -> Iterator[Step | NonFinite]:
            for step in parts.steps(schedule, limits, Progress()):
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
    _draw(config, points, suggestions, output)
    write_csv(files[1], [field.name for field in fields(Point)], map(astuple, points))
    if request.signal_number is not None:
        raise Interrupted(
            request.signal_number,
            f"stopped at a learning rate of {points[-1].learning_rate:.2g}; what there was is in "
            f"{' and '.join(map(str, files))}",
        )
    _say_what_to_think_of_it(points, suggestions, sweep)
    return suggestions, files


def named_rates(suggestions: Suggestions) -> dict[str, float]:
    """Each suggested rate by the rule that found it."""
    return {
        "steepest descent": suggestions.steepest,
        "a tenth of the minimum’s": suggestions.tenth,
    }


def overrides_for(config: ExperimentConfig, rate: float) -> list[str]:
    """What to type for that learning rate; an optimiser's other rates keep their ratio to it."""
    factor = rate / config.optimiser.learning_rate
    rates = {
        field.name: getattr(config.optimiser, field.name)
        for field in fields(config.optimiser)
        if field.name.endswith("learning_rate")
    }
    return [f"optimiser.{name}={value * factor:.2g}" for name, value in rates.items()]


def _draw(
    config: ExperimentConfig,
    points: Sequence[Point],
    suggestions: Suggestions | None,
    output: Path,
) -> None:
    marks = []
    if suggestions is not None:
        rates = named_rates(suggestions) | {"minimum": suggestions.smallest}
        marks = [Mark(rate=rate, name=f"{name}: {rate:.2g}") for name, rate in rates.items()]
    figure = draw_range_test(
        [point.learning_rate for point in points],
        [point.loss for point in points],
        [point.smoothed for point in points],
        marks=marks,
        heading=f"{config.model.name} · {config.optimiser.name} · {config.data.name}",
    )
    save_figure(figure, output)


def _say_what_to_think_of_it(
    points: Sequence[Point], suggestions: Suggestions | None, sweep: Sweep
) -> None:
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
