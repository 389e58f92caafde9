"""Measurements of every layer at growing lengths, each in a fresh process, within a budget."""

import logging
import time
from collections.abc import Callable
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass

import torch

from attnlab.evaluation.benchmark import (
    Growth,
    PassCost,
    doubling,
    forward_pass,
    measure_passes,
    training_pass,
)
from attnlab.studies.complexity.formulas import CONVOLUTION, RECURRENT, SELF_ATTENTION
from attnlab.studies.complexity.layers import (
    LAYERS,
    GradientShares,
    LayerSettings,
    gradient_shares,
    layers_of,
)
from attnlab.support.console import counting
from attnlab.support.workers import FreshProcesses
from attnlab.training.execution import keep_freed_memory

logger = logging.getLogger(__name__)

_ENOUGH_SECONDS, _MOST_PASSES = 0.15, 100
_SHORTEST_PATH = 4
_LONGEST_PATH = 128
"""Longest sentence whose gradient is followed; half as many convolutions of width 3 are stacked."""


@dataclass(frozen=True, kw_only=True)
class Survey:
    """Measurements to make, and their limits.

    Lengths double from `shortest` to `longest`. A series ends after a pass of more than
    `budget_seconds` or `budget_bytes`. `threads` None is torch's default.
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
        doubling(self.shortest, self.longest)  # refuses lengths in the wrong order

    @property
    def lengths(self) -> list[int]:
        """From the shortest on, each twice the one before."""
        return doubling(self.shortest, self.longest)


@dataclass(frozen=True, kw_only=True)
class Series(Growth):
    """Costs of the layer `name` at growing lengths; `ended`: why before the longest, if it did."""

    name: str
    ended: str | None


@dataclass(frozen=True, kw_only=True)
class Measurements:
    """Series of all layers, forward and in training, and gradient shares by layer."""

    forward: list[Series]
    training: list[Series]
    gradients: dict[str, list[GradientShares]]


@dataclass(frozen=True, kw_only=True)
class Task:
    """One measurement: `training` is forward and backward, otherwise forward."""

    layer: str
    settings: LayerSettings
    length: int
    batch: int
    training: bool
    threads: int | None
    processor_time: bool


def measure_layer(task: Task) -> PassCost:
    """Time and memory of a pass in single precision, with initial weights."""
    if task.threads is not None:
        torch.set_num_threads(task.threads)
    keep_freed_memory()
    torch.manual_seed(1)
    layer = LAYERS[task.layer](task.settings)
    x = torch.randn(task.batch, task.length, task.settings.size)
    parameters = list(layer.parameters())
    run = training_pass(layer, [x], parameters) if task.training else forward_pass(layer, [x])
    (cost,) = measure_passes(
        [run],
        _MOST_PASSES,
        enough_seconds=_ENOUGH_SECONDS,
        clock=time.process_time if task.processor_time else time.perf_counter,
    )
    return cost


def measure(survey: Survey) -> Measurements:
    """Make all measurements of the survey, with progress on the terminal."""
    processes = FreshProcesses([__name__])
    names = layers_of(survey.settings)
    path_lengths = doubling(_SHORTEST_PATH, max(_SHORTEST_PATH, min(_LONGEST_PATH, survey.longest)))
    total = 2 * len(names) * len(survey.lengths) + 3 * len(path_lengths)
    with counting("measured", total) as advance:
        # Gradients first: they are not timed, and the server of processes starts meanwhile.
        gradients: dict[str, list[GradientShares]] = {}
        for name in (SELF_ATTENTION, RECURRENT, CONVOLUTION):
            for length in path_lengths:
                found = gradient_shares(name, survey.settings, length, survey.seeds)
                gradients.setdefault(name, []).append(found)
                advance(1)
        forward = [_series(processes, survey, name, False, advance) for name in names]
        training = [_series(processes, survey, name, True, advance) for name in names]
    return Measurements(forward=forward, training=training, gradients=gradients)


def _series(
    processes: FreshProcesses,
    survey: Survey,
    name: str,
    training: bool,
    advance: Callable[[int], None],
) -> Series:
    """Costs of one layer until the longest length or the end of the budget."""
    costs: list[PassCost] = []
    ended = None
    for left, length in zip(reversed(range(len(survey.lengths))), survey.lengths, strict=True):
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
            costs.append(processes.call(measure_layer, task))
        except BrokenProcessPool:
            ended = f"the system ended the process at {length:,} tokens, as it does without memory"
        else:
            ended = _over_budget(length, costs[-1], survey) if left else None
        advance(1)
        if ended is not None:
            advance(left)
            which = "forward and backward" if training else "forward"
            logger.info("%s, %s: longer sentences are skipped: %s", name, which, ended)
            break
    return Series(name=name, lengths=survey.lengths[: len(costs)], costs=costs, ended=ended)


def _over_budget(length: int, cost: PassCost, survey: Survey) -> str | None:
    """Why no longer sentence is to be measured."""
    taken = f"a pass over {length:,} tokens took"
    if cost.fastest > survey.budget_seconds:
        return f"{taken} {cost.fastest:.2g} s, more than --budget {survey.budget_seconds:g}"
    if cost.peak_bytes > survey.budget_bytes:
        budget = f"--memory {survey.budget_bytes / 1e9:g}"
        return f"{taken} {cost.peak_bytes / 1e9:.2g} GB, more than {budget}"
    return None
