"""A lesson as one HTML file: trained models, the engine that runs them, and the interface."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from attnlab.plotting.browser.inline import SHARED, inlined_page, script_json
from attnlab.plotting.colours import css_colours, css_scales, signed_colours
from attnlab.studies.web.scripts import engine_script

_HERE = Path(__file__).parent

LANGUAGES = ("en", "zh")

_UI = (
    *("language", "changes", "bench", "parts", "pieces", "maps", "heads", "attention", "vector"),
    *("candidates", "tree", "player", "main"),
)
"""The modules of the interface, each after those that it imports."""


@dataclass(frozen=True, kw_only=True)
class ShownModel:
    """A model on the page.

    `facts`: pairs of a text's key, such as "fact.model" without its "fact.", and a value. `graphs`
    and `weights`: the engine's JSON and base64 of it.
    """

    name: str
    facts: Sequence[tuple[str, str]]
    graphs: str
    weights: str


def lesson_page(models: Sequence[ShownModel], examples: Sequence[str]) -> str:
    """The page of one model, or of several side by side, with sentences to begin with."""
    texts = {code: json.loads(_read(f"languages/{code}.json")) for code in LANGUAGES}
    content = {
        "texts": texts,
        "examples": list(examples),
        "models": [{"name": each.name, "facts": list(each.facts)} for each in models],
        "scale": css_scales(),
        "signed": css_colours(np.asarray(signed_colours().colors)),
    }
    blocks = (
        f'<script type="application/json" class="model">{script_json(each.graphs)}</script>\n'
        f'<script type="text/plain" class="weights">{each.weights}</script>'
        for each in models
    )
    return inlined_page(
        texts["en"]["title"],
        _HERE / "page.html",
        (SHARED / "base.css", _HERE / "web.css"),
        (
            engine_script(),
            *(SHARED / name for name in ("elements.js", "colours.js")),
            *(_HERE / "ui" / f"{name}.js" for name in _UI),
        ),
        content=script_json(json.dumps(content, ensure_ascii=True, separators=(",", ":"))),
        models="\n".join(blocks),
    )


def _read(name: str) -> str:
    return (_HERE / name).read_text(encoding="utf-8")
