"""Where Typer's command line and Hydra's configuration meet: the only file that knows Hydra.

Hydra's own argument parser is not used: Typer owns the command line, and Python 3.14's argparse
refuses that parser. What is used of Hydra is all behind it: composition, overrides, multirun,
launchers, sweepers and callbacks.
"""

import re
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from hydra._internal.config_search_path_impl import ConfigSearchPathImpl
from hydra._internal.hydra import Hydra
from hydra._internal.utils import create_config_search_path
from hydra.core.config_search_path import SearchPathQuery
from hydra.core.global_hydra import GlobalHydra
from hydra.core.hydra_config import HydraConfig
from hydra.errors import HydraException, OverrideParseException
from hydra.types import RunMode
from omegaconf import DictConfig, OmegaConf
from omegaconf.errors import OmegaConfBaseException

from attnlab.config import ExperimentConfig, InferenceConfig
from attnlab.errors import UsageError
from attnlab.plugins import config_folders
from attnlab.regression_config import KernelRegressionConfig
from attnlab.resources import shipped_folder
from attnlab.schema import explain, from_node

Task = Callable[[DictConfig], Any]

TRAIN, INFERENCE, KERNEL_REGRESSION = "train", "inference", "kernel_regression"
_SCHEMAS: dict[str, type] = {
    TRAIN: ExperimentConfig,
    INFERENCE: InferenceConfig,
    KERNEL_REGRESSION: KernelRegressionConfig,
}


def _root(config_name: str) -> Path:
    """The folder of a config and its groups: one of its own, or that which the others share."""
    shared = shipped_folder("configs").absolute()
    own = shared / config_name
    return own if own.is_dir() else shared


@contextmanager
def _hydra(config_name: str, config_dir: Path | None = None) -> Iterator[Hydra]:
    """Hydra over the shipped configs, and behind them those of plug-ins and of `config_dir`."""
    if config_dir is not None and not config_dir.is_dir():
        raise UsageError(f"--config-dir {config_dir}: there is no such folder")
    search_path = create_config_search_path(str(_root(config_name)))
    assert isinstance(search_path, ConfigSearchPathImpl)
    more = [(f"plug-in {plugin}", folder) for plugin, folder in config_folders()]
    if config_dir is not None:
        more.append(("command-line", config_dir))
    behind_ours = SearchPathQuery(provider="schema")  # which has to stay the last
    for provider, folder in more:
        search_path.prepend(provider, f"file://{folder.absolute()}", behind_ours)
    GlobalHydra.instance().clear()
    try:
        yield Hydra.create_main_hydra2(f"attnlab_{config_name}", search_path)
    except HydraException as error:
        raise UsageError(_explain(error, config_name)) from error
    except OmegaConfBaseException as error:
        raise UsageError(explain(error, _SCHEMAS[config_name])) from error
    finally:
        GlobalHydra.instance().clear()


def _explain(error: HydraException, config_name: str) -> str:
    """Hydra's complaint in a few lines: the thing and the choices, not where it looked."""
    cause: BaseException | None = error
    while cause is not None:
        if isinstance(cause, OmegaConfBaseException):
            return explain(cause, _SCHEMAS[config_name])
        cause = cause.__cause__
    text = re.sub(r"^In '[^']*': ", "", str(error).strip())
    kept = []
    if isinstance(error, OverrideParseException):
        kept.append(f"'{error.override}' is no override; write it like seed=2 or model=rnn")
    for line in text.splitlines():
        if line.startswith("Config search path"):
            break
        if line.strip() and not line.startswith(("See https://", "Set the environment")):
            kept.append(line.replace("\t", "  "))
    return "\n".join(kept)


def compose(
    config_name: str, overrides: Sequence[str], config_dir: Path | None = None
) -> DictConfig:
    """The values of a config and its `overrides`, interpolations not yet resolved."""
    with _hydra(config_name, config_dir) as hydra:
        config = hydra.compose_config(
            config_name=config_name,
            overrides=list(overrides),
            run_mode=RunMode.RUN,
            with_log_configuration=False,
        )
        OmegaConf.set_readonly(config, False)
        OmegaConf.set_struct(config, False)
        del config["hydra"]
        return config


def compose_inference(overrides: Sequence[str], config_dir: Path | None = None) -> InferenceConfig:
    """The config of a command that uses a trained run."""
    return from_node(InferenceConfig, compose(INFERENCE, overrides, config_dir))


def show(
    what: str,
    overrides: Sequence[str],
    *,
    config_name: str = TRAIN,
    config_dir: Path | None = None,
    package: str | None = None,
    resolve: bool = False,
) -> None:
    """Print a config as YAML: `what` is job, hydra or all, as with Hydra's --cfg."""
    with _hydra(config_name, config_dir) as hydra:
        hydra.show_cfg(
            config_name=config_name,
            overrides=list(overrides),
            cfg_type=what,
            package=package,
            resolve=resolve,
        )


def run(
    task: Task,
    overrides: Sequence[str],
    *,
    config_name: str = TRAIN,
    multirun: bool = False,
    config_dir: Path | None = None,
    sweeps: bool = True,
) -> None:
    """Call `task` with the composed config: once, or once for each job of a sweep.

    `task` is a module's function, so that a launcher can send it to other processes. The folder
    that Hydra gave the job is `job_folder()`.

    Raises:
        UsageError: for what cannot be composed, or a sweep where there are to be no `sweeps`.
    """
    chosen = list(overrides)
    with _hydra(config_name, config_dir) as hydra:
        # hydra.mode may also be set by an override or a config; the flag then agrees or wins.
        mode = hydra.get_mode(config_name=config_name, overrides=chosen)
        if multirun or mode == RunMode.MULTIRUN:
            if not sweeps:
                raise UsageError(
                    "torchrun's processes train one run together, and no sweep; leave out "
                    "--multirun, or sweep without torchrun"
                )
            chosen.append("hydra.mode=MULTIRUN")
            hydra.multirun(config_name, task, chosen, with_log_configuration=False)
        else:
            chosen.append("hydra.mode=RUN")
            # A job that fails has Hydra print its overrides; the message alone says more.
            failure: list[Exception] = []

            def attempt(config: DictConfig) -> Any:
                try:
                    return task(config)
                except Exception as error:
                    failure.append(error)
                    return None

            hydra.run(config_name, attempt, chosen, with_log_configuration=False)
            if failure:
                raise failure[0]


def job_folder() -> Path:
    """The folder that the running job is to write to."""
    return Path(HydraConfig.get().runtime.output_dir)


def job_overrides() -> list[str]:
    """What the command line changed for the running job."""
    return list(HydraConfig.get().overrides.task)
