"""Conversion of OmegaConf nodes to config dataclasses, with checks and messages by full key."""

import difflib
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import fields, is_dataclass
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar, cast, get_args, get_origin, get_type_hints

import yaml
from omegaconf import DictConfig, ListConfig, OmegaConf
from omegaconf.errors import GrammarParseError, OmegaConfBaseException, ReadonlyConfigError

from attnlab.support.errors import AttnlabError, UsageError, shortened
from attnlab.support.folders import IS_PATH, expanded
from attnlab.support.ranges import Range, range_of
from attnlab.support.registry import Registry

if TYPE_CHECKING:
    from _typeshed import DataclassInstance

Schema = TypeVar("Schema", bound="DataclassInstance")


def _choices(schema: type) -> dict[str, Registry[Any]]:
    """The registries of a schema's groups whose own schema depends on their `name`."""
    return getattr(schema, "CHOICES", {})


def from_node(schema: type[Schema], node: DictConfig) -> Schema:
    """`node`'s values as `schema`'s dataclasses.

    Raises:
        UsageError: for an unknown key, a value of a wrong type or out of range, or a missing one.
    """
    typed = OmegaConf.structured(schema)
    try:
        for group, choices in _choices(schema).items():
            if group in schema.__dataclass_fields__ and group in node:
                if not isinstance(node[group], DictConfig):
                    raise UsageError(f"{group} must be a group of settings, not '{node[group]}'")
                typed[group] = OmegaConf.structured(choices.config(str(node[group].name)))
        merged = OmegaConf.merge(typed, node)
        missing = sorted(OmegaConf.missing_keys(merged))
        if missing:
            raise UsageError(f"{missing[0]} has no value; give it as {missing[0]}=…")
        _check_numbers(cast(DictConfig, merged))
        config = cast(Schema, OmegaConf.to_object(merged))
    except OmegaConfBaseException as error:
        chosen = {group: str(OmegaConf.select(node, f"{group}.name")) for group in _choices(schema)}
        raise UsageError(explain(error, schema, chosen)) from error
    except OverflowError:  # a whole number too large for a float
        _check_numbers(node)
        raise
    _expand_paths(config)
    return config


_MOST_YAML_NODES = 100_000
_MOST_YAML_DEPTH = 100
_SHORT_YAML = 4096


def require_bounded_yaml(path: Path) -> None:
    """Refuse a YAML file whose aliases (`*name`) would expand until memory is full.

    A file that is not YAML passes; its reader refuses it.

    Raises:
        AttnlabError: too many values, or endlessly many, once aliases are expanded.
    """
    try:
        nodes = _count_nodes(path.read_bytes())
    except (OSError, ValueError, yaml.YAMLError):
        return
    except RecursionError:
        nodes = _MOST_YAML_NODES + 1
    if nodes > _MOST_YAML_NODES:
        raise AttnlabError(
            f"{path}: holds more than {_MOST_YAML_NODES:,} values once its aliases (*name) are "
            "written out, or is nested too deeply; no config is as large"
        )


def _count_nodes(text: bytes) -> int:
    """Nodes of a YAML text with its aliases written out."""
    if len(text) <= _SHORT_YAML and b"*" not in text:
        return len(text)  # there are fewer; most configs are as short
    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    depth = nodes = 0
    for event in yaml.parse(text, Loader=loader):
        if isinstance(event, yaml.AliasEvent) or depth > _MOST_YAML_DEPTH:
            # libyaml's composer would overflow the stack where Python's raises RecursionError.
            root = yaml.compose(text, Loader=yaml.SafeLoader)
            return _expanded_nodes(root, {}) if root is not None else 0
        depth += isinstance(event, yaml.CollectionStartEvent)
        depth -= isinstance(event, yaml.CollectionEndEvent)
        nodes += isinstance(event, yaml.NodeEvent)
    return nodes


def _expanded_nodes(node: Any, known: dict[int, int]) -> int:
    """The number of nodes once aliases are expanded; more than the limit for a cycle."""
    if id(node) not in known:
        known[id(node)] = _MOST_YAML_NODES + 1  # should it come again within itself
        parts = node.value if isinstance(node, yaml.CollectionNode) else ()
        flat = chain.from_iterable(each if isinstance(each, tuple) else (each,) for each in parts)
        known[id(node)] = 1 + sum(_expanded_nodes(each, known) for each in flat)
    return known[id(node)]


def _check_numbers(node: DictConfig, prefix: str = "") -> None:
    """Refuse numbers outside the range that their field declares, or the widest one."""
    schema = OmegaConf.get_type(node)
    hints = get_type_hints(schema, include_extras=True) if is_dataclass(schema) else {}
    for name in map(str, node):
        key, value, hint = f"{prefix}{name}", node[name], hints.get(name)
        if isinstance(value, DictConfig):
            _check_numbers(value, f"{key}.")
        for each in value if isinstance(value, ListConfig) else [value]:
            if isinstance(each, (int, float)) and not isinstance(each, bool):
                may_be_null = type(None) in get_args(hint)
                refusal = (range_of(hint) or Range()).refusal(each, may_be_null)
                if refusal:
                    raise UsageError(f"{key}={each} {refusal}")


def flatten(values: dict[str, Any], prefix: str = "") -> dict[str, Any]:
    """`{"model": {"size": 3}}` as `{"model.size": 3}`."""
    flat: dict[str, Any] = {}
    for name, value in values.items():
        if isinstance(value, dict):
            flat |= flatten(value, f"{prefix}{name}.")
        else:
            flat[f"{prefix}{name}"] = value
    return flat


