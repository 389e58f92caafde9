"""The page of commands: names, options and help, as the functions behind them have them.

Read from the functions' signatures, not from what Typer makes of them, which changes from version
to version.
"""

import inspect
import re
import types
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from enum import Enum
from pathlib import Path
from typing import Any, Literal, Union, get_args, get_origin, get_type_hints

import typer
from typer.models import ArgumentInfo, OptionInfo

from attnlab.__main__ import app

_VALUES = {str: "TEXT", int: "NUMBER", float: "NUMBER", Path: "PATH"}


@dataclass(frozen=True)
class Parameter:
    """An argument or an option: `names` as they are typed, with what stands for a value."""

    names: str
    help: str
    default: Any


def commands(
    within: typer.Typer = app, name: str = "attnlab"
) -> Iterator[tuple[str, Callable[..., None]]]:
    """Every command's function with its full name, such as `attnlab data get`."""
    for command in within.registered_commands:
        assert command.callback is not None
        own = command.name or command.callback.__name__.replace("_", "-")
        yield f"{name} {own}", command.callback
    for group in within.registered_groups:
        assert group.typer_instance is not None
        yield from commands(group.typer_instance, f"{name} {group.name}")


def parameters(command: Callable[..., None]) -> Iterator[Parameter]:
    """The arguments and options of a command, in the order of its help."""
    hints = get_type_hints(command, include_extras=True)
    for name, parameter in inspect.signature(command).parameters.items():
        kind, info = _annotated(hints[name], parameter.default)
        if info.hidden:
            continue
        yield Parameter(
            names=_names(name, kind, info),
            help=info.help or "",
            default=None if parameter.default is inspect.Parameter.empty else parameter.default,
        )


def _annotated(hint: Any, default: Any) -> tuple[Any, ArgumentInfo | OptionInfo]:
    """The type and Typer's description, whichever of Typer's two styles says it."""
    [info] = [
        one
        for one in (*getattr(hint, "__metadata__", ()), default)
        if isinstance(one, ArgumentInfo | OptionInfo)
    ]
    return _bare(getattr(hint, "__origin__", hint)), info


def _bare(kind: Any) -> Any:
    """A type without `| None`, and without the list that an option given again becomes."""
    if get_origin(kind) in (Union, types.UnionType):
        [kind] = [one for one in get_args(kind) if one is not type(None)]
    return get_args(kind)[0] if get_origin(kind) is list else kind


def _names(name: str, kind: Any, info: ArgumentInfo | OptionInfo) -> str:
    if isinstance(info, ArgumentInfo):
        return info.metavar or name.upper()
    # In an annotation Typer takes the first name for the default.
    first = [info.default] if str(info.default).startswith("-") else []
    declared = [*first, *(info.param_decls or ())]
    option = f"--{name.replace('_', '-')}"
    if kind is bool:
        return ", ".join(declared or [option, f"--no-{option[2:]}"])
    if info.metavar:
        value = info.metavar
    elif get_origin(kind) is Literal:
        value = "|".join(map(str, get_args(kind)))
    elif issubclass(kind, Enum):
        value = "|".join(str(one.value) for one in kind)
    else:
        value = _VALUES[kind]
    return ", ".join(f"{one} {value}" for one in declared or [option])


def commands_page() -> str:
    """All commands with what they do, examples, arguments and options."""
    listed = list(commands())
    lines = ["# Commands", "", "`attnlab COMMAND --help` says the same on the command line.", ""]
    lines += ["| command | what it does |", "| --- | --- |"]
    for name, command in listed:
        first = " ".join((inspect.getdoc(command) or "").split("\n\n")[0].split())
        lines.append(f"| [`{name}`](#{_anchor(name)}) | {first} |")
    for name, command in listed:
        lines += ["", f"({_anchor(name)})=", f"## `{name}`", "", *_described(command), ""]
        lines += [f":::{{program}} {name}", ":::", ""]
        for parameter in parameters(command):
            lines += list(_entry(parameter))
    return "\n".join(lines) + "\n"


def _described(command: Callable[..., None]) -> Iterator[str]:
    """A command's help; the paragraphs whose lines Click keeps become blocks."""
    for paragraph in re.split(r"\n\s*\n", inspect.cleandoc(command.__doc__ or "")):
        if not paragraph.startswith("\b"):
            yield from (paragraph, "")
            continue
        title, _, rest = paragraph.strip("\b\n").partition("\n")
        lines = inspect.cleandoc(rest).replace("\\[", "[")  # escaped for rich's markup
        yield from (title, "", "```text", lines, "```", "")


def _entry(parameter: Parameter) -> Iterator[str]:
    """An argument or an option as Sphinx's directive."""
    yield from (f":::{{option}} {parameter.names}", "", parameter.help)
    default = parameter.default
    if isinstance(default, str | int | float) and not isinstance(default, bool):
        yield from ("", f"If left out: `{default}`.")
    yield from (":::", "")


def _anchor(name: str) -> str:
    return "command-" + name.replace(" ", "-")
