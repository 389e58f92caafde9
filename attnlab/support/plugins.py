"""Plug-ins: packages that bring choices of their own, found by the entry points they install.

A plug-in's package has an entry point in the group `attnlab`, whose value is a module that
registers choices as it is imported; what is in the package's folder `configs`, if there is one,
joins the shipped YAML files. Knows no registry and no Hydra.
"""

from collections.abc import Iterator
from functools import cache
from importlib.metadata import EntryPoint, entry_points
from importlib.util import find_spec
from pathlib import Path

from attnlab.support.errors import AttnlabError

GROUP = "attnlab"

_begun: list[bool] = []  # holds something once plug-ins are, or are being, imported
_failures: list[AttnlabError] = []  # to be told again to whoever asks again


def import_plugins() -> None:
    """Import every plug-in, once in a process; within a plug-in's own import, do nothing.

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
            failure = AttnlabError(
                f"the plug-in {_told(plugin)} cannot be loaded: {type(error).__name__}: {error}; "
                f"mend it, or uninstall {_package(plugin)}"
            )
            _failures.append(failure)
            raise failure from error


@cache
def installed() -> tuple[EntryPoint, ...]:
    """The entry points of all plug-ins, sorted by their names."""
    return tuple(sorted(entry_points(group=GROUP), key=lambda each: (each.name, each.value)))


def config_folders() -> Iterator[tuple[str, Path]]:
    """Of each plug-in that has one, its name and its folder of YAML files; imports none of them."""
    seen = set()
    for plugin in installed():
        for folder in _package_folders(plugin.module.partition(".")[0]):
            configs = folder / "configs"
            if configs.is_dir() and configs not in seen:
                seen.add(configs)
                yield plugin.name, configs


def _package_folders(package: str) -> list[Path]:
    try:
        spec = find_spec(package)
    except (ImportError, ValueError):
        return []  # to import it is to be told why
    return [Path(each) for each in (spec and spec.submodule_search_locations) or ()]


def _told(plugin: EntryPoint) -> str:
    return f"'{plugin.name}' ({plugin.value}, of {_package(plugin)})"


def _package(plugin: EntryPoint) -> str:
    """The package that brought it, as pip knows it."""
    return plugin.value if plugin.dist is None else f"{plugin.dist.name} {plugin.dist.version}"
