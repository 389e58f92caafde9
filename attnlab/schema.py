"""Values from Hydra or a run's YAML become dataclasses here.

A name or a type that does not fit is refused by its full key. Past this file there is no OmegaConf.
Knows no setting of attnlab's.
"""

import difflib
import re
from dataclasses import fields, is_dataclass
from typing import TYPE_CHECKING, Any, TypeVar, cast, get_args

from omegaconf import DictConfig, OmegaConf
from omegaconf.errors import OmegaConfBaseException

from attnlab.errors import UsageError
from attnlab.registry import Registry

if TYPE_CHECKING:
    from _typeshed import DataclassInstance

Schema = TypeVar("Schema", bound="DataclassInstance")


def _choices(schema: type) -> dict[str, Registry[Any]]:
    """The groups of a schema whose own schema depends on the name that was chosen."""
    return getattr(schema, "CHOICES", {})


def from_node(schema: type[Schema], node: DictConfig) -> Schema:
    """`node`'s values as `schema`'s dataclasses.

    Raises:
        UsageError: a key that the schema lacks, a value of a wrong type, one that is missing.
    """
    typed = OmegaConf.structured(schema)
    try:
        for group, choices in _choices(schema).items():
            if group in _names_of_fields(schema) and group in node:
                if not isinstance(node[group], DictConfig):
                    raise UsageError(f"{group} must be a group of settings, not '{node[group]}'")
                typed[group] = OmegaConf.structured(choices.config(str(node[group].name)))
        merged = OmegaConf.merge(typed, node)
        missing = sorted(OmegaConf.missing_keys(merged))
        if missing:
            raise UsageError(f"{missing[0]} has no value; give it as {missing[0]}=…")
        return cast(Schema, OmegaConf.to_object(merged))
    except OmegaConfBaseException as error:
        raise UsageError(explain(error, schema)) from error


def explain(error: OmegaConfBaseException, schema: type) -> str:
    """OmegaConf's complaint in one line that names the key, and the nearest key that there is."""
    key = str(error.full_key) if error.full_key else str(error.key)
    problem = str(error.msg or error).strip().splitlines()[0]
    if re.search(r"not in (struct|')", problem):
        group, _, setting = key.partition(".")
        if owners := _owners(schema, group, setting):
            return f"there is no setting '{key}' here; it belongs to {group}={' or '.join(owners)}"
        names = list(_keys(schema))
        close = difflib.get_close_matches(key, names, n=1) or difflib.get_close_matches(
            key.rpartition(".")[2], [name.rpartition(".")[2] for name in names], n=1
        )
        command = getattr(schema, "COMMAND", "train")
        hint = (
            f"; did you mean {close[0]}?" if close else f"; attnlab {command} --cfg job shows all"
        )
        return f"there is no setting '{key}'{hint}"
    if problem.endswith("is not a ListConfig, list or tuple."):
        return f"{key} is a list; write it in brackets, such as {key}=[a,b] or {key}=[a]"
    return f"{key}: {problem}"


def _names_of_fields(schema: type) -> set[str]:
    return {field.name for field in fields(schema)}


def _owners(schema: type, group: str, setting: str) -> list[str]:
    """The choices of a group that have this setting."""
    choices = _choices(schema).get(group)
    if choices is None:
        return []
    return [name for name in choices if setting in _names_of_fields(choices.config(name))]


def _keys(schema: type, prefix: str = "") -> list[str]:
    """All keys of a schema, those of every choice included."""
    keys = []
    choices = _choices(schema)
    for field in fields(schema):
        keys.append(prefix + field.name)
        if field.name in choices:
            registry = choices[field.name]
            for name in registry:
                keys += _keys(registry.config(name), f"{prefix}{field.name}.")
        for kind in (field.type, *get_args(field.type)):  # a group, or one that may be null
            if isinstance(kind, type) and is_dataclass(kind):
                keys += _keys(kind, f"{prefix}{field.name}.")
    return keys
