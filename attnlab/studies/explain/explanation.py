"""What there is to tell of one attention step: values, and as JSON in full precision."""

from dataclasses import asdict, dataclass
from typing import Any

from attnlab.run.recipe import Recipe
from attnlab.studies.explain.worked import WorkedStep


@dataclass(frozen=True)
class Place:
    """An attention of a model: its kind and its layer, from 1, of so many `layers`."""

    kind: str
    layer: int
    layers: int


@dataclass(frozen=True)
class Parameter:
    """What a scoring function has learnt: its symbol, its shape, and its value if that is one."""

    symbol: str
    shape: list[int]
    value: float | None

    def __str__(self) -> str:
        if self.value is not None:
            return f"{self.symbol} = {self.value:g}"
        return f"{self.symbol} ({' × '.join(map(str, self.shape))})"


@dataclass(frozen=True, kw_only=True)
class ExplainedScore:
    """A scoring function for people: see `attention.scores.Score`."""

    name: str
    formula: str
    working: str
    factor: float
    reads_keys: bool
    parameters: list[Parameter]


@dataclass(frozen=True, kw_only=True)
class ExplainedNormaliser:
    """What makes weights of scores, for people: see `attention.normalisers.Normaliser`.

    `temperature`: where it is a softmax. `entmax_alpha`: where it is an α-entmax.
    """

    name: str
    formula: str
    temperature: float | None
    entmax_alpha: float | None


@dataclass(frozen=True, kw_only=True)
class Explanation:
    """A step of attention, and what it takes to tell of it.

    `askers` are the pieces of which one asks at each step: those that are said, or in the
    encoder's self-attention those of the source. `read` are the target's pieces as they are read,
    and `keys` those that can be looked at. `also` are further steps, from 1, with the same word.
    `is_covered`: whether what earlier steps looked at has moved the projected keys.
    """

    recipe: Recipe
    model: str
    positions: str
    score: ExplainedScore
    normaliser: ExplainedNormaliser
    source: str
    target: str
    is_reference: bool
    place: Place
    head: int
    step: int
    also: list[int]
    askers: list[str]
    read: list[str]
    keys: list[str]
    is_covered: bool
    worked: WorkedStep

    @property
    def asks(self) -> str:
        """The piece that asks, or that is said."""
        return self.askers[self.step - 1]

    def as_json(self) -> dict[str, Any]:
        """All numbers as the model had them; matrices are lists of rows, a row a key."""
        worked = self.worked
        found: dict[str, Any] = {
            **self.recipe.as_json(searched=not self.is_reference),
            "model": self.model,
            "source": self.source,
            "target": self.target,
            "kind": self.place.kind,
            "layer": self.place.layer,
            "layers": self.place.layers,
            "head": self.head,
            "heads": worked.heads or 1,
            "step": self.step,
            "steps": len(self.askers),
            "asks": self.asks,
            "positions": self.positions,
            "score": asdict(self.score)
            | {"parameters": {each.symbol: each.shape for each in self.score.parameters}},
            "normaliser": asdict(self.normaliser),
            "keys": self.keys,
            "coverage": self.is_covered,
            "query": worked.query.tolist(),
            "projected_query": worked.projected_query.tolist(),
            "key_vectors": worked.keys.tolist(),
            "projected_keys": worked.projected_keys.tolist(),
            "value_vectors": worked.values.tolist(),
            "terms": None if worked.terms is None else worked.terms.tolist(),
            "bias": None if worked.bias is None else worked.bias.tolist(),
            "scores": worked.scores.tolist(),
            "visible": worked.visible.tolist(),
            "normalised": worked.normalised.tolist(),
            "window": None if worked.window is None else worked.window.tolist(),
            "weights": worked.weights.tolist(),
            "told": None if worked.told is None else worked.told.tolist(),
            "context": worked.context.tolist(),
        }
        if self.place.kind != "encoder":
            found["read"] = self.read[: self.step]
        return found
