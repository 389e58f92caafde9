"""Content of an explorer page: sentences, their attention and measures, as dataclasses and JSON.

Weights are stored in units of 1/65,535, so that none is off by more than 0.00001, in one block: the
upper bytes of all, then the lower bytes of all (which compresses well), deflated, in base64.
"""

import base64
import json
import re
import zlib
from collections.abc import Sequence
from dataclasses import dataclass, field, fields, is_dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from attnlab.plotting.browser.inline import script_json
from attnlab.plotting.colours import css_scales
from attnlab.plotting.text import visible_label

_ROUNDING = 1e-3  # half-precision weights may exceed 1 by this much
_WEIGHT_STEPS = 65_535
_LABELS = {"queries", "keys", "input_piece", "target_piece", "candidates"}


@dataclass(frozen=True, kw_only=True)
class HeadMeasures:
    """Measures of one head on one sentence.

    `entropy` in nats and `normalised_entropy` are means over the steps, as in
    `inspection.forced.head_entropies`. `alignment_errors` are alignment error rates by the steps
    that predict a word and by those that read it; None without gold links.
    """

    entropy: float
    normalised_entropy: float
    alignment_errors: tuple[float, float] | None = None


@dataclass(frozen=True, kw_only=True)
class ShownAttention:
    """All heads of one kind of attention on one sentence.

    Attributes:
        kind: "cross", "encoder" or "decoder".
        weights: Shape (layers, heads, queries, keys), each from 0 to 1.
        queries: Labels of the queries.
        keys: Labels of the keys.
        measures: Of each layer (outer) and head, and after them of the mean of several heads.
        steps: The decoder steps of each query, as first step and end; empty for an encoder.

    Raises:
        ValueError: The parts do not fit each other, or a weight is outside 0..1.
    """

    kind: str
    weights: NDArray[np.floating]
    queries: list[str]
    keys: list[str]
    measures: list[list[HeadMeasures]]
    steps: list[tuple[int, int]] = field(default_factory=list)

    def __post_init__(self) -> None:
        where = f"{self.kind} attention"
        if self.weights.ndim != 4 or self.weights.shape[2:] != (len(self.queries), len(self.keys)):
            raise ValueError(
                f"{where}: weights of shape {self.weights.shape} for {len(self.queries)} queries "
                f"and {len(self.keys)} keys"
            )
        if self.weights.size == 0:
            raise ValueError(f"{where}: no weights, shape {self.weights.shape}")
        if not ((self.weights > -_ROUNDING) & (self.weights < 1 + _ROUNDING)).all():
            raise ValueError(f"{where}: weights must lie between 0 and 1")
        if self.steps and len(self.steps) != len(self.queries):
            raise ValueError(f"{where}: {len(self.steps)} steps for {len(self.queries)} queries")
        layers, heads = self.weights.shape[:2]
        columns = heads + (heads > 1)
        if [len(of_layer) for of_layer in self.measures] != [columns] * layers:
            raise ValueError(f"{where}: measures must be {layers} layers of {columns} heads")


@dataclass(frozen=True, kw_only=True)
class Step:
    """One step of the decoder: its input and target pieces, and the likeliest candidates.

    `candidates` are pieces with their probabilities in descending order; `probability` is that of
    the target.
    """

    input_piece: str
    target_piece: str
    probability: float
    candidates: list[tuple[str, float]]


@dataclass(frozen=True, kw_only=True)
class ShownSentence:
    """A sentence, its translation and its attention.

    `gold` are cells (query, key) of cross-attention that hold a gold link; where it is None,
    `no_gold` gives the reason as a sentence.
    """

    name: str
    source: str
    target: str
    attention: list[ShownAttention]
    steps: list[Step]
    gold: Sequence[tuple[int, int]] | None = None
    no_gold: str = ""


@dataclass(frozen=True, kw_only=True)
class Explorer:
    """Content of a whole page.

    `facts` are names and values for its head, such as ("model", "transformer"); `target_is` is
    "translation" or "reference"; `never_predicted` are the special pieces that search excludes.

    Raises:
        ValueError: there are no sentences.
    """

    title: str
    facts: list[tuple[str, str]]
    target_is: str
    never_predicted: list[str]
    sentences: list[ShownSentence]

    def __post_init__(self) -> None:
        if not self.sentences:
            raise ValueError("an explorer page needs at least one sentence")

    def as_json(self) -> str:
        """JSON in ASCII that is safe inside a script element."""
        attentions = [each for sentence in self.sentences for each in sentence.attention]
        content = _json(self) | {
            "scale": css_scales(),
            "weightSteps": _WEIGHT_STEPS,
            "weights": _packed(np.concatenate([each.weights.ravel() for each in attentions])),
        }
        return script_json(json.dumps(content, ensure_ascii=True, separators=(",", ":")))


def _json(value: Any, *, is_label: bool = False) -> Any:
    """Dataclasses as objects with names in camel case, numbers with six decimals, weights' shapes.

    Labels are made visible.
    """
    if is_dataclass(value):
        return {
            re.sub("_(.)", lambda found: found[1].upper(), each.name): _json(
                getattr(value, each.name), is_label=each.name in _LABELS
            )
            for each in fields(value)
        }
    if isinstance(value, list | tuple):
        return [_json(each, is_label=is_label) for each in value]
    if isinstance(value, np.ndarray):
        return list(value.shape)
    if isinstance(value, float):
        return round(value, 6)
    return visible_label(value) if is_label and isinstance(value, str) else value


def _packed(weights: NDArray[np.floating]) -> str:
    numbers = np.rint(weights.clip(0, 1) * _WEIGHT_STEPS).astype(np.uint16)
    planes = np.concatenate([numbers >> 8, numbers & 255]).astype(np.uint8)
    return base64.b64encode(zlib.compress(planes.tobytes(), 9)).decode("ascii")
