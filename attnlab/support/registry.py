"""Names for choices: a registered class beside the dataclass that configures it.

Knows nothing of what is registered. `name` in a config picks the entry; `Registry.build` is the
only place where a name becomes an object. Whoever first asks what there is has plug-ins imported,
which may register more.
"""

from collections.abc import Callable, Iterator
from typing import Any, Generic, TypeVar

from attnlab.support.errors import UsageError
from attnlab.support.plugins import import_plugins

Built = TypeVar("Built")
Made = TypeVar("Made", bound=Callable[..., Any])


class Registry(Generic[Built]):
    """The choices of one kind ("score", "model", …), by name."""

    def __init__(self, kind: str) -> None:
        self.kind = kind
        self._entries: dict[str, tuple[type, Callable[..., Built]]] = {}

    def register(self, name: str, config: type) -> Callable[[Made], Made]:
        """Decorate a class or function: `config` is the dataclass that it takes first.

        Raises:
            ValueError: the name is taken.
        """

        def enter(make: Made) -> Made:
            if name in self._entries:
                raise ValueError(
                    f"there is a {self.kind} '{name}' already; call this one otherwise"
                )
            self._entries[name] = (config, make)
            return make

        return enter

    def __iter__(self) -> Iterator[str]:
        import_plugins()
        return iter(self._entries)

    def config(self, name: str) -> type:
        """The dataclass that configures the choice called `name`."""
        return self._entry(name)[0]

    def maker(self, name: str) -> Callable[..., Built]:
        """The class or function that makes the choice called `name`."""
        return self._entry(name)[1]

    def build(self, config: Any, *args: Any, **kwargs: Any) -> Built:
        """The object that `config.name` names, made from `config` and the further arguments."""
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
