"""Where Typer's command line and Hydra's configuration meet.

Hydra's own argument parser is not used: Typer owns the command line, and Python 3.14's argparse
refuses that parser. What is used of Hydra is all behind it: composition, overrides, multirun,
launchers and sweepers. A configuration never runs code: `_target_`, by which Hydra calls what a
YAML file names, is refused except for Hydra's own launchers and sweepers.
"""

import errno
import json
import logging
import os
import re
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from math import inf
from pathlib import Path
from typing import Any

import yaml
from hydra._internal.config_loader_impl import ConfigLoaderImpl
from hydra._internal.config_search_path_impl import ConfigSearchPathImpl
from hydra._internal.hydra import Hydra
from hydra._internal.utils import create_config_search_path
from hydra.core.config_search_path import ConfigSearchPath, SearchPathQuery
from hydra.core.global_hydra import GlobalHydra
from hydra.core.hydra_config import HydraConfig
from hydra.core.override_parser.types import (
    ChoiceSweep,
    Glob,
    IntervalSweep,
    Override,
    RangeSweep,
)
from hydra.core.plugins import Plugins
from hydra.errors import HydraException
from hydra.types import RunMode
from omegaconf import DictConfig, OmegaConf
from omegaconf.errors import OmegaConfBaseException

from attnlab.config import ExperimentConfig, InferenceConfig
from attnlab.support.errors import AttnlabError, UsageError, described, shortened
from attnlab.support.folders import (
    NewFolder,
    expanded,
    file_name,
    new_folder,
    shipped_folder,
    time_stamp,
)
from attnlab.support.overrides import parsed, quoted
from attnlab.support.registry import config_folders
from attnlab.support.schema import explain, from_node, path_keys, shows_all, text_keys

logger = logging.getLogger(__name__)

Task = Callable[[DictConfig], Any]

TRAIN, INFERENCE = "train", "inference"
_SCHEMAS: dict[str, type] = {
    TRAIN: ExperimentConfig,
    INFERENCE: InferenceConfig,
}
_FROM_HYDRA = ("hydra_plugins.", "hydra._internal.core_plugins.", "optuna.samplers.")
_JOBS = "jobs.jsonl"
_MOST_JOBS = 10_000
_NO_FOLDER = "."
"""hydra.run.dir and hydra.sweep.subdir where nothing else is asked for: Hydra makes no folder."""


def add_config(config_name: str, schema: type) -> str:
    """Let a study of its own YAML files be composed: `configs/CONFIG_NAME/CONFIG_NAME.yaml`."""
    _SCHEMAS[config_name] = schema
    return config_name


def _root(config_name: str) -> Path:
    """The folder of a config and its groups: one of its own, or that which the others share."""
    shared = shipped_folder("configs").absolute()
    own = shared / config_name
    return own if own.is_dir() else shared


