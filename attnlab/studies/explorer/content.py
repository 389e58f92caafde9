"""What an explorer page holds: sentences, their attention, and what was measured on it.

Arrays and strings. Knows no model, no vocabulary and no HTML.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

_ROUNDING = 1e-3  # half-precision weights may exceed 1 by this much


@dataclass(frozen=True, kw_only=True)
class HeadFigures:
    """What was measured of one head on one sentence.

    `entropy` in nats and `normalised_entropy` are means over the steps, as
    `evaluation.entropy.head_entropies` has them. `alignment_errors` are alignment error rates, 0 at
    best, of the steps that say a word and of those that read it in; None without gold links.
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
        queries: Labels of those who look.
        keys: Labels of those who are looked at.
        figures: Of each layer (outer) each head, and behind them the mean of heads if they are
            several.
        steps: For each query at which steps of the decoder it looks: the first, and the one behind
            the last. Empty for an encoder.

    Raises:
        ValueError: Weights, labels, steps and figures do not fit each other, or a weight is none.
    """

    kind: str
    weights: NDArray[np.floating]
    queries: list[str]
    keys: list[str]
    figures: list[list[HeadFigures]]
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
        if [len(of_layer) for of_layer in self.figures] != [columns] * layers:
            raise ValueError(f"{where}: figures must be {layers} layers of {columns} heads")


@dataclass(frozen=True, kw_only=True)
class Step:
    """One step of the decoder: the piece that it read, what it said, and what it could have said.

    `candidates` are pieces with their probabilities, the likeliest first.
    """

    read: str
    said: str
    probability: float
    candidates: list[tuple[str, float]]


@dataclass(frozen=True, kw_only=True)
class ShownSentence:
    """A sentence, its translation, and who looked where.

    `gold` are cells (query, key) of cross-attention that hold a gold link; where it is None,
    `no_gold` says why, as a sentence.
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
    """A whole page: `facts` are names and values for its head, such as ("model", "transformer").

    `target_is` is "translation" or "reference"; `never_said` are the pieces that stand for no word,
    so that no search chooses them.
    """

    title: str
    facts: list[tuple[str, str]]
    target_is: str
    never_said: list[str]
    sentences: list[ShownSentence]

    def __post_init__(self) -> None:
        if not self.sentences:
            raise ValueError("an explorer page needs at least one sentence")
