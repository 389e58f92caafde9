"""The running job: its folder and label, in whatever process a launcher runs it."""

from collections import Counter
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from contextvars import ContextVar
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from hydra._internal.hydra import Hydra
from hydra.core.hydra_config import HydraConfig
from hydra.types import RunMode
from omegaconf import DictConfig

from attnlab.jobs.processes import is_requeued, require_going_on
from attnlab.support.folders import NewFolder, expanded, file_name, new_folder, time_stamp

Task = Callable[[DictConfig], Any]

NO_FOLDER = "."
"""The default of hydra.run.dir and hydra.sweep.subdir: Hydra makes no folder."""


@dataclass(frozen=True)
class Job:
    """The running job.

    `folder`: the run's folder if the user chose it by hydra.run.dir, else None. `label`: the
    settings in which the jobs of a sweep differ, such as seed-2; empty without a sweep. `number`:
    its place in the sweep, from 0. `overrides`: those of the command line.
    """

    folder: Path | None
    label: str
    number: int
    overrides: list[str]

    @property
    def is_requeued(self) -> bool:
        """Whether it was begun before, and its launcher has started it again."""
        return is_requeued()

    def new_folder(self, runs_root: str, name: str) -> AbstractContextManager[NewFolder]:
        """Make the run's folder: runs_root/name/TIME_LABEL.

        Raises:
            Interrupted: the sweep was stopped.
        """
        if self.folder is not None:
            return new_folder(self.folder, exact=True)
        require_going_on()
        stem = "_".join(filter(None, (time_stamp(), self.label)))
        return new_folder(Path(runs_root).absolute() / name / stem)


_exact_folder: ContextVar[Path | None] = ContextVar("_exact_folder", default=None)
_run_folder: ContextVar[Path | None] = ContextVar("_run_folder", default=None)


def set_run_folder(folder: Path | None) -> None:
    """Have a sweep record in which folder its running job trains."""
    _run_folder.set(folder)


def run_folder() -> Path | None:
    """The folder in which the running job trains, once it is known."""
    return _run_folder.get()


def job() -> Job:
    """The running job."""
    hydra = HydraConfig.get()
    overrides = list(hydra.overrides.task)
    if hydra.mode != RunMode.MULTIRUN:
        return Job(_exact_folder.get(), "", 0, overrides)
    return Job(_exact_folder.get(), _label(hydra, overrides), int(hydra.job.num), overrides)


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
