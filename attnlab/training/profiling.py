"""Where the time of an update goes: a recording of a few of them by torch's profiler.

Training names its parts by `record_function`, at 8 µs each, whether anybody records or not.
Knows no run and no screen.
"""

import logging
import os
import warnings
from dataclasses import dataclass
from pathlib import Path

from torch.autograd.profiler_util import FunctionEventAvg
from torch.profiler import profile, schedule

from attnlab.support.files import atomic_file
from attnlab.support.ranges import Count
from attnlab.support.table import table

PARTS = ("encode", "decode", "loss", "backward", "optimiser")
"""The names of an update's parts in a profile."""

_MOST_ROWS = 12

logger = logging.getLogger(__name__)


@dataclass(kw_only=True)
class ProfilingConfig:
    """What a profile records: that many `updates`, after `skip` of them.

    The last one skipped warms the profiler up. What is done between them, such as validation, is
    recorded too. `memory`: also how much each operation allocates.
    """

    skip: Count
    updates: Count
    memory: bool


class Profiler:
    """Records updates into a file in `folder`, from `start` on, if `step` is called after each."""

    def __init__(self, config: ProfilingConfig, folder: Path) -> None:
        os.environ.setdefault("KINETO_LOG_LEVEL", "99")  # it tells the screen of its start and end
        self._config, self._folder = config, folder
        self._last_update = 0
        self._path: Path | None = None
        self._profile = profile(
            schedule=schedule(wait=config.skip - 1, warmup=1, active=config.updates, repeat=1),
            on_trace_ready=self._write,
            record_shapes=True,
            profile_memory=config.memory,
        )

    def start(self, update: int) -> None:
        """Begin, when that many updates are done."""
        self._last_update = update
        self._first_update = update + self._config.skip + 1
        self._profile.start()

    def step(self, update: int) -> None:
        """Take note that the update of that number is done; the last recorded one has it written.

        Raises:
            OSError: the file cannot be written.
        """
        self._last_update = update
        if self._path is None:
            self._profile.step()

    def close(self) -> None:
        """Write what was recorded so far, if the end comes early."""
        with warnings.catch_warnings():  # that a profile is short, which is said here
            warnings.simplefilter("ignore")
            self._profile.stop()
        if self._path is None:
            logger.warning(
                "training ended before update %s, with which the profile was to begin; lower "
                "profiling.skip=",
                f"{self._first_update:,}",
            )

    def _write(self, recorded: profile) -> None:
        last = min(self._last_update, self._first_update + self._config.updates - 1)
        if last < self._first_update:
            return
        name = f"updates-{self._first_update}-{last}.pt.trace.json.gz"
        self._folder.mkdir(exist_ok=True)
        with atomic_file(self._folder / name) as file:
            recorded.export_chrome_trace(file.name)
        self._path = self._folder / name
        events = list(recorded.key_averages())
        logger.info(
            "where the time of an update went, on average over updates %d to %d:\n%s",
            self._first_update,
            last,
            dearest(events, last - self._first_update + 1, self._config.memory),
        )
        logger.info(
            "the profile is %s: open it at https://ui.perfetto.dev, or with pip install "
            "torch-tb-profiler in TensorBoard",
            self._path,
        )


def dearest(events: list[FunctionEventAvg], updates: int, memory: bool) -> str:
    """A table of an update's parts and, below them, of the operations that took the longest.

    Milliseconds of an update: of a part, all of it; of an operation, without those that it calls.
    On a GPU, an operation's are those of the GPU. Megabytes are those that an operation allocated,
    less those that it freed.
    """
    parts = {event.key: event for event in events if event.key in PARTS}
    names = {*PARTS, "ProfilerStep*"}
    operations = [event for event in events if event.key not in names]
    on_device = any(event.self_device_time_total > 0 for event in operations)

    def own(event: FunctionEventAvg) -> float:
        time = event.self_device_time_total if on_device else event.self_cpu_time_total
        return float(time)

    everything = sum(map(own, operations)) or 1.0
    rows = [
        [name, _milliseconds(float(parts[name].cpu_time_total), updates), "", "", ""]
        for name in PARTS
        if name in parts
    ]
    for event in sorted(operations, key=own, reverse=True)[:_MOST_ROWS]:
        allocated = event.self_cpu_memory_usage + event.self_device_memory_usage
        rows.append(
            [
                str(event.key),
                _milliseconds(own(event), updates),
                f"{own(event) / everything:.0%}",
                f"{event.count / updates:.0f}",
                f"{allocated / updates / 1e6:,.1f}",
            ]
        )
    head = ["part or operation", "ms", "share", "calls", "MB"]
    width = len(head) if memory else len(head) - 1
    return table(head[:width], [row[:width] for row in rows])


def _milliseconds(microseconds: float, updates: int) -> str:
    return f"{microseconds / updates / 1000:,.2f}"
