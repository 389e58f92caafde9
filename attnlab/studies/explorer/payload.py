"""What a page shows as JSON, for its script to read. Knows no HTML.

Weights are whole numbers of 65,535ths, so that none is off by more than 0.00001. They stand in one
block: the upper bytes of all, then the lower bytes of all (alike stands beside alike, and packs
well), deflated, in base64. Each attention says where its own begin.
"""

import base64
import json
import zlib
from typing import Any

import numpy as np
from numpy.typing import NDArray

from attnlab.plotting.colours import colour_table
from attnlab.plotting.text import visible_label
from attnlab.studies.explorer.content import (
    Explorer,
    HeadFigures,
    ShownAttention,
    ShownSentence,
    Step,
)

WEIGHT_STEPS = 65_535


def as_json(explorer: Explorer) -> str:
    """All of `explorer` as JSON, in letters that neither end a script nor need an encoding."""
    attentions = [each for sentence in explorer.sentences for each in sentence.attention]
    sizes = [each.weights.size for each in attentions]
    starts = dict(zip(map(id, attentions), np.cumsum([0, *sizes]).tolist(), strict=False))
    content = {
        "facts": explorer.facts,
        "targetIs": explorer.target_is,
        "neverSaid": explorer.never_said,
        "scale": {"light": _colours(on_dark=False), "dark": _colours(on_dark=True)},
        "weightSteps": WEIGHT_STEPS,
        "weights": _packed([each.weights for each in attentions]),
        "sentences": [_sentence(each, starts) for each in explorer.sentences],
    }
    text = json.dumps(content, ensure_ascii=True, separators=(",", ":"))
    return text.replace("<", "\\u003c").replace(">", "\\u003e").replace("&", "\\u0026")


def _packed(weights: list[NDArray[np.floating]]) -> str:
    flat = np.concatenate([each.ravel() for each in weights]).clip(0, 1)
    numbers = np.rint(flat * WEIGHT_STEPS).astype(np.uint16)
    planes = np.concatenate([numbers >> 8, numbers & 255]).astype(np.uint8)
    return base64.b64encode(zlib.compress(planes.tobytes(), 9)).decode("ascii")


def _colours(*, on_dark: bool) -> list[str]:
    table = np.rint(colour_table(on_dark=on_dark) * 255).astype(int)
    return [f"#{red:02x}{green:02x}{blue:02x}" for red, green, blue in table.tolist()]


def _sentence(sentence: ShownSentence, starts: dict[int, int]) -> dict[str, Any]:
    return {
        "name": sentence.name,
        "source": sentence.source,
        "target": sentence.target,
        "gold": None if sentence.gold is None else sorted(sentence.gold),
        "noGold": sentence.no_gold,
        "steps": [_step(step) for step in sentence.steps],
        "attention": [_attention(each, starts[id(each)]) for each in sentence.attention],
    }


def _attention(attention: ShownAttention, start: int) -> dict[str, Any]:
    layers, heads = attention.weights.shape[:2]
    return {
        "kind": attention.kind,
        "layers": layers,
        "heads": heads,
        "start": start,
        "queries": [visible_label(label) for label in attention.queries],
        "keys": [visible_label(label) for label in attention.keys],
        "steps": attention.steps,
        "figures": [[_figures(each) for each in of_layer] for of_layer in attention.figures],
    }


def _figures(figures: HeadFigures) -> dict[str, Any]:
    errors = figures.alignment_errors
    return {
        "entropy": round(figures.entropy, 6),
        "normalisedEntropy": round(figures.normalised_entropy, 6),
        "alignmentErrors": None if errors is None else [round(error, 6) for error in errors],
    }


def _step(step: Step) -> dict[str, Any]:
    return {
        "read": visible_label(step.read),
        "said": visible_label(step.said),
        "probability": round(step.probability, 6),
        "candidates": [
            [visible_label(piece), round(probability, 6)] for piece, probability in step.candidates
        ],
    }
