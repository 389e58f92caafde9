"""Jobs: one run, or those of a sweep, by Hydra's launchers and sweepers."""

import json
import logging
import os
from collections import Counter
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from contextvars import ContextVar
from dataclasses import dataclass
from math import inf
from pathlib import Path
from typing import Any

from hydra._internal.hydra import Hydra
from hydra.core.hydra_config import HydraConfig
from hydra.core.override_parser.types import (
    ChoiceSweep,
    Glob,
    IntervalSweep,
    Override,
    RangeSweep,
)
from hydra.types import RunMode
from omegaconf import DictConfig

from attnlab.support.errors import AttnlabError, UsageError, described, shortened
from attnlab.support.folders import NewFolder, expanded, file_name, new_folder, time_stamp
from attnlab.support.overrides import parsed, quoted

Task = Callable[[DictConfig], Any]

NO_FOLDER = "."
"""The default of hydra.run.dir and hydra.sweep.subdir: Hydra makes no folder."""

_JOBS = "jobs.jsonl"
_MOST_JOBS = 10_000

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class Job:
    """The running job.

    `folder`: the run's folder if the user chose it by hydra.run.dir, else None. `label`: the
    settings in which the jobs of a sweep differ, such as seed-2; empty without a sweep.
    `overrides`: those of the command line.
    """

    folder: Path | None
    label: str
    overrides: list[str]

    def new_folder(self, runs_root: str, name: str) -> AbstractContextManager[NewFolder]:
        """Make the run's folder: runs_root/name/TIME_LABEL."""
        if self.folder is not None:
            return new_folder(self.folder, exact=True)
        stem = "_".join(filter(None, (time_stamp(), self.label)))
        return new_folder(Path(runs_root).absolute() / name / stem)


_exact_folder: ContextVar[Path | None] = ContextVar("_exact_folder", default=None)
_run_folder: ContextVar[Path | None] = ContextVar("_run_folder", default=None)


def set_run_folder(folder: Path) -> None:
    """Have a sweep record in which folder its running job trains."""
    _run_folder.set(folder)


def job() -> Job:
    """The running job."""
    hydra = HydraConfig.get()
    overrides = list(hydra.overrides.task)
    label = _label(hydra, overrides) if hydra.mode == RunMode.MULTIRUN else ""
    return Job(_exact_folder.get(), label, overrides)


def _label(hydra: Any, overrides: Sequence[str]) -> str:
    same = set(hydra.job.config.override_dirname.exclude_keys)
    pairs = [each.lstrip("+~").partition("=") for each in overrides]
    values = {key: value.strip("'\"") for key, _, value in pairs if key not in same}
    last_parts = Counter(key.rpartition(".")[2] for key in values)
    names = {key: key.rpartition(".")[2] for key in values}
    parts = [
        f"{names[key] if last_parts[names[key]] == 1 else key}-{value}"
        for key, value in values.items()
    ]
    return file_name("_".join(parts)) or str(hydra.job.num)


def run_once(hydra: Hydra, task: Task, config_name: str, chosen: list[str], folder: str) -> None:
    """Run the only job; `folder` is hydra.run.dir."""
    # Hydra would print the overrides of a job that fails.
    failures: list[Exception] = []

    def attempt(config: DictConfig) -> Any:
        try:
            return task(config)
        except Exception as error:
            failures.append(error)
            return None

    fixed = ["hydra.mode=RUN", f"hydra.run.dir={NO_FOLDER}"]
    exact = None if folder == NO_FOLDER else Path(expanded(folder, "hydra.run.dir"))
    token = _exact_folder.set(exact)
    try:
        hydra.run(config_name, attempt, [*chosen, *fixed], with_log_configuration=False)
    finally:
        _exact_folder.reset(token)
    if failures:
        raise failures[0]


class SweepError(AttnlabError):
    """Some of the `jobs` of a sweep failed; the others were done."""

    def __init__(self, jobs: Sequence[dict[str, Any]]) -> None:
        self.jobs = jobs
        failed = [each for each in jobs if each["error"] is not None]
        lines = [f"  {each['job']}: {each['error'].splitlines()[0]}" for each in failed]
        super().__init__(
            "\n".join([f"{len(failed)} of the sweep's {len(jobs)} jobs failed:", *lines])
        )
        codes = {each["exit_code"] for each in failed}
        self.exit_code = codes.pop() if len(codes) == 1 else 1


