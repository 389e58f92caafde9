"""Typed overrides, quoted for Hydra's grammar.

Values with characters that Hydra's lexer refuses (accents, spaces, quotes, parentheses) are
quoted, and so are those that name an existing file.
"""

import re
import shlex
from collections.abc import Collection, Sequence
from pathlib import Path

from hydra.core.override_parser.overrides_parser import OverridesParser
from hydra.core.override_parser.types import Override, Quote, QuotedString
from hydra.errors import HydraException

from attnlab.support.errors import UsageError, shortened

EXAMPLES = "write KEY=VALUE, such as seed=2 or model=rnn"


def parsed(override: str) -> Override | None:
    """`override` as Hydra parses it; None where it is not in Hydra's grammar."""
    try:
        return OverridesParser.create().parse_override(override)
    except (HydraException, ValueError, RecursionError):
        return None


def quoted(
    overrides: Sequence[str],
    *,
    sweep: bool = False,
    paths: Collection[str] = (),
    texts: Collection[str] = (),
) -> list[str]:
    """`overrides` in Hydra's grammar.

    The values of the keys `paths` are files, those of `texts` never numbers.

    Raises:
        UsageError: one has no key or no value, or several values without a `sweep`.
    """
    root = next(
        (each.partition("=")[2] for each in overrides if each.startswith("data.root=")), "."
    )
    return [_quoted(override, sweep, paths, texts, root) for override in overrides]


def _quoted(
    override: str, sweep: bool, paths: Collection[str], texts: Collection[str], root: str
) -> str:
    typed_key, equals, value = override.partition("=")
    key = typed_key.lstrip("+~")
    if not key or not (equals or override.startswith("~")):
        raise UsageError(f"'{shortened(override)}' is not an override; {EXAMPLES}")
    if not equals:
        if parsed(override) is None:
            raise UsageError(f"'{shortened(override)}': '{shortened(key)}' is not a setting's name")
        return override
    if parsed(f"{typed_key}=1") is None:
        raise UsageError(
            f"'{shortened(override)}': '{shortened(typed_key)}' is not a setting's name; {EXAMPLES}"
        )
    read = parsed(override)
    is_file = key in paths and bool(value) and _is_there(value, root)
    if is_file and (read is None or read.value() not in (value, None)):
        return f"{typed_key}={_as_text(value)}"
    if read is None and sweep:
        if _SWEEP.match(value.lstrip()):
            raise UsageError(
                f"'{shortened(override)}' is not a sweep that can be read; write "
                f"{typed_key}=range(1,5), choice(a,b), interval(0,1) or glob(a*), each closed by "
                f"its parenthesis, or list values with commas: {typed_key}=a,b"
            )
        value = ",".join(_quoted_value(each) for each in _split(value))
    elif read is None:
        value = _quoted_value(value)
    elif key in texts and isinstance(read.value(), float):
        value = _as_text(value)  # name=1e3 is not called 1000.0
    elif read.is_sweep_override() and not sweep:
        raise UsageError(_several_values(typed_key, value))
    return f"{typed_key}={value}"


def _several_values(key: str, value: str) -> str:
    text = shlex.quote(f"{key}={_as_text(value)}")
    items = shlex.quote(f"{key}=[{value}]")
    return (
        f"{key}={shortened(value)} gives several values. For a run of each, add --multirun to "
        f"attnlab train; for a list write {shortened(items)}; for a text write {shortened(text)}"
    )


def _quoted_value(value: str) -> str:
    """A value in Hydra's grammar: a list or mapping with quoted items, or a quoted text."""
    if parsed(f"x={value}") is not None:
        return value
    value = value.strip()
    inside = value[1:-1]
    if value.startswith("[") and value.endswith("]"):
        return f"[{','.join(_quoted_value(each) for each in _split(inside))}]"
    if value.startswith("{") and value.endswith("}") and ":" in inside:
        pairs = [each.partition(":") for each in _split(inside)]
        return "{" + ",".join(f"{key}:{_quoted_value(each)}" for key, _, each in pairs) + "}"
    return _as_text(value)


def _as_text(value: str) -> str:
    return QuotedString(text=value, quote=Quote.single).with_quotes()


_SWEEP = re.compile(r"(choice|range|interval|glob|sort|shuffle|tag)\s*\(")
_ITEM = re.compile(r"""(?:'(?:\\.|[^'\\])*'|"(?:\\.|[^"\\])*"|\[[^\[\]]*\]|\{[^{}]*\}|[^,])+""")


def _split(items: str) -> list[str]:
    """Split at the commas outside quotes and brackets."""
    return _ITEM.findall(items)


def _is_there(value: str, root: str) -> bool:
    """Whether `value` names a file, or is the prefix of a pair such as value.en + value.fr."""
    try:
        path = Path(root).expanduser() / Path(value).expanduser()
        return path.exists() or (path.parent.is_dir() and _has_endings(path))
    except (OSError, ValueError, RuntimeError):
        return False


def _has_endings(prefix: Path) -> bool:
    return any(path.name.startswith(f"{prefix.name}.") for path in prefix.parent.iterdir())
