"""One pass of one layer over sentences of one length: its time and its memory.

To be run in a fresh process, whose highest memory is then this pass's.
"""

import sys
import time
from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from attnlab.studies.complexity.layers import LAYERS, LayerSettings
from attnlab.training.execution import keep_freed_memory

_WARM_UP = 16  # tokens: libraries are loaded and threads started before anything is measured
_ENOUGH_SECONDS, _FEWEST_PASSES, _MOST_PASSES = 0.15, 3, 100


@dataclass(frozen=True, kw_only=True)
class Task:
    """`training`: forward and backward, or forward alone; `threads`: of torch, or as it likes.

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
    """`seconds`: of the fastest of `passes`, since what else a machine does only ever adds to them.

    `peak_bytes`: beside the weights and the input; None where the system does not tell.
    """

    length: int
    seconds: float
    passes: int
    peak_bytes: int | None


def measure(task: Task) -> Cost:
    """Time and memory of one pass; 32-bit numbers, weights as at the beginning of training."""
    if task.threads is not None:
        torch.set_num_threads(task.threads)
    keep_freed_memory()
    torch.manual_seed(1)
    layer = LAYERS[task.layer](task.settings)
    clock = time.process_time if task.processor_time else time.perf_counter
    _pass(layer, torch.randn(1, _WARM_UP, task.settings.size), task.training, clock)
    x = torch.randn(task.batch, task.length, task.settings.size)
    before = highest_memory()
    # The first one asks the system for memory, which takes its time.
    taken = [_pass(layer, x, task.training, clock)]
    after = highest_memory()
    while len(taken) <= _FEWEST_PASSES or (
        sum(taken) < _ENOUGH_SECONDS and len(taken) <= _MOST_PASSES
    ):
        taken.append(_pass(layer, x, task.training, clock))
    return Cost(
        length=task.length,
        seconds=min(taken[1:]),
        passes=len(taken) - 1,
        peak_bytes=None if before is None or after is None else after - before,
    )


def _pass(layer: nn.Module, x: Tensor, training: bool, clock: Callable[[], float]) -> float:
    """Its seconds."""
    started = clock()
    if training:
        # What a layer in the middle of a model is asked for: gradients of its input and weights.
        given = x.requires_grad_()
        torch.autograd.grad(layer(given).sum(), [given, *layer.parameters()])
    else:
        with torch.no_grad():
            layer(x)
    return clock() - started


def highest_memory() -> int | None:
    """The process's highest resident set so far in bytes; None where the system does not tell."""
    if sys.platform == "win32":
        return None
    import resource

    highest = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return highest if sys.platform == "darwin" else 1024 * highest  # macOS counts bytes