class _Loader(ConfigLoaderImpl):
    """Hydra's composition, with each failure as a message and no code taken from YAML files."""

    def __init__(self, search_path: ConfigSearchPath, name: str) -> None:
        super().__init__(search_path)
        self._name = name

    def load_configuration(
        self,
        config_name: str | None,
        overrides: list[str],
        run_mode: RunMode,
        from_shell: bool = True,
        validate_sweep_overrides: bool = True,
    ) -> DictConfig:
        def load(some: list[str]) -> DictConfig:
            return super(_Loader, self).load_configuration(
                config_name, some, run_mode, from_shell, validate_sweep_overrides
            )

        try:
            self._refuse_paths(overrides)
            config = load(overrides)
            _refuse_code(config)
            _fill_in_name(config)
        except AttnlabError:
            raise
        except Exception as error:
            raise UsageError(self._reason(error, overrides, load)) from error
        return config

    def _refuse_paths(self, overrides: list[str]) -> None:
        """Refuse a choice such as `model=../model/rnn`: Hydra would look for it as for a file."""
        for each in filter(None, map(parsed, overrides)):
            value: Any = each.value()
            group = each.key_or_group
            for name in value if isinstance(value, list) else [value]:
                is_path = isinstance(name, str) and {"", ".", ".."} & set(name.split("/"))
                if name and is_path and self.get_group_options(group):
                    plain = name.rstrip("/").rpartition("/")[2]
                    raise UsageError(
                        f"{group}={shortened(name)}: a choice is a name, not a path; write "
                        f"{group}={shortened(plain)}, with --config-dir for a folder of your own"
                    )

    def _reason(
        self, error: Exception, overrides: list[str], load: Callable[[list[str]], DictConfig]
    ) -> str:
        """What is wrong, in a few lines: the thing and the choices, not where Hydra looked."""
        if (of_setting := _omegaconf_error(error)) is not None:
            key = str(of_setting.full_key or of_setting.key)
            return explain(of_setting, _SCHEMAS[self._name], self._choices(key, overrides, load))
        if isinstance(error, HydraException):
            return _in_short(error)
        if isinstance(error, OSError) and error.errno == errno.ENAMETOOLONG:
            return (
                f"'{shortened(max(overrides, key=len, default=''))}': no setting and no choice has "
                f"a name as long as that; {shows_all(_SCHEMAS[self._name])}"
            )
        if isinstance(error, (yaml.YAMLError, OSError, UnicodeError)):
            return f"a configuration file cannot be read: {error}"
        for override in overrides:
            try:
                load([override])
            except Exception:
                key = override.lstrip("+~").partition("=")[0]
                if "Config group override" in str(error):
                    return (
                        f"'{shortened(override)}': {key} is a group; its value is the name of one "
                        f"of its choices, and it cannot be removed"
                    )
                return (
                    f"'{shortened(override)}': there is no such setting, or it cannot have this "
                    f"value; {shows_all(_SCHEMAS[self._name])}"
                )
        return f"the overrides do not fit together: {shortened(str(error))}"

    def _choices(
        self, key: str, overrides: list[str], load: Callable[[list[str]], DictConfig]
    ) -> dict[str, str]:
        """What is chosen of each group, such as model: bahdanau, leaving `key` aside."""
        try:
            others = [each for each in overrides if key not in each.partition("=")[0]]
            choices = load(others).hydra.runtime.choices
            return {str(group): str(choice) for group, choice in choices.items()}
        except Exception:  # they may be wrong, too
            return {}


def _omegaconf_error(error: BaseException | None) -> OmegaConfBaseException | None:
    """The failure of OmegaConf that Hydra's own failure came from."""
    while error is not None and not isinstance(error, OmegaConfBaseException):
        error = error.__cause__ or error.__context__
    return error


def _in_short(error: HydraException) -> str:
    text = re.sub(r"^In '[^']*': ", "", str(error).strip())
    lines = []
    for line in text.splitlines():
        if line.startswith("Config search path"):
            break
        if line.strip() and not line.startswith(("See https://", "Set the environment")):
            line = line.replace("\t", "  ")
            lines.append(line if len(line) <= 400 else shortened(line, 400))
    return "\n".join(lines)


def _refuse_code(config: DictConfig) -> None:
    """Refuse what would have Hydra or Python's logging call what a YAML file names."""
    values = OmegaConf.to_container(config, resolve=False)
    assert isinstance(values, dict)
    for key, target in _targets(values):
        of_hydra = key.startswith(("hydra.launcher.", "hydra.sweeper."))
        if not (of_hydra and isinstance(target, str) and target.startswith(_FROM_HYDRA)):
            raise UsageError(
                f"{key}={shortened(str(target))}: _target_ would run code, and a configuration is "
                "data; only Hydra's own launchers and sweepers are chosen by it"
            )
    if OmegaConf.select(config, "hydra.sweeper.custom_search_space") is not None:
        raise UsageError(
            "hydra.sweeper.custom_search_space: names a function that would run, and a "
            "configuration is data; write the space as overrides, such as "
            "'optimiser.learning_rate=interval(0.0001,0.01)'"
        )
    for name in ("job_logging", "hydra_logging"):
        if OmegaConf.select(config, f"hydra.{name}.root") is not None:
            raise UsageError(f"hydra/{name}: attnlab has messages of its own; leave it at none")


