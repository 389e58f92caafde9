"""One attention step of a trained model, picked out of a forced decoding of a sentence pair."""

from dataclasses import dataclass, fields
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from attnlab.attention.normalisers import Normaliser
from attnlab.attention.pooling import AttentionStep
from attnlab.attention.recording import attentions, observe_attention, observe_keys
from attnlab.attention.scores import Score
from attnlab.config import ExperimentConfig
from attnlab.data.batching import EncodedPair, collate
from attnlab.data.tokens import BEGIN, END
from attnlab.data.words import Word
from attnlab.evaluate.sentences import Inspected, inspect_sentences
from attnlab.inspection.forced import KINDS, forced_features, kind_and_layer
from attnlab.inspection.maps import labels
from attnlab.models.bahdanau import BahdanauConfig
from attnlab.models.interface import EncoderDecoder, evaluation_mode
from attnlab.run.loaded import LoadedRun, Recipe, require_attention
from attnlab.support.errors import UsageError

Array = NDArray[np.float64]

_MOST_DIGITS = 18
"""Longest step number that is parsed: Python refuses to read thousands of digits."""


@dataclass(frozen=True)
class StepArrays:
    """Every array of one query of one head, in the order of computation; None: not used.

    Shapes: query (query size), projected_query (projected size), key_vectors (keys, key size),
    projected_keys (keys, projected size), value_vectors (keys, value size), terms (keys, features),
    bias, scores, visible, normalised, window, weights (keys), position_output, context (value
    size).

    `query` and `key_vectors` are the inputs of the scoring function: with several heads, the head's
    projections, after any rotation by position. score = score factor · Σ terms + bias of the
    positions; weights = normalised · window; context = Σ weights · values + position_output.
    `heads` is None in an attention without heads; `rotated`: whether positions rotate queries.
    """

    query: Array
    projected_query: Array
    key_vectors: Array
    projected_keys: Array
    value_vectors: Array
    terms: Array | None
    bias: Array | None
    scores: Array
    visible: NDArray[np.bool_]
    normalised: Array
    window: Array | None
    weights: Array
    position_output: Array | None
    context: Array
    heads: int | None
    rotated: bool

    def as_json(self) -> dict[str, Any]:
        """The arrays as lists."""
        arrays = {each.name: getattr(self, each.name) for each in fields(self)[:-2]}
        return {name: None if each is None else each.tolist() for name, each in arrays.items()}


@dataclass(frozen=True, kw_only=True)
class Explanation:
    """A step of attention in a sentence, with everything that its worked example prints.

    `layer`, `head`, `step` count from 1. `queries`: the piece of each step (the one predicted; in
    the encoder the one at that position). `prefix`: the target pieces read before each step.
    `repeats`: further steps of the same word.
    """

    recipe: Recipe
    config: ExperimentConfig
    source: str
    target: str
    is_reference: bool
    kind: str
    layer: int
    layers: int
    head: int
    step: int
    repeats: list[int]
    queries: list[str]
    prefix: list[str]
    keys: list[str]
    score: Score
    normaliser: Normaliser
    arrays: StepArrays

    @property
    def piece(self) -> str:
        """The piece of this step."""
        return self.queries[self.step - 1]

    @property
    def parameters(self) -> dict[str, Tensor]:
        """Parameters of the scoring function by their symbols in its formula."""
        return {
            self.score.symbols.get(name, name): value
            for name, value in self.score.named_parameters()
        }

    @property
    def temperature(self) -> float | None:
        """Temperature of the softmax; None where the normaliser is none."""
        factor = self.normaliser.softmax_factor
        if factor is None:
            return None
        return 1 / (factor.item() if isinstance(factor, Tensor) else factor)

    @property
    def covers(self) -> bool:
        """Whether coverage, the sum of earlier weights, is added to the projected keys."""
        return isinstance(self.config.model, BahdanauConfig) and self.config.model.coverage

    def as_json(self) -> dict[str, Any]:
        """All numbers unrounded; a matrix is a list of rows, one a key."""
        found: dict[str, Any] = {
            **self.recipe.as_json(searched=not self.is_reference),
            "model": self.config.model.name,
            "source": self.source,
            "target": self.target,
            "kind": self.kind,
            "layer": self.layer,
            "layers": self.layers,
            "head": self.head,
            "heads": self.arrays.heads or 1,
            "step": self.step,
            "steps": len(self.queries),
            "piece": self.piece,
            "positions": self.config.positions.name,
            "score": {
                "name": self.config.score.name,
                "formula": self.score.formula,
                "working": self.score.working,
                "factor": self.score.factor,
                "reads_keys": self.score.reads_keys,
                "parameters": {name: list(each.shape) for name, each in self.parameters.items()},
            },
            "normaliser": {
                "name": self.config.normaliser.name,
                "formula": self.normaliser.formula,
                "temperature": self.temperature,
                "entmax_alpha": self.normaliser.entmax_alpha,
            },
            "keys": self.keys,
            "coverage": self.covers,
            **self.arrays.as_json(),
        }
        if self.kind != "encoder":
            found["prefix"] = self.prefix[: self.step]
        return found


