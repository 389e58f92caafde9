"""A profile of a few updates by torch's profiler.

Training labels the parts of an update with `record_function`, which takes 8 µs each, whether or
not a profile is recorded.
"""

import logging
import os
import warnings
from dataclasses import dataclass
from pathlib import Path

from torch.profiler import profile, schedule

from attnlab.support.files import atomic_file
from attnlab.support.ranges import Count

PARTS = ("encode", "decode", "loss", "backward", "optimiser")
"""The names of an update's parts in a profile."""

_MOST_ROWS = 20

logger = logging.getLogger(__name__)


@dataclass(kw_only=True)
class ProfilingConfig:
    """`skip`: updates before the recording; the last of them warms up the profiler.

    `updates`: number of updates to record, with everything between them, such as validation.
    `memory`: also record the memory that each operation allocates.
    """

    skip: Count
    updates: Count
    memory: bool


class Profiler:
    """Records updates into a file in `folder`; `start` it, and call `step` after each update."""

    def __init__(self, config: ProfilingConfig, folder: Path) -> None:
        os.environ.setdefault("KINETO_LOG_LEVEL", "99")  # no messages at start and end
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
        """Start the profiler after update number `update`."""
        self._last_update = update
        self._first_update = update + self._config.skip + 1
        self._profile.start()

    def step(self, update: int) -> None:
        """Count update number `update`; after the last one, write the profile.

        Raises:
            OSError: the file cannot be written.
        """
        self._last_update = update
        if self._path is None:
            self._profile.step()

    def close(self) -> None:
        """Write the updates recorded so far, if training ends early."""
        with warnings.catch_warnings():  # about a short profile; there is a message below
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
        events, updates = recorded.key_averages(), last - self._first_update + 1
        on_gpu = any(event.self_device_time_total > 0 for event in events)
        spent = "device_time_total" if on_gpu else "cpu_time_total"
        totals: dict[str, float] = {}
        for event in events:  # a GPU's part has two: of its calls and of its kernels
            milliseconds = getattr(event, spent) / updates / 1000
            totals[event.key] = max(milliseconds, totals.get(event.key, 0.0))
        logger.info(
            "milliseconds of an update%s, on average over updates %d to %d: %s; operations of all "
            "of them together:\n%s",
            " on the GPU" if on_gpu else "",
            self._first_update,
            last,
            " · ".join(f"{part} {totals[part]:,.2f}" for part in PARTS if part in totals),
            events.table(
                sort_by="self_device_time_total" if on_gpu else "self_cpu_time_total",
                row_limit=_MOST_ROWS,
                max_name_column_width=40,
            ),
        )
        logger.info(
            "the profile is %s: open it at https://ui.perfetto.dev, or with pip install "
            "torch-tb-profiler in TensorBoard",
            self._path,
        )
