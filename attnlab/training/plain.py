"""Plain values from a file, such as those of a checkpoint, as dataclasses: checked one by one."""

import math
from dataclasses import fields, is_dataclass
from types import UnionType
from typing import Any, TypeVar, get_args, get_origin, get_type_hints

_LARGEST = 2**53
"""What a whole number may be at most; no count comes near it."""

Plain = TypeVar("Plain")


def from_plain(kind: type[Plain], values: object, name: str = "value") -> Plain:
    """`values` as an instance of a dataclass, or another type, with all that is within checked.

    Fields of a dataclass that are absent keep their defaults, others are refused. Numbers are
    finite, and whole ones at least 0.

    Raises:
        ValueError: a value of another type or out of range; the message says which.
    """
    return _checked(kind, values, name)  # type: ignore[no-any-return]


def _checked(kind: Any, value: Any, name: str) -> Any:
    if get_origin(kind) is UnionType:
        if value is None:
            return None
        (kind,) = (each for each in get_args(kind) if each is not type(None))
    if is_dataclass(kind):
        hints = get_type_hints(kind)
        known = {field.name for field in fields(kind) if field.init and field.name[0] != "_"}
        found = _checked(dict[str, object], value, name)
        if unknown := found.keys() - known:
            raise ValueError(f"{name} has no {min(unknown)}")
        make: Any = kind
        return make(**{key: _checked(hints[key], found[key], f"{name}.{key}") for key in found})
    if get_origin(kind) in (dict, list):
        if type(value) is not get_origin(kind):
            raise ValueError(f"{name} is a {type(value).__name__}")
        *keys, of = get_args(kind)
        if isinstance(value, list):
            return [_checked(of, each, name) for each in value]
        return {
            _checked(keys[0], k, name): _checked(of, each, f"{name}.{k}")
            for k, each in value.items()
        }
    if kind is float and type(value) is int:
        value = float(value) if abs(value) <= _LARGEST else math.inf
    if kind is not object and type(value) is not kind:
        raise ValueError(f"{name} is a {type(value).__name__}")
    if kind is float and not math.isfinite(value):
        raise ValueError(f"{name} is not finite")
    if kind is int and not 0 <= value <= _LARGEST:
        raise ValueError(f"{name} is out of range")
    return value
