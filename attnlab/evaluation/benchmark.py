"""Time and peak memory of passes through a layer, and their growth with the length."""

import json
import math
import os
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import accumulate
from pathlib import Path
from statistics import median

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.autograd.profiler import profile  # torch.profiler's imports a compiler, for seconds

from attnlab.support.errors import UsageError

TAIL = 4
"""Number of last points, each at twice the length of the one before, that growth is fitted to."""

_FEWEST_ROUNDS = 3

Pass = Callable[[], object]


@dataclass(frozen=True, kw_only=True)
class PassCost:
    """Cost of a pass: seconds, `median` and `fastest` of `rounds`, and the peak of memory.

    Other load of the machine only adds to times, so the fastest is the more reliable one.
    `peak_bytes`: the most that torch had allocated at once, besides inputs and parameters.
    """

    median: float
    fastest: float
    rounds: int
    peak_bytes: int


def forward_pass(layer: Callable[..., Tensor], inputs: Sequence[Tensor]) -> Pass:
    """A pass forward, without gradients."""

    def run() -> None:
        with torch.no_grad():
            layer(*inputs)

    return run


def training_pass(
    layer: Callable[..., Tensor], inputs: Sequence[Tensor], parameters: Sequence[Tensor]
) -> Pass:
    """A pass forward and backward, to the gradients of `inputs` and `parameters`."""
    wanted = [*(each.requires_grad_() for each in inputs), *parameters]

    def run() -> None:
        # Not all are used: some scores read no keys.
        torch.autograd.grad(layer(*inputs).sum(), wanted, allow_unused=True)

    return run


def measure_passes(
    passes: Sequence[Pass],
    rounds: int,
    *,
    enough_seconds: float = math.inf,
    clock: Callable[[], float] = time.perf_counter,
) -> list[PassCost]:
    """Measure the memory of each pass, then time all of them in turn for a number of `rounds`.

    In turn, so that other load of the machine affects all alike; the pass for the memory warms up.
    From three rounds on, timing ends as soon as it took `enough_seconds`.
    """
    peaks = [peak_bytes(each) for each in passes]
    times: list[list[float]] = [[] for _ in passes]
    total = 0.0
    for number in range(rounds):
        if number >= _FEWEST_ROUNDS and total >= enough_seconds:
            break
        for run, taken in zip(passes, times, strict=True):
            started = clock()
            run()
            taken.append(clock() - started)
            total += taken[-1]
    return [
        PassCost(median=median(taken), fastest=min(taken), rounds=len(taken), peak_bytes=peak)
        for taken, peak in zip(times, peaks, strict=True)
    ]


def peak_bytes(run: Pass) -> int:
    """The most that `run` has allocated at once on the CPU, by torch's allocator."""
    with tempfile.TemporaryDirectory() as folder, _without_stderr():
        with profile(profile_memory=True) as recorded:
            run()
        trace = Path(folder) / "trace.json"
        recorded.export_chrome_trace(str(trace))
        events = json.loads(trace.read_text(encoding="utf-8"))["traceEvents"]
    changes = sorted(
        (event["args"]["Ev Idx"], event["args"]["Bytes"])
        for event in events
        if event["name"] == "[memory]"
    )
    return max(accumulate(size for _, size in changes), default=0)


@contextmanager
def _without_stderr() -> Iterator[None]:
    """Drop what the profiler's library writes to the file descriptor of standard error."""
    stderr = os.dup(2)
    with Path(os.devnull).open("w") as null:
        os.dup2(null.fileno(), 2)
        try:
            yield
        finally:
            os.dup2(stderr, 2)
            os.close(stderr)


def doubling(first: int, last: int) -> list[int]:
    """Lengths from `first` to at most `last`, each twice the one before.

    Raises:
        UsageError: `first` is greater than `last`; they are the options --from and --to.
    """
    if first > last:
        raise UsageError(f"--from {first} --to {last}: the second must be no less than the first")
    lengths = [first]
    while 2 * lengths[-1] <= last:
        lengths.append(2 * lengths[-1])
    return lengths


def tail_exponent(lengths: Sequence[int], values: Sequence[float]) -> float | None:
    """The p of `value ~ length^p` over the last points, by least squares of logarithms.

    None for fewer than three points, or if one of the values is not above 0.
    """
    lengths, values = lengths[-TAIL:], values[-TAIL:]
    if len(values) < 3 or min(values) <= 0:
        return None
    slope, _ = fit_line(np.log(lengths), np.log(values))
    return slope


def fit_line(x: NDArray[np.float64], y: NDArray[np.float64]) -> tuple[float, float]:
    """The slope of the least-squares line, and the sum of its squared errors."""
    slope, start = np.polyfit(x, y, 1)
    return float(slope), float(np.square(y - slope * x - start).sum())


@dataclass(frozen=True, kw_only=True)
class Growth:
    """Costs of a pass at growing `lengths`; exponents are fitted to the longest ones."""

    lengths: Sequence[int]
    costs: Sequence[PassCost]

    @property
    def milliseconds(self) -> list[float]:
        """Times of the fastest passes."""
        return [1000 * cost.fastest for cost in self.costs]

    @property
    def megabytes(self) -> list[float]:
        """Peaks of memory."""
        return [cost.peak_bytes / 1e6 for cost in self.costs]

    @property
    def time_exponent(self) -> float | None:
        """P of `time ~ length^p`; None for fewer than three lengths."""
        return tail_exponent(self.lengths, self.milliseconds)

    @property
    def memory_exponent(self) -> float | None:
        """P of `memory ~ length^p`; None for fewer than three lengths."""
        return tail_exponent(self.lengths, self.megabytes)
