"""Hydra's composition, sweeps and launchers, behind Typer's command line.

Hydra's own argument parser is not used: Python 3.14's argparse refuses it. A configuration never
runs code: `_target_`, by which Hydra calls what a YAML file names, is refused except for Hydra's
own launchers and sweepers.
"""

import errno
import logging
import re
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import yaml
from hydra._internal.config_loader_impl import ConfigLoaderImpl
from hydra._internal.config_search_path_impl import ConfigSearchPathImpl
from hydra._internal.hydra import Hydra
from hydra._internal.utils import create_config_search_path
from hydra.core.config_search_path import ConfigSearchPath, SearchPathQuery
from hydra.core.global_hydra import GlobalHydra
from hydra.core.plugins import Plugins
from hydra.errors import HydraException
from hydra.types import RunMode
from omegaconf import DictConfig, OmegaConf
from omegaconf.errors import OmegaConfBaseException

from attnlab.config import ExperimentConfig, InferenceConfig
from attnlab.jobs.job import NO_FOLDER, Task, run_once
from attnlab.jobs.launchers import require_installed
from attnlab.jobs.sweep import sweep
from attnlab.run.inherited import Inherited, inherited
from attnlab.support.errors import AttnlabError, UsageError, shortened
from attnlab.support.folders import expanded, shipped_folder
from attnlab.support.overrides import parsed, quoted
from attnlab.support.registry import config_folders
from attnlab.support.schema import explain, from_node, path_keys, shows_all, text_keys

logger = logging.getLogger(__name__)

TRAIN, INFERENCE = "train", "inference"
_SCHEMAS: dict[str, type] = {TRAIN: ExperimentConfig, INFERENCE: InferenceConfig}
_FROM_HYDRA = ("hydra_plugins.", "hydra._internal.core_plugins.", "optuna.samplers.")


def add_config(config_name: str, schema: type) -> str:
    """Register a study's config, `configs/CONFIG_NAME/CONFIG_NAME.yaml`, with its schema."""
    _SCHEMAS[config_name] = schema
    return config_name


def _root(config_name: str) -> Path:
    """The folder of a config and its groups: its own, or the shared one."""
    shared = shipped_folder("configs").absolute()
    own = shared / config_name
    return own if own.is_dir() else shared


class _Loader(ConfigLoaderImpl):
    """Hydra's composition, with failures as messages, and code in YAML files refused."""

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
        parent: Inherited | None = None

        def load(some: list[str]) -> DictConfig:
            chosen = [*(parent.choices if parent is not None else ()), *some]
            return super(_Loader, self).load_configuration(
                config_name, chosen, run_mode, from_shell, validate_sweep_overrides
            )

        def offers(group: str, name: str) -> bool:
            return name in self.get_group_options(group)

        try:
            self._refuse_paths(overrides)
            parent = inherited(overrides, offers)
            config = load(overrides)
            if parent is None and config.get("init_from") is not None:  # by a file
                parent = inherited(overrides, offers, str(config.init_from))
                config = load(overrides)
            _refuse_code(config)
            if parent is not None:
                parent.fill_in(config)
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
        """The message of a failure: the override and its choices, not where Hydra looked."""
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
        """The choice of each group, such as model: bahdanau, without overrides of `key`."""
        try:
            others = [each for each in overrides if key not in each.partition("=")[0]]
            choices = load(others).hydra.runtime.choices
            return {str(group): str(choice) for group, choice in choices.items()}
        except Exception:  # others may be wrong, too
            return {}


def _omegaconf_error(error: BaseException | None) -> OmegaConfBaseException | None:
    """The OmegaConf error that caused `error`."""
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
    """Refuse values by which Hydra or logging would call what a YAML file names."""
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
    """Without a name, the run's is DATA-MODEL, followed by the experiment's name."""
    if "name" not in config or config.name is not None:
        return
    parts = [OmegaConf.select(config, key) for key in ("data.name", "model.name")]
    parts.append(config.hydra.runtime.choices.get("experiment"))
    config.name = "-".join(str(part).replace("/", "-") for part in parts if part is not None)


def _swept(config: DictConfig, chosen: Sequence[str]) -> list[str]:
    """The settings that an experiment's file sweeps (`hydra.sweeper.params`), but for `chosen`."""
    given = {each.key_or_group for each in map(parsed, chosen) if each is not None}
    return [key for key in config.hydra.sweeper.get("params") or {} if key not in given]


@contextmanager
def _hydra(config_name: str, config_dir: Path | None = None) -> Iterator[Hydra]:
    """Hydra over the shipped configs, then those of plug-ins and of `config_dir`."""
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
    """The overrides in Hydra's grammar; a group chosen by its `name` is refused."""
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
    """A config with its `overrides`, interpolations not yet resolved."""
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
    is_minimised: Callable[[DictConfig], bool] = lambda _: True,
) -> list[dict[str, Any]]:
    """Call `task` with the composed config: once, or once for each job of a sweep.

    `task` is a module's function, so that a launcher can pickle it; it gets its `job()`. A sweeper
    that searches takes lower values of it for better where the config's `is_minimised`. Returns the
    endings of a sweep's jobs.

    Raises:
        UsageError: the config cannot be composed, or is a sweep though `sweeps` is False.
        SweepError: jobs of a sweep failed.
    """
    asked = multirun or any("MULTIRUN" in each for each in overrides if "hydra.mode=" in each)
    chosen = _readable(config_name, overrides, sweep=asked)
    with _hydra(config_name, config_dir) as hydra:
        require_installed(hydra, chosen)
        config = hydra.config_loader.load_configuration(
            config_name, chosen, RunMode.MULTIRUN, validate_sweep_overrides=False
        )
        # hydra.mode may also be set by an override or a config; the flag then agrees or wins.
        if not (multirun or config.hydra.mode == RunMode.MULTIRUN):
            if left := _swept(config, chosen):
                experiment = config.hydra.runtime.choices.get("experiment")
                logger.info(
                    "experiment=%s is a sweep over %s, and this is one run of it; for all of them: "
                    "attnlab train -m experiment=%s",
                    *(experiment, " and ".join(left), experiment),
                )
            run_once(hydra, task, config_name, chosen, str(config.hydra.run.dir))
            return []
        if not sweeps:
            raise UsageError(
                "torchrun's processes train one run together, and no sweep; leave out "
                "--multirun, or sweep without torchrun"
            )
        if config.hydra.sweep.subdir != NO_FOLDER:
            raise UsageError(
                "hydra.sweep.subdir: the runs of a sweep go to runs_root/name, each in a folder "
                "that is named by what differs; choose runs_root= and name="
            )
        minimises = is_minimised(config)
        return sweep(hydra, task, config_name, chosen, config, minimises=minimises)