def explain(
    error: OmegaConfBaseException, schema: type, chosen: Mapping[str, str] | None = None
) -> str:
    """OmegaConf's error as one line that names the key, and the nearest key that exists.

    `chosen`: the choice of each group, such as model: rnn; only its settings are suggested.
    """
    key = str(error.full_key) if error.full_key else str(error.key)
    problem = str(error.msg or error).strip().splitlines()[0]
    if re.search(r"not in (struct|')", problem):
        return f"there is no setting '{shortened(key)}'{_suggestion(key, schema, chosen or {})}"
    if problem.endswith("is not a ListConfig, list or tuple."):
        return f"{key} is a list; write it in brackets, such as '{key}=[a,b]' or '{key}=[a]'"
    if isinstance(error, GrammarParseError):
        return f"{key}: '${{' begins a reference to another setting; write \\${{ for the characters"
    if isinstance(error, ReadonlyConfigError):
        return f"{key}: cannot be changed"
    problem = re.sub(r"^\w+ raised while resolving interpolation: ", "", problem)
    return f"{key}: {shortened(problem)}"


def _suggestion(key: str, schema: type, chosen: Mapping[str, str]) -> str:
    """A suggestion for an unknown `key`, as the end of a sentence."""
    if (parent := key.rpartition(".")[0]) in _open_keys(schema):
        return f" yet; write +{key}=… to add it to {parent}"
    group, _, setting = key.partition(".")
    names = [name for name, _ in _settings(schema, chosen)]
    if setting and (owners := _owners(schema, group, setting)):
        return f" here; it belongs to {group}={' or '.join(owners)}"
    if near := _nearest(key, names):
        return f"; did you mean {near}?"
    siblings = [name.removeprefix(f"{group}.") for name in names if name.startswith(f"{group}.")]
    if siblings:
        choice = f"{group}={chosen[group]}" if group in chosen else group
        return f"; {choice} has the settings {', '.join(siblings)}"
    return f"; {shows_all(schema)}"


def shows_all(schema: type) -> str:
    """The command that shows every setting of a schema, as the end of a sentence."""
    return f"attnlab {getattr(schema, 'COMMAND', 'train')} --cfg job shows all"


def _nearest(key: str, names: Sequence[str]) -> str | None:
    """The name most like `key`, which is misspelt, abbreviated (lr) or without its group."""

    def resemblance(name: str) -> float:
        typed, part = key.rpartition(".")[2], name.rpartition(".")[2]
        initials = "".join(word[:1] for word in part.split("_"))
        group = difflib.SequenceMatcher(None, key.rpartition(".")[0], name.rpartition(".")[0])
        return max(
            difflib.SequenceMatcher(None, key, name).ratio() if "." not in key else 0.0,
            0.8 * difflib.SequenceMatcher(None, typed, part).ratio() + 0.2 * group.ratio(),
            0.7 + 0.2 * group.ratio() if typed == initials and len(initials) > 1 else 0.0,
        )

    best = max(names, key=resemblance)
    return best if resemblance(best) >= _RESEMBLES else None


_RESEMBLES = 0.66


def _owners(schema: type, group: str, setting: str) -> list[str]:
    """The choices of a group with this setting."""
    choices = _choices(schema).get(group)
    if choices is None:
        return []
    return [
        name
        for name in choices
        if any(field.name == setting for field in fields(choices.config(name)))
    ]


def path_keys(schema: type) -> set[str]:
    """The full keys of all settings that name a file or folder."""
    return {key for key, hint in _settings(schema, {}) if IS_PATH in _annotations(hint)}


def _open_keys(schema: type) -> set[str]:
    """The full keys of all settings that are mappings with names of the user's choice."""
    return {key for key, hint in _settings(schema, {}) if get_origin(hint) is dict}


def text_keys(schema: type) -> set[str]:
    """The full keys of all settings whose values are texts, paths among them."""
    return {
        key
        for key, hint in _settings(schema, {})
        if hint is str or {str, IS_PATH} & {*get_args(hint), *_annotations(hint)}
    }


def _settings(
    schema: type, chosen: Mapping[str, str], prefix: str = ""
) -> Iterator[tuple[str, Any]]:
    """Full keys with their types; of a group with choices, those of the chosen one, or of all."""
    choices, seen = _choices(schema), set[str]()
    hints = get_type_hints(schema, include_extras=True)
    for name in [field.name for field in fields(schema)]:
        hint = hints[name]
        yield f"{prefix}{name}", hint
        kinds: list[Any] = [hint, *get_args(hint)]  # a group, or one that may be null
        if name in choices:
            registry = choices[name]
            picked = [chosen[name]] if chosen.get(name) in list(registry) else list(registry)
            kinds = [registry.config(each) for each in picked]
        for kind in kinds:
            if isinstance(kind, type) and is_dataclass(kind):
                for key, of_kind in _settings(kind, chosen, f"{prefix}{name}."):
                    if key not in seen:
                        seen.add(key)
                        yield key, of_kind


def _annotations(hint: Any) -> set[Any]:
    """The `Annotated` metadata of a type and of the types within it."""
    found = set(getattr(hint, "__metadata__", ()))
    return found.union(*(_annotations(each) for each in get_args(hint)))


def _expand_paths(config: Any, prefix: str = "") -> None:
    """Expand `~` in every setting that is a path."""
    hints = get_type_hints(type(config), include_extras=True)
    for name, value in vars(config).items():
        key = f"{prefix}{name}"
        if is_dataclass(value):
            _expand_paths(value, f"{key}.")
        elif name in hints and IS_PATH in _annotations(hints[name]):
            if isinstance(value, str):
                setattr(config, name, expanded(value, key))
            elif isinstance(value, dict):
                for each in value:
                    value[each] = expanded(value[each], f"{key}.{each}")
