"""Time and memory of one layer over sentences of one length, measured in a fresh process."""

import time
from dataclasses import dataclass

import torch

from attnlab.evaluation.benchmark import forward_pass, measure_passes, training_pass
from attnlab.studies.complexity.layers import LAYERS, LayerSettings
from attnlab.training.execution import keep_freed_memory

_ENOUGH_SECONDS, _MOST_PASSES = 0.15, 100


@dataclass(frozen=True, kw_only=True)
class Task:
    """`training`: forward and backward, or forward alone; `threads`: of torch; None: its default.

    `processor_time`: count the seconds of the process's own threads, not those of the clock.
    """

    layer: str
    settings: LayerSettings
    length: int
    batch: int
    training: bool
    threads: int | None
    processor_time: bool


@dataclass(frozen=True, kw_only=True)
class Cost:
    """`seconds`: of the fastest of `passes`; `peak_bytes`: besides the weights and the input."""

    length: int
    seconds: float
    passes: int
    peak_bytes: int


def measure(task: Task) -> Cost:
    """Time and memory of a pass in single precision, with initial weights."""
    if task.threads is not None:
        torch.set_num_threads(task.threads)
    keep_freed_memory()
    torch.manual_seed(1)
    layer = LAYERS[task.layer](task.settings)
    x = torch.randn(task.batch, task.length, task.settings.size)
    run = (
        training_pass(layer, [x], list(layer.parameters()))
        if task.training
        else forward_pass(layer, [x])
    )
    (cost,) = measure_passes(
        [run],
        _MOST_PASSES,
        enough_seconds=_ENOUGH_SECONDS,
        clock=time.process_time if task.processor_time else time.perf_counter,
    )
    return Cost(
        length=task.length, seconds=cost.fastest, passes=cost.rounds, peak_bytes=cost.peak_bytes
    )