def explain_step(
    trained: LoadedRun,
    *,
    text: str | None,
    split: str,
    number: int,
    reference: bool,
    step: str,
    kind: str,
    layer: int | None,
    head: int,
) -> Explanation:
    """Trace one step of a sentence: of `text`, or of the one with this `number` in a split.

    `step` is a number from 1, or a word: the one predicted, or in the encoder's self-attention the
    source word at that position. `layer` None is the last one.

    Raises:
        AttnlabError: the model has no attention.
        UsageError: there is no such sentence, kind, layer, head or step.
    """
    require_attention(trained, "explain")
    name, layer, layers = _find_attention(trained, kind, layer)
    (sentence,) = inspect_sentences(
        trained,
        texts=[] if text is None else [text],
        split=split,
        numbers=[number],
        reference=reference,
    )
    vocabulary = trained.vocabulary
    source = vocabulary.source.pieces([*sentence.source_tokens, END])
    prefix = vocabulary.target.pieces([BEGIN, *sentence.target_tokens])
    predicted = vocabulary.target.pieces([*sentence.target_tokens, END])
    queries = source if kind == "encoder" else predicted
    query, repeats = _find_step(step, len(queries), _words(trained, sentence, kind))
    heads = max(each.head for each in sentence.maps if (each.kind, each.layer) == (kind, layer))
    if not 1 <= head <= heads:
        raise UsageError(f"--head {head}: {kind} attention has {_choices('head', heads)}")
    pair = EncodedPair(sentence.source_tokens, sentence.target_tokens)
    pooling = attentions(trained.model)[name]
    return Explanation(
        recipe=trained.recipe,
        config=trained.run.config,
        source=sentence.source,
        target=sentence.target,
        is_reference=reference,
        kind=kind,
        layer=layer,
        layers=layers,
        head=head,
        step=query + 1,
        repeats=repeats,
        queries=queries,
        prefix=prefix,
        keys=prefix if kind == "decoder" else source,
        score=pooling.score,
        normaliser=pooling.normaliser,
        arrays=trace_step(trained.model, pair, name, head, query),
    )


def _find_attention(trained: LoadedRun, kind: str, layer: int | None) -> tuple[str, int, int]:
    """Name of the attention of that kind and layer, its layer, and how many layers there are."""
    if kind not in KINDS:
        raise UsageError(f"--kind {kind} is none of: {', '.join(KINDS)}")
    names = {kind_and_layer(name): name for name in attentions(trained.model)}
    layers = [number for each, number in names if each == kind]
    if not layers:
        kinds = dict.fromkeys(each for each, _ in names)
        raise UsageError(f"--kind {kind}: this model has only: {', '.join(kinds)}")
    wanted = max(layers) if layer is None else layer
    if wanted not in layers:
        raise UsageError(f"--layer {wanted}: {kind} attention has {_choices('layer', max(layers))}")
    return names[kind, wanted], wanted, len(layers)


def _choices(unit: str, most: int) -> str:
    return f"{unit}s 1 to {most}" if most > 1 else f"only {unit} 1"


def _words(trained: LoadedRun, sentence: Inspected, kind: str) -> list[Word]:
    """The words whose first pieces are the steps."""
    if kind == "encoder":
        return labels(trained.vocabulary.source, [*sentence.source_tokens, END], pieces=False)
    return labels(trained.vocabulary.target, [*sentence.target_tokens, END], pieces=False)


