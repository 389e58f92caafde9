"""Registries of choices by name, and the plug-ins that add choices of their own.

A plug-in is a package with an entry point in the group `attnlab`: a module that registers choices
when it is imported. The YAML files in the package's folder `configs`, if any, join the shipped
ones.
"""

from collections.abc import Callable, Iterator
from functools import cache
from importlib.metadata import EntryPoint, entry_points
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Generic, TypeVar

from attnlab.support.errors import AttnlabError, UsageError

GROUP = "attnlab"

Built = TypeVar("Built")
Made = TypeVar("Made", bound=Callable[..., Any])


class Registry(Generic[Built]):
    """The choices of one kind ("score", "model", …): by name, a class and its config dataclass.

    Plug-ins are imported at the first look-up.
    """

    def __init__(self, kind: str) -> None:
        self.kind = kind
        self._entries: dict[str, tuple[type, Callable[..., Built]]] = {}

    def register(self, name: str, config: type) -> Callable[[Made], Made]:
        """Decorate a class or function whose first argument is a `config`.

        Raises:
            ValueError: the name is taken.
        """

        def enter(make: Made) -> Made:
            if name in self._entries:
                raise ValueError(f"there is a {self.kind} '{name}' already; choose another name")
            self._entries[name] = (config, make)
            return make

        return enter

    def __iter__(self) -> Iterator[str]:
        import_plugins()
        return iter(self._entries)

    def config(self, name: str) -> type:
        """The dataclass that configures the choice `name`."""
        return self._entry(name)[0]

    def maker(self, name: str) -> Callable[..., Built]:
        """The class or function registered as `name`."""
        return self._entry(name)[1]

    def build(self, config: Any, *args: Any, **kwargs: Any) -> Built:
        """Build the choice `config.name` from `config` and further arguments."""
        return self._entry(config.name)[1](config, *args, **kwargs)

    def _entry(self, name: str) -> tuple[type, Callable[..., Built]]:
        import_plugins()
        if name not in self._entries:
            choices = ", ".join(self._entries)
            raise UsageError(
                f"unknown {self.kind} '{name}'; choose one of: {choices}; or install the plug-in "
                "that brings it"
            )
        return self._entries[name]


_begun: list[bool] = []  # not empty once the import of plug-ins has begun
_failures: list[AttnlabError] = []  # raised at every later call


def import_plugins() -> None:
    """Import every plug-in, once in a process; calls during that import do nothing.

    Raises:
        AttnlabError: a plug-in cannot be imported.
    """
    if _failures:
        raise _failures[0]
    if _begun:
        return
    _begun.append(True)
    for plugin in installed():
        try:
            plugin.load()
        except Exception as error:
            package = plugin.value
            if plugin.dist is not None:
                package = f"{plugin.dist.name} {plugin.dist.version}"
            failure = AttnlabError(
                f"the plug-in '{plugin.name}' ({plugin.value}, of {package}) cannot be loaded: "
                f"{type(error).__name__}: {error}; mend it, or uninstall {package}"
            )
            _failures.append(failure)
            raise failure from error


@cache
def installed() -> tuple[EntryPoint, ...]:
    """The entry points of all plug-ins, sorted by name."""
    return tuple(sorted(entry_points(group=GROUP), key=lambda each: (each.name, each.value)))


def config_folders() -> Iterator[tuple[str, Path]]:
    """Name and config folder of each plug-in that has one; none is imported."""
    seen = set()
    for plugin in installed():
        try:
            spec = find_spec(plugin.module.partition(".")[0])
        except (ImportError, ValueError):
            continue  # `import_plugins` gives the reason
        for folder in (spec and spec.submodule_search_locations) or ():
            configs = Path(folder) / "configs"
            if configs.is_dir() and configs not in seen:
                seen.add(configs)
                yield plugin.name, configs