def _targets(node: Any, prefix: str = "") -> Iterator[tuple[str, Any]]:
    """Every `_target_` in nested mappings and lists, with its full key."""
    items = node.items() if isinstance(node, dict) else enumerate(node)
    for name, value in items:
        if name == "_target_":
            yield f"{prefix}_target_", value
        elif isinstance(value, (dict, list)):
            yield from _targets(value, f"{prefix}{name}.")


def _fill_in_name(config: DictConfig) -> None:
    """Where no name is given: DATA-MODEL, and the experiment's name behind it."""
    if "name" not in config or config.name is not None:
        return
    parts = [OmegaConf.select(config, key) for key in ("data.name", "model.name")]
    parts.append(config.hydra.runtime.choices.get("experiment"))
    config.name = "-".join(str(part).replace("/", "-") for part in parts if part is not None)


@contextmanager
def _hydra(config_name: str, config_dir: Path | None = None) -> Iterator[Hydra]:
    """Hydra over the shipped configs, and behind them those of plug-ins and of `config_dir`."""
    if config_dir is not None:
        config_dir = Path(expanded(str(config_dir), "--config-dir"))
        if not config_dir.is_dir():
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
    Plugins.instance()  # finds config sources, which the loader asks for
    try:
        hydra = Hydra(f"attnlab_{config_name}", _Loader(search_path, config_name))
        GlobalHydra.instance().initialize(hydra)
        yield hydra
    except HydraException as error:
        raise UsageError(_in_short(error)) from error
    except OmegaConfBaseException as error:
        raise UsageError(explain(error, _SCHEMAS[config_name])) from error
    finally:
        GlobalHydra.instance().clear()


def _readable(config_name: str, overrides: Sequence[str], *, sweep: bool = False) -> list[str]:
    """The overrides in Hydra's grammar; a choice that is made by its group's `name` is refused."""
    schema = _SCHEMAS[config_name]
    for override in overrides:
        key, _, value = override.lstrip("+").partition("=")
        if key == "hydra.searchpath":
            raise UsageError(
                f"'{shortened(override)}': pkg:// among its folders would import a module, and a "
                "configuration is data; name a folder of configs with --config-dir"
            )
        group, _, setting = key.partition(".")
        if setting == "name" and group in getattr(schema, "CHOICES", {}):
            raise UsageError(
                f"'{shortened(override)}': a choice comes with settings of its own; write "
                f"{group}={shortened(value)}"
            )
    return quoted(overrides, sweep=sweep, paths=path_keys(schema), texts=text_keys(schema))