def _find_step(step: str, steps: int, words: list[Word]) -> tuple[int, list[int]]:
    """The step, from 0, that a number or a word names, and the word's other steps, from 1."""
    if step.isdecimal():
        if len(step) > _MOST_DIGITS or not 1 <= int(step) <= steps:
            raise UsageError(
                f"--step {step}: this sentence has steps 1 to {steps}; the last one is its end"
            )
        return int(step) - 1, []
    same = [word for word in words if _bare(word.text) == _bare(step)]
    # Of "Le" and "le" the one that is spelt as it was typed; else the first.
    same.sort(key=lambda word: word.text != step)
    if not same:
        raise UsageError(
            f"--step {step}: there is no such word among: {' '.join(word.text for word in words)}; "
            f"name one of them, or a step from 1 to {steps}"
        )
    return same[0].start, sorted(word.start + 1 for word in same[1:])


def _bare(word: str) -> str:
    """The word in lower case without punctuation around it: "noon" finds "noon."."""
    return word.casefold().strip(".,;:!?…«»\"'’() ") or word


def trace_step(
    model: EncoderDecoder[Any], pair: EncodedPair, name: str, head: int, query: int
) -> StepArrays:
    """Decode `pair` by force and collect query `query`, from 0, of `head`, from 1.

    `name` is one of `attentions(model)`. The model decodes in evaluation mode and is then put back.

    Raises:
        KeyError: the model has no attention of that name.
        IndexError: there is no such head, or no such query.
    """
    pooling = attentions(model)[name]
    steps: list[AttentionStep] = []
    keys: list[Tensor] = []
    batch = collate([pair]).to(next(model.parameters()).device)
    with (
        evaluation_mode(model),
        observe_attention(model, lambda _, step: steps.append(step), lambda each: each == name),
        observe_keys(model, lambda of, key: keys.append(key) if of == name else None),
    ):
        forced_features(model, batch)
        step, row = _locate_query(steps, query)
        projected_query = _head_part(step.projected_query, head)[row]
        key_head = _key_head(step, head)
        projected_keys = _head_part(step.memory.key, key_head)
        terms = pooling.score.terms(projected_query.unsqueeze(0), projected_keys)
        normalised = pooling.normaliser(step.scores, step.mask)
        rotated = not torch.equal(pooling.positions.rotate(step.query, 1), step.query)

    def at_query(per_key: Tensor | None) -> Tensor | None:
        """The query's row of what broadcasts against the scores."""
        if per_key is None:
            return None
        return _head_part(per_key.broadcast_to(step.scores.shape), head)[row]

    visible = at_query(step.mask)
    return StepArrays(
        query=_array(_head_part(step.query, head)[row]),
        projected_query=_array(projected_query),
        key_vectors=_array(_head_part(torch.cat(keys, dim=-2), key_head)),
        projected_keys=_array(projected_keys),
        value_vectors=_array(_head_part(step.memory.value, key_head)),
        terms=None if terms is None else _array(terms.squeeze(0)),
        bias=_optional(at_query(step.bias)),
        scores=_array(_head_part(step.scores, head)[row]),
        visible=np.full(step.scores.size(-1), True) if visible is None else visible.cpu().numpy(),
        normalised=_array(_head_part(normalised, head)[row]),
        window=_optional(at_query(step.window)),
        weights=_array(_head_part(step.weights, head)[row]),
        position_output=_optional(
            None if step.position_output is None else _head_part(step.position_output, head)[row]
        ),
        context=_array(_head_part(step.output, head)[row]),
        heads=step.scores.size(1) if step.scores.dim() == 4 else None,
        rotated=rotated,
    )


def _locate_query(steps: list[AttentionStep], query: int) -> tuple[AttentionStep, int]:
    """The step and row of a query: a recurrent decoder has one step a token, others one in all."""
    for step in steps:
        queries = step.scores.size(-2)
        if query < queries:
            return step, query
        query -= queries
    raise IndexError("there is no such query")


def _key_head(step: AttentionStep, head: int) -> int:
    """The head of keys and values, from 1, that a query head uses, alone or with its group."""
    if step.scores.dim() < 4:
        return head
    group = step.scores.size(1) // step.memory.key.size(1)
    return (head - 1) // group + 1


def _head_part(x: Tensor, head: int) -> Tensor:
    # (1, heads, …) or (1, …) -> (…)
    by_head = x if x.dim() == 4 else x.unsqueeze(1)
    return by_head[0, head - 1]


def _array(x: Tensor) -> Array:
    return x.double().cpu().numpy()


def _optional(x: Tensor | None) -> Array | None:
    return None if x is None else _array(x)
