"""The engine's scripts as one, which defines `Attnlab`."""

import re
from pathlib import Path

_FILES = (
    *("tensors", "elementwise", "products", "rows", "layout", "graph"),
    *("interventions", "pieces", "search", "model"),
)
"""The scripts, each behind those that it uses."""

_OPERATOR = re.compile(r"^  ([A-Z]\w+): ", re.MULTILINE)


def engine_script() -> str:
    """JavaScript that defines the constant `Attnlab`, an object with the function `load`."""
    public = "{ load, OPERATORS }"
    return f'const Attnlab = (() => {{\n"use strict";\n{_texts()}\nreturn {public};\n}})();\n'


def engine_operators() -> frozenset[str]:
    """The operators of graphs that the engine has, from its tables of them."""
    return frozenset(_OPERATOR.findall(_texts()))


def _texts() -> str:
    folder = Path(__file__).parent / "engine"
    return "\n".join((folder / f"{name}.js").read_text(encoding="utf-8") for name in _FILES)
