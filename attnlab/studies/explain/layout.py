"""What worked examples are set with: paragraphs, vectors, and tables with a row a key."""

from collections.abc import Iterable, Sequence
from textwrap import wrap
from typing import Any

import numpy as np
from numpy.typing import NDArray

from attnlab.support.table import table

WIDTH, INDENT = 80, "   "
FEATURES = 4
"""Of a vector, that are printed."""

_LONGEST_KEY = 12
_LOWERED = str.maketrans("0123456789", "₀₁₂₃₄₅₆₇₈₉")


def columns(
    keys: Sequence[str], cells: dict[str, list[str]], last: Sequence[Sequence[str]] = ()
) -> str:
    """A table with a row a key and with `last` rows, whose first cell names them."""
    names = [f"{n} {_cut(key)}" for n, key in enumerate(keys, start=1)]
    rows = [list(row) for row in zip(names, *cells.values(), strict=True)]
    lines = table(["key", *cells], [*rows, *last]).splitlines()
    return "\n".join(INDENT + line for line in lines)


def width(text: str) -> int:
    """Of the longest line."""
    return max(map(len, text.splitlines()))


def named(name: str, text: str) -> list[str]:
    """A name, and behind it a text of some lines."""
    return wrap(text, WIDTH, initial_indent=f"{name:<13}", subsequent_indent=" " * 13)


def paragraph(text: str) -> list[str]:
    """The text in lines."""
    return wrap(text, WIDTH, initial_indent=INDENT, subsequent_indent=INDENT)


def vector(x: NDArray[Any]) -> str:
    """Its first numbers, in brackets."""
    more = ", …" if len(x) > FEATURES else ""
    return f"({', '.join(fixed(x[:FEATURES], 3))}{more})"


def size_and_norm(x: NDArray[Any]) -> str:
    """How many numbers it has and how long it is."""
    return f"{len(x)} numbers, norm {np.linalg.norm(x):.3f}"


def fixed(numbers: Iterable[float], digits: int) -> list[str]:
    """Each with so many digits behind the point."""
    # Adding 0 makes 0 of -0.
    return [f"{round(float(number), digits) + 0.0:.{digits}f}" for number in numbers]


def in_brackets_if_negative(number: float, digits: int) -> str:
    """As it stands behind a minus sign."""
    (text,) = fixed([number], digits)
    return f"({text})" if text.startswith("-") else text


def lowered(number: int) -> str:
    """As an index."""
    return str(number).translate(_LOWERED)


def _cut(key: str) -> str:
    return key if len(key) <= _LONGEST_KEY else f"{key[: _LONGEST_KEY - 1]}…"
