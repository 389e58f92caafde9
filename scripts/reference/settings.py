"""Every setting of a schema: its key, its type, its value in a YAML file, and what it is."""

import re
import types
from collections.abc import Collection, Iterator
from dataclasses import dataclass, fields, is_dataclass
from typing import Any, Literal, Union, get_args, get_origin, get_type_hints

from scripts.reference.comments import Values
from scripts.reference.docstrings import field_sentences

_NAMES = {str: "text", int: "whole number", float: "number", bool: "true or false"}
_NAMES[type(None)] = "null"


@dataclass(frozen=True)
class Setting:
    """One setting as a reader looks it up.

    `default`: as the YAML file writes it. `description`: what the class says of it; `comment`: what
    the file says.
    """

    key: str
    type: str
    default: str
    description: str
    comment: str


def settings(
    schema: type[Any], values: Values, prefix: str = "", without: Collection[str] = ()
) -> Iterator[Setting]:
    """All settings of a schema, those of the dataclasses in it too.

    `prefix`: what stands before their keys in `values`. `without`: the fields that are not looked
    up here, such as a config group, which has a page of its own.
    """
    absent = {key for key, text in values.texts.items() if text == "null"}
    for key, kind, described in _leaves(schema, without, prefix, absent):
        group = key.rpartition(".")[0]
        comment = values.comments.get(key) or values.comments.get(group, "")
        yield Setting(
            key=key,
            type=type_name(kind),
            default=values.texts.get(key, ""),
            description=_sentence(described),
            comment="" if _words(comment) <= _words(described) else comment,
        )


def _leaves(
    schema: type[Any],
    without: Collection[str],
    prefix: str,
    absent: Collection[str],
    above: str = "",
) -> Iterator[tuple[str, Any, str]]:
    """(key, type, description) of every field that is no dataclass itself.

    A field of which its class says nothing is described by what is said of the group it is in. Of a
    group that is `absent`, null in the file, there is nothing to choose but that.
    """
    sentences = field_sentences(schema)
    kinds = get_type_hints(schema)
    for field in fields(schema):
        if field.name in without:
            continue
        kind, key = kinds[field.name], prefix + field.name
        described = sentences.get(field.name, above)
        inner = [] if key in absent else list(filter(is_dataclass, (kind, *get_args(kind))))
        for group in inner:
            yield from _leaves(group, (), f"{key}.", absent, described)
        if not inner:
            yield key, kind, described


def type_name(kind: Any) -> str:
    """A type in words, as in `whole number or null`."""
    origin, inner = get_origin(kind), get_args(kind)
    if origin in (Union, types.UnionType):
        return " or ".join(type_name(one) for one in inner)
    if origin is Literal:
        return " or ".join(str(one) for one in inner)
    if origin is list:
        return f"list of {type_name(inner[0])}" + ("s" if inner[0] is not str else "")
    if origin is dict:
        return f"{type_name(inner[1])} by name"
    return "settings" if is_dataclass(kind) else _NAMES[kind]


def _sentence(text: str) -> str:
    return text if not text or text.endswith((".", "!", "?")) else f"{text}."


def _words(text: str) -> set[str]:
    return set(re.findall(r"[\w.]*\w", text.lower()))
