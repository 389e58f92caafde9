"""What attnlab sets for Hydra's launchers and sweepers: threads, defaults, and how they fail."""

import logging
import os
import signal
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, nullcontext
from importlib import import_module
from math import inf
from typing import Any
from unittest.mock import patch

from hydra._internal.hydra import Hydra
from omegaconf import DictConfig, OmegaConf

from attnlab.support.errors import AttnlabError, UsageError, described
from attnlab.support.machine import THREAD_VARIABLES, usable_cores
from attnlab.support.overrides import parsed

_EXTRAS = {
    ("hydra/launcher", "joblib"): "joblib",
    ("hydra/launcher", "submitit_local"): "slurm",
    ("hydra/launcher", "submitit_slurm"): "slurm",
    ("hydra/launcher", "ray"): "ray",
    ("hydra/sweeper", "optuna"): "optuna",
}
_QUIET_RAY = {
    "hydra.launcher.ray.init.log_to_driver": "false",  # the jobs' messages have files of their own
    "hydra.launcher.ray.init.logging_level": "30",  # warnings
    "hydra.launcher.ray.init.include_dashboard": "false",
}


def require_installed(hydra: Hydra, chosen: Sequence[str]) -> None:
    """Raise a UsageError if a launcher or sweeper belongs to an extra that is not installed."""
    for each in filter(None, map(parsed, chosen)):
        extra = _EXTRAS.get((each.key_or_group, str(each.value())))
        if extra and each.value() not in hydra.config_loader.get_group_options(each.key_or_group):
            raise UsageError(
                f"{each.input_line} needs packages that are not installed; add them by: "
                f"pip install 'attnlab[{extra}]'"
            )


class Launching:
    """How a sweep of so many `jobs` is launched, by the settings below `hydra` of its config.

    `in_processes`: each job runs in a process of its own. `searches`: a sweeper chooses the jobs by
    the values of earlier ones. `outlives`: jobs go on when the sweep's process has ended.
    `at_once`: how many jobs share this machine's cores; None where a cluster gives them theirs.
    `threads`: those of each job; None leaves them to torch, or to the user's OMP_NUM_THREADS.
    """

    def __init__(self, config: DictConfig, jobs: float) -> None:
        choices = config.hydra.runtime.choices
        self._launcher, self._sweeper = str(choices["hydra/launcher"]), choices["hydra/sweeper"]
        self._settings, self._of_sweeper = config.hydra.launcher, config.hydra.sweeper
        self.in_processes = self._launcher != "basic"
        self.searches = self._sweeper != "basic"
        self.outlives = self._launcher == "submitit_slurm"
        if self.searches:
            jobs = min(jobs, OmegaConf.select(self._of_sweeper, "n_jobs") or inf)
        self.at_once = self._at_once(jobs)
        self.threads = self._threads()

    def __str__(self) -> str:
        many = "" if self.at_once is None else f", up to {self.at_once} at once"
        plural = "" if self.threads == 1 else "s"
        threads = "" if self.threads is None else f", {self.threads} thread{plural} each"
        return f"the jobs run in processes of their own ({self._launcher}{many}{threads})"

    def _at_once(self, jobs: float) -> int | None:
        most: float = inf
        if self._launcher == "joblib":
            number = int(self._settings.n_jobs)
            most = number if number > 0 else max(1, usable_cores() + 1 + number)
        elif self._launcher != "submitit_local":
            return None
        found = min(jobs, most)
        return None if found == inf else int(found)

    def _threads(self) -> int | None:
        if not self.in_processes or THREAD_VARIABLES[0] in os.environ:
            return None
        given = OmegaConf.select(self._settings, "cpus_per_task")
        if self._launcher == "ray":
            given = OmegaConf.select(self._settings, "ray.remote.num_cpus") or 1
        if given is not None:
            return max(1, int(given))
        return None if self.at_once is None else max(1, usable_cores() // self.at_once)

    @property
    def no_value(self) -> float | None:
        """What a failed job returns, so that a sweeper that searches goes on.

        Optuna's, in Hydra's plug-in, accepts no nan as a failure, and None as one.
        """
        return None if self._sweeper == "optuna" else float("nan")

    def defaults(self, chosen: Sequence[str], *, minimises: bool) -> list[str]:
        """Overrides for what the user has not `chosen`."""
        values: dict[str, str] = {}
        if self._sweeper == "optuna":
            values["hydra.sweeper.direction"] = "minimize" if minimises else "maximize"
            values["hydra.sweeper.max_failure_rate"] = "1.0"  # the others run on
        if self._launcher == "ray":
            values |= _QUIET_RAY
        given = {each.lstrip("+").partition("=")[0] for each in chosen}
        return [f"++{key}={value}" for key, value in values.items() if key not in given]

    @contextmanager
    def environment(self) -> Iterator[None]:
        """Within the block, variables that processes inherit have the number of threads."""
        if self._launcher == "ray":
            import_module("ray")  # sets a handler of SIGTERM, which then is replaced
        values = {} if self.threads is None else dict.fromkeys(THREAD_VARIABLES, str(self.threads))
        before = {name: os.environ.get(name) for name in values}
        os.environ |= values
        try:
            with (
                _adapted_optuna() if self._sweeper == "optuna" else nullcontext(),
                _adapted_submitit() if self._launcher == "submitit_local" else nullcontext(),
            ):
                yield
        finally:
            for name, value in before.items():
                if value is None:
                    os.environ.pop(name, None)
                else:
                    os.environ[name] = value

    def failure(self, error: Exception, ended: int) -> AttnlabError:
        """The error of a sweep whose launcher or sweeper failed when `ended` jobs had ended."""
        if isinstance(error, AttnlabError) or not (self.in_processes or self.searches):
            raise error
        name = self._launcher if self.in_processes else self._sweeper
        reason = described(error).splitlines()[0]
        return AttnlabError(
            f"{name} failed when {ended} jobs had ended ({reason}). Perhaps a process was killed, "
            "such as for lack of memory; go on with the same line and --continue"
        )


@contextmanager
def _adapted_optuna() -> Iterator[None]:
    optuna = import_module("optuna")
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    logging.getLogger("hydra_plugins.hydra_optuna_sweeper").setLevel(logging.ERROR)
    # A grid's sampler stops its study after the last trial, which outside `Study.optimize` is an
    # error that the plug-in expects only of a trial that succeeded. It counts its trials itself.
    with patch.object(optuna.study.Study, "stop"):
        yield


@contextmanager
def _adapted_submitit() -> Iterator[None]:
    local = import_module("submitit.local.local")
    start = local.start_controller

    def start_ignoring_ctrl_c(*arguments: Any, **settings: Any) -> Any:
        # A controller would end with a traceback of its own. It waits for its job instead, which
        # handles the signal itself.
        before = signal.signal(signal.SIGINT, signal.SIG_IGN)  # the new process inherits it
        try:
            return start(*arguments, **settings)
        finally:
            signal.signal(signal.SIGINT, before)

    with patch.object(local, "start_controller", start_ignoring_ctrl_c):
        yield
