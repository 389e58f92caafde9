"""A sweep: its jobs, by Hydra's launchers and sweepers, and how each of them ended."""

import json
import logging
import os
import signal
import socket
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from functools import partial
from math import inf, isfinite
from pathlib import Path
from typing import Any

from hydra._internal.hydra import Hydra
from hydra.core.override_parser.types import (
    ChoiceSweep,
    Glob,
    IntervalSweep,
    Override,
    RangeSweep,
)
from omegaconf import DictConfig

from attnlab.jobs.job import Task, job, run_folder, set_run_folder
from attnlab.jobs.launchers import Launching
from attnlab.jobs.processes import Ending, connected, following
from attnlab.support.errors import AttnlabError, UsageError, described, shortened
from attnlab.support.folders import expanded, new_folder, shown_path
from attnlab.support.interruption import LAUNCHERS_SIGNAL, Interrupted
from attnlab.support.machine import limit_threads
from attnlab.support.overrides import parsed, quoted

_JOBS = "jobs.jsonl"
_MOST_JOBS = 10_000

logger = logging.getLogger(__name__)


class SweepError(AttnlabError):
    """Some of the `jobs` of a sweep failed; the others were done."""

    def __init__(self, jobs: Sequence[Ending]) -> None:
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
    """One job of a sweep, in any process; its ending is told and written to a file at once.

    `process`: the sweep's own, as host name and id. `directory`: its working directory. `threads`:
    those of a job in a process of its own; None is torch's default. `outlives`: whether such a job
    goes on when the sweep's process has ended. `no_value`: what a job that failed returns.
    """

    task: Task
    folder: Path
    process: tuple[str, int]
    directory: Path
    threads: int | None
    outlives: bool
    no_value: float | None

    def __call__(self, config: DictConfig) -> Any:
        current = job()
        if self.process == _this_process():
            return self._run(config, current.label, partial(_record, self.folder))
        os.chdir(self.directory)
        if self.threads is not None:
            limit_threads(self.threads)
        name = f"{current.number:03}_{current.label}"
        outlives = self.outlives or self.process[0] != _this_process()[0]
        try:
            with connected(self.folder, name, outlives=outlives) as record:
                return self._run(config, current.label, record, interrupts=False)
        except Interrupted as interruption:
            if interruption.signal_number == LAUNCHERS_SIGNAL:
                with suppress(Exception):  # that it does not requeue
                    signal.raise_signal(LAUNCHERS_SIGNAL)
        return self.no_value

    def _run(
        self,
        config: DictConfig,
        label: str,
        record: Callable[[Ending], None],
        *,
        interrupts: bool = True,
    ) -> Any:
        set_run_folder(None)
        ending: Ending = {"job": label, "error": None, "exit_code": 0, "value": None}
        try:
            value = self.task(config)
            ending["value"] = value if isinstance(value, float) and isfinite(value) else None
        except Exception as error:
            value = self.no_value
            ending |= {"error": described(error), "exit_code": getattr(error, "exit_code", 1)}
            logger.error(
                "%s failed: %s",
                label,
                described(error),
                exc_info=error if os.environ.get("ATTNLAB_TRACEBACK") else None,
            )
        except Interrupted as interruption:
            if interrupts:
                raise
            logger.info("%s", interruption)
            code = interruption.exit_code
            ending |= {"error": str(interruption), "exit_code": code, "interrupted": True}
            if interruption.signal_number == LAUNCHERS_SIGNAL:
                raise
            value = self.no_value
        folder = run_folder()
        record({**ending, "run": None if folder is None else str(folder)})
        return value


def _this_process() -> tuple[str, int]:
    return socket.gethostname(), os.getpid()


def _record(folder: Path, ending: Ending) -> None:
    """Add a line to the sweep's list of jobs, as the sweep's own process does alone."""
    with (folder / _JOBS).open("a", encoding="utf-8") as file:
        file.write(f"{json.dumps(ending, ensure_ascii=False)}\n")


def _require_possible_sweep(
    overrides: Sequence[Override], hydra: Hydra, config: DictConfig
) -> float:
    """The number of jobs, infinite for a search among real numbers.

    Raises:
        UsageError: there is none, there are more than could be listed, or nothing that searches.
    """
    jobs = 1.0
    for override in overrides:
        text = shortened(override.input_line or "")
        values = _count_values(override, text, hydra, config)
        if not values > 0:
            raise UsageError(
                f"'{text}' gives no value; write a range from the smaller to the larger number"
            )
        jobs *= values
    if jobs > _MOST_JOBS and not _searches(config):
        raise UsageError(
            f"this sweep has more than {_MOST_JOBS:,} jobs; give fewer values, or have a sweeper "
            "search them (hydra/sweeper=optuna)"
        )
    return jobs


