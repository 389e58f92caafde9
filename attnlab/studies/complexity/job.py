"""Measure every layer over every length, until a pass takes too much."""

import logging
from collections.abc import Callable
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass

from attnlab.evaluation.benchmark import doubling
from attnlab.studies.complexity import measuring
from attnlab.studies.complexity.formulas import CONVOLUTION, RECURRENT, SELF_ATTENTION
from attnlab.studies.complexity.gradient import Reach, reach
from attnlab.studies.complexity.layers import LayerSettings, layers_of
from attnlab.studies.complexity.measuring import Cost, Task
from attnlab.studies.complexity.report import ComplexityReport, Series
from attnlab.support.console import counting
from attnlab.support.errors import UsageError
from attnlab.support.workers import FreshProcesses

logger = logging.getLogger(__name__)

_SHORTEST_PATH = 4
LONGEST_PATH = 128
"""Tokens over which the gradient's way is followed; so many convolutions are stacked in the end."""


@dataclass(frozen=True, kw_only=True)
class Survey:
    """What is measured, and when it is too much.

    Lengths double from `shortest` to `longest`. A series ends behind a pass that took more than
    `budget_seconds` or `budget_bytes`. `threads`: None leaves them to torch.
    """

    settings: LayerSettings
    shortest: int
    longest: int
    batch: int
    threads: int | None
    processor_time: bool
    seeds: int
    restriction: int
    budget_seconds: float
    budget_bytes: float

    def __post_init__(self) -> None:
        if self.shortest > self.longest:
            raise UsageError(
                f"--from {self.shortest} --to {self.longest}: the second must be no less than the "
                "first"
            )

    @property
    def lengths(self) -> list[int]:
        """From the shortest on, each twice the one before."""
        return doubling(self.shortest, self.longest)


def measure_complexity(survey: Survey) -> ComplexityReport:
    """Make the survey; a bar on the terminal shows how far it is."""
    processes = FreshProcesses([measuring.__name__])
    names = layers_of(survey.settings)
    path_lengths = doubling(_SHORTEST_PATH, max(_SHORTEST_PATH, min(LONGEST_PATH, survey.longest)))
    total = 2 * len(names) * len(survey.lengths) + 3 * len(path_lengths)
    with counting("measured", total) as advance:
        # What no clock is held to comes first: the processes are being made ready beside it.
        reached = {
            name: _reached(name, survey, path_lengths, advance)
            for name in (SELF_ATTENTION, RECURRENT, CONVOLUTION)
        }
        forward = [_series(processes, survey, name, False, advance) for name in names]
        training = [_series(processes, survey, name, True, advance) for name in names]
    return ComplexityReport(
        settings=survey.settings,
        batch=survey.batch,
        threads=survey.threads,
        processor_time=survey.processor_time,
        restriction=survey.restriction,
        seeds=survey.seeds,
        forward=forward,
        training=training,
        reached=reached,
    )


def _reached(
    name: str, survey: Survey, lengths: list[int], advance: Callable[[int], None]
) -> list[Reach]:
    found = []
    for length in lengths:
        found.append(reach(name, survey.settings, length, survey.seeds))
        advance(1)
    return found


def _series(
    processes: FreshProcesses,
    survey: Survey,
    name: str,
    training: bool,
    advance: Callable[[int], None],
) -> Series:
    """Costs of one layer at growing lengths."""
    costs: list[Cost] = []
    ended = None
    for number, length in enumerate(survey.lengths):
        task = Task(
            layer=name,
            settings=survey.settings,
            length=length,
            batch=survey.batch,
            training=training,
            threads=survey.threads,
            processor_time=survey.processor_time,
        )
        try:
            cost = processes.call(measuring.measure, task)
        except BrokenProcessPool:
            ended = f"the system ended the process at {length:,} tokens, as it does without memory"
        else:
            costs.append(cost)
            ended = _too_much(cost, survey)
        advance(1)
        if ended is not None and number + 1 < len(survey.lengths):
            advance(len(survey.lengths) - number - 1)
            what = "forward and backward" if training else "forward"
            logger.info("%s, %s: no longer ones; %s", name, what, ended)
            return Series(name, costs, ended)
    return Series(name, costs, None)


def _too_much(cost: Cost, survey: Survey) -> str | None:
    if cost.seconds > survey.budget_seconds:
        return (
            f"a pass over {cost.length:,} tokens took {cost.seconds:.2g} s, more than "
            f"--budget {survey.budget_seconds:g}"
        )
    if cost.peak_bytes > survey.budget_bytes:
        return (
            f"a pass over {cost.length:,} tokens took {cost.peak_bytes / 1e9:.2g} GB, more than "
            f"--memory {survey.budget_bytes / 1e9:g}"
        )
    return None