@dataclass(frozen=True)
class _SweepTask:
    """One job of a sweep, in any process; its result is logged and written to a file at once."""

    task: Task
    folder: Path

    def __call__(self, config: DictConfig) -> Any:
        label = job().label
        _run_folder.set(None)
        try:
            value = self.task(config)
        except Exception as error:
            code: int = getattr(error, "exit_code", 1)
            logger.error(
                "%s failed: %s",
                label,
                described(error),
                exc_info=error if os.environ.get("ATTNLAB_TRACEBACK") else None,
            )
            self._write(job=label, error=described(error), exit_code=code)
            return float("nan")  # a sweeper that searches goes on
        self._write(job=label, error=None, exit_code=0)
        return value

    def _write(self, **ending: Any) -> None:
        folder = _run_folder.get()
        ending["run"] = None if folder is None else str(folder)
        with (self.folder / _JOBS).open("a", encoding="utf-8") as file:
            file.write(f"{json.dumps(ending, ensure_ascii=False)}\n")


def _require_possible_sweep(
    overrides: Sequence[Override], hydra: Hydra, config: DictConfig
) -> None:
    """Refuse a sweep without a job, with more jobs than could be listed, or without a searcher."""
    jobs = 1.0
    for override in overrides:
        text = shortened(override.input_line or "")
        values = _count_values(override, text, hydra, config)
        if not values > 0:
            raise UsageError(
                f"'{text}' gives no value; write a range from the smaller to the larger number"
            )
        jobs *= values
    if jobs > _MOST_JOBS:
        raise UsageError(
            f"this sweep has more than {_MOST_JOBS:,} jobs; give fewer values, or have a sweeper "
            "search them (hydra/sweeper=optuna)"
        )


def _count_values(override: Override, text: str, hydra: Hydra, config: DictConfig) -> float:
    """The number of values that an override gives its setting."""
    value: Any = override.value()  # a Glob, too, which its annotation lacks
    if isinstance(value, RangeSweep):
        start, stop = value.start or 0, value.stop or 0
        return (stop - start) / value.step if value.step else inf
    searches = config.hydra.runtime.choices["hydra/sweeper"] != "basic"
    if isinstance(value, IntervalSweep) and not searches:
        raise UsageError(
            f"'{text}': an interval has to be searched; add hydra/sweeper=optuna, or list values "
            "with commas or range()"
        )
    if isinstance(value, Glob):
        names = hydra.config_loader.get_group_options(override.key_or_group)
        if not (matching := len(value.filter(names))):
            there = f"its choices are {', '.join(names)}" if names else "it is not a group"
            raise UsageError(f"'{text}' matches no choice of {override.key_or_group}; {there}")
        return matching
    return len(value.list) if isinstance(value, ChoiceSweep) else 1


def sweep(
    hydra: Hydra, task: Task, config_name: str, chosen: list[str], config: DictConfig
) -> list[dict[str, Any]]:
    """Do every job, even if some fail; returns their endings, as jobs.jsonl has them.

    Raises:
        SweepError: some of them did.
    """
    read = [each for each in map(parsed, chosen) if each is not None]
    _require_possible_sweep(read, hydra, config)
    folder = expanded(str(config.hydra.sweep.dir), "hydra.sweep.dir")
    with new_folder(Path(folder).absolute()) as new:
        same = [each.key_or_group for each in read if not each.is_sweep_override()]
        fixed = [
            "hydra.mode=MULTIRUN",
            *quoted([f"hydra.sweep.dir={new.path}"], paths=["hydra.sweep.dir"]),
            f"hydra.job.config.override_dirname.exclude_keys=[{','.join(same)}]",
        ]
        try:
            hydra.multirun(
                config_name,
                _SweepTask(task, new.path),
                [*chosen, *fixed],
                with_log_configuration=False,
            )
        except BaseException as error:
            if not isinstance(error, Exception):  # a signal
                new.keep()
            raise
        ends = new.path / _JOBS
        lines = ends.read_text(encoding="utf-8").splitlines() if ends.exists() else []
        jobs = [json.loads(line) for line in lines]
        if any(each["error"] is None for each in jobs):
            new.keep()
        if any(each["error"] is not None for each in jobs):
            raise SweepError(jobs)
        return jobs