def _searches(config: DictConfig) -> bool:
    return bool(config.hydra.runtime.choices["hydra/sweeper"] != "basic")


def _count_values(override: Override, text: str, hydra: Hydra, config: DictConfig) -> float:
    """The number of values that an override gives its setting."""
    value: Any = override.value()  # a Glob, too, which its annotation lacks
    if isinstance(value, RangeSweep):
        start, stop = value.start or 0, value.stop or 0
        return (stop - start) / value.step if value.step else inf
    if isinstance(value, IntervalSweep):
        if _searches(config):
            return inf
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
    hydra: Hydra,
    task: Task,
    config_name: str,
    chosen: list[str],
    config: DictConfig,
    *,
    minimises: bool = True,
) -> list[Ending]:
    """Do every job, even if some fail; returns their endings, as jobs.jsonl has them.

    A sweeper that searches `minimises` the value of the task, or else maximises it.

    Raises:
        SweepError: some of them failed.
        AttnlabError: the launcher did, so that jobs are missing.
        Interrupted: a signal stopped the jobs, each in a process of its own.
    """
    read = [each for each in map(parsed, chosen) if each is not None]
    given = {each.key_or_group for each in read}
    params = config.hydra.sweeper.get("params") or {}  # those of an experiment's file
    more = [parsed(f"{key}={value}") for key, value in params.items() if key not in given]
    jobs = _require_possible_sweep([*read, *filter(None, more)], hydra, config)
    launching = Launching(config, jobs)
    folder = expanded(str(config.hydra.sweep.dir), "hydra.sweep.dir")
    with new_folder(Path(folder).absolute()) as new:
        same = [each.key_or_group for each in read if not each.is_sweep_override()]
        overrides = [
            *launching.defaults(chosen, minimises=minimises),
            *chosen,
            "hydra.mode=MULTIRUN",
            *quoted([f"hydra.sweep.dir={new.path}"], paths=["hydra.sweep.dir"]),
            f"hydra.job.config.override_dirname.exclude_keys=[{','.join(same)}]",
        ]
        one = _SweepTask(
            task,
            new.path,
            _this_process(),
            Path.cwd(),
            launching.threads,
            launching.outlives,
            launching.no_value,
        )
        try:
            with launching.environment(), _launched(new.path, launching) as failures:
                try:
                    hydra.multirun(config_name, one, overrides, with_log_configuration=False)
                except Exception as error:
                    failures.append(error)
        except BaseException:  # a signal
            new.keep()
            raise
        endings = _endings(new.path)
        if any(each["error"] is None for each in endings):
            new.keep()
        all_failed = endings and all(each["error"] is not None for each in endings)
        if failures and not (launching.searches and all_failed):  # a best one is asked for then
            failure = launching.failure(failures[0], len(endings))
            new.keep()
            raise failure
        if launching.searches:
            _tell_best(endings, minimises)
        if any(each["error"] is not None for each in endings):
            raise SweepError(endings)
        return endings


@contextmanager
def _launched(folder: Path, launching: Launching) -> Iterator[list[Exception]]:
    """The block of a sweep's jobs; yields a list of the launcher's failures."""
    if not launching.in_processes:
        yield []
        return
    stopped: list[Ending] = []
    failures: list[Exception] = []

    def ended(ending: Ending) -> None:
        print(ending.pop("output"), end="", flush=True)  # noqa: T201 - what the job printed there
        if ending.pop("interrupted", False) and request.signal_number is not None:
            stopped.append(ending)
        else:
            _record(folder, ending)

    logger.info("%s", launching)
    with following(folder, ended) as request:
        yield failures
    if request.signal_number is not None:
        raise Interrupted(request.signal_number, f"stopped {len(stopped)} jobs, each saved")


def _endings(folder: Path) -> list[Ending]:
    ends = folder / _JOBS
    lines = ends.read_text(encoding="utf-8").splitlines() if ends.exists() else []
    return [json.loads(line) for line in lines]


def _tell_best(endings: list[Ending], minimises: bool) -> None:
    """Log the job whose value is the best, with its run."""
    found = [each for each in endings if each["value"] is not None]
    if found:
        best = (min if minimises else max)(found, key=lambda each: float(each["value"]))
        run = "" if best["run"] is None else f", {shown_path(Path(best['run']))}"
        logger.info("best of %d: %s (%.4g)%s", len(found), best["job"], best["value"], run)