def compose(
    config_name: str, overrides: Sequence[str], config_dir: Path | None = None
) -> DictConfig:
    """The values of a config and its `overrides`, interpolations not yet resolved."""
    chosen = _readable(config_name, overrides)
    with _hydra(config_name, config_dir) as hydra:
        config = hydra.compose_config(
            config_name=config_name,
            overrides=chosen,
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
    """Print a config as YAML: `what` is job, hydra or all, as with Hydra's --cfg.

    Raises:
        UsageError: for what cannot be composed, or has no part called `package`.
    """
    chosen = _readable(config_name, overrides)
    with _hydra(config_name, config_dir) as hydra:
        if package is not None:
            config = hydra.compose_config(config_name, chosen, RunMode.RUN)
            try:
                part = OmegaConf.select(config, package)
            except Exception:  # such as a key with an unclosed bracket
                part = None
            if part is None and package != "_global_":
                raise UsageError(f"--package {package}: the config has no such part")
        hydra.show_cfg(
            config_name=config_name,
            overrides=chosen,
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

    `task` is a module's function, so that a launcher can send it to other processes. Where its
    run is to go, `job` says.

    Raises:
        UsageError: for what cannot be composed, or a sweep where there are to be no `sweeps`.
        SweepError: jobs of a sweep failed.
    """
    asked = multirun or any("MULTIRUN" in each for each in overrides if "hydra.mode=" in each)
    chosen = _readable(config_name, overrides, sweep=asked)
    with _hydra(config_name, config_dir) as hydra:
        config = hydra.config_loader.load_configuration(
            config_name, chosen, RunMode.MULTIRUN, validate_sweep_overrides=False
        )
        # hydra.mode may also be set by an override or a config; the flag then agrees or wins.
        if not (multirun or config.hydra.mode == RunMode.MULTIRUN):
            _run_once(hydra, task, config_name, chosen, str(config.hydra.run.dir))
            return
        if not sweeps:
            raise UsageError(
                "torchrun's processes train one run together, and no sweep; leave out "
                "--multirun, or sweep without torchrun"
            )
        if config.hydra.sweep.subdir != _NO_FOLDER:
            raise UsageError(
                "hydra.sweep.subdir: the runs of a sweep go to runs_root/name, each in a folder "
                "that is named by what differs; choose runs_root= and name="
            )
        _sweep(hydra, task, config_name, chosen, config)


@dataclass(frozen=True)
class Job:
    """Where the running job's run is to go, and how it came about.

    `folder`: the very folder, where the user chose one by hydra.run.dir; else None. `label`: what
    tells the job from others of its sweep, such as seed-2; empty where there is no sweep.
    `overrides`: what the command line changed.
    """

    folder: Path | None
    label: str
    overrides: list[str]

    def new_folder(self, runs_root: str, name: str) -> AbstractContextManager[NewFolder]:
        """Make the run's folder: runs_root/name/TIME, with the label behind it."""
        if self.folder is not None:
            return new_folder(self.folder, exact=True)
        stem = "_".join(filter(None, (time_stamp(), self.label)))
        return new_folder(Path(runs_root).absolute() / name / stem)


_exact_folder: ContextVar[Path | None] = ContextVar("_exact_folder", default=None)


def job() -> Job:
    """The job that is running."""
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


def _run_once(hydra: Hydra, task: Task, config_name: str, chosen: list[str], folder: str) -> None:
    # A job that fails has Hydra print its overrides; the message alone says more.
    failures: list[Exception] = []

    def attempt(config: DictConfig) -> Any:
        try:
            return task(config)
        except Exception as error:
            failures.append(error)
            return None

    fixed = ["hydra.mode=RUN", f"hydra.run.dir={_NO_FOLDER}"]
    exact = None if folder == _NO_FOLDER else Path(expanded(folder, "hydra.run.dir"))
    token = _exact_folder.set(exact)
    try:
        hydra.run(config_name, attempt, [*chosen, *fixed], with_log_configuration=False)
    finally:
        _exact_folder.reset(token)
    if failures:
        raise failures[0]


class SweepError(AttnlabError):
    """Jobs of a sweep failed; the others were done."""

    def __init__(self, jobs: Sequence[dict[str, Any]]) -> None:
        failed = [each for each in jobs if each["error"] is not None]
        lines = [f"  {each['job']}: {each['error'].splitlines()[0]}" for each in failed]
        super().__init__(
            "\n".join([f"{len(failed)} of the sweep's {len(jobs)} jobs failed:", *lines])
        )
        codes = {each["exit_code"] for each in failed}
        self.exit_code = codes.pop() if len(codes) == 1 else 1


@dataclass(frozen=True)
class _SweepTask:
    """One job of a sweep, in whichever process: how it ended is said and written down at once."""

    task: Task
    folder: Path

    def __call__(self, config: DictConfig) -> Any:
        label = job().label
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


def _sweep(
    hydra: Hydra, task: Task, config_name: str, chosen: list[str], config: DictConfig
) -> None:
    """Do every job, whichever of them fail.

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
            if not isinstance(error, Exception):  # a signal, which is held back by nobody
                new.keep()
            raise
        ends = new.path / _JOBS
        lines = ends.read_text(encoding="utf-8").splitlines() if ends.exists() else []
        jobs = [json.loads(line) for line in lines]
        if any(each["error"] is None for each in jobs):
            new.keep()
        if any(each["error"] is not None for each in jobs):
            raise SweepError(jobs)
