"""One step of attention with all that led to it: the arrays of a worked example. Knows ids.

A finished sentence pair is read once more, as for the maps, and a single query of a single head
is picked out of what went by.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from attnlab.attention.pooling import AttentionStep
from attnlab.attention.recording import attentions, watch_attention, watch_keys
from attnlab.data.batching import EncodedPair, collate
from attnlab.models.interface import EncoderDecoder

Array = NDArray[np.float64]


@dataclass(frozen=True)
class WorkedStep:
    """One query of one head, the keys that it was compared with, and what came of it.

    Shapes: query (query size), projected_query (projected size), keys (keys, key size),
    projected_keys (keys, projected size), values (keys, value size), terms (keys, features),
    bias, scores, visible, normalised, window, weights (keys), told, context (value size).

    What enters the score is `query` and `keys`; where there are several heads these are the
    head's own projections already, and `turned` by their positions where that is how those are
    told. A score is the sum of its row of `terms` times the score's `factor`, and the positions'
    `bias`; a score that is no such sum has no terms. The `normalised` scores, times the `window`,
    are the weights, and the average of the values, with what positions have `told`, the context.
    What is None has no part in it. `heads` is how many the attention has, None where it is not
    made of heads.
    """

    query: Array
    projected_query: Array
    turned: bool
    keys: Array
    projected_keys: Array
    values: Array
    terms: Array | None
    bias: Array | None
    scores: Array
    visible: NDArray[np.bool_]
    normalised: Array
    window: Array | None
    weights: Array
    told: Array | None
    context: Array
    heads: int | None


def work_out(
    model: EncoderDecoder[Any], pair: EncodedPair, name: str, head: int, query: int
) -> WorkedStep:
    """What the attention of that readable name does at its query number `query`, from 0.

    `head` counts from 1. The model reads the pair as in evaluation, and is afterwards in the mode
    that it was in.

    Raises:
        KeyError: the model has no attention of that name.
        IndexError: there is no such head, or no such query.
    """
    pooling = attentions(model)[name]
    steps: list[AttentionStep] = []
    keys: list[Tensor] = []
    batch = collate([pair]).to(next(model.parameters()).device)
    was_training = model.training
    model.eval()
    with (
        torch.no_grad(),
        watch_attention(model, lambda of, step: steps.append(step) if of == name else None),
        watch_keys(model, lambda of, key: keys.append(key) if of == name else None),
    ):
        model.decode_features(batch.target_input, model.encode(batch.source, batch.source_mask))
        step, row = _step_of(steps, query)
        projected_query = _of_head(step.projected_query, head)[row]
        shared = _shared_head(step, head)
        projected_keys = _of_head(step.memory.key, shared)
        terms = pooling.score.terms(projected_query.unsqueeze(0), projected_keys)
        normalised = pooling.normaliser(step.scores, step.mask)
        turned = pooling.positions.turn(step.query, 1)
    model.train(was_training)

    def at_query(of_keys: Tensor | None) -> Tensor | None:
        """One row of what broadcasts against the scores."""
        if of_keys is None:
            return None
        return _of_head(of_keys.broadcast_to(step.scores.shape), head)[row]

    visible = at_query(step.mask)
    return WorkedStep(
        query=_array(_of_head(step.query, head)[row]),
        projected_query=_array(projected_query),
        turned=not torch.equal(turned, step.query),
        keys=_array(_of_head(torch.cat(keys, dim=-2), shared)),
        projected_keys=_array(projected_keys),
        values=_array(_of_head(step.memory.value, shared)),
        terms=None if terms is None else _array(terms.squeeze(0)),
        bias=_array_if_there(at_query(step.bias)),
        scores=_array(_of_head(step.scores, head)[row]),
        visible=np.full(step.scores.size(-1), True) if visible is None else visible.cpu().numpy(),
        normalised=_array(_of_head(normalised, head)[row]),
        window=_array_if_there(at_query(step.window)),
        weights=_array(_of_head(step.weights, head)[row]),
        told=None if step.told is None else _array(_of_head(step.told, head)[row]),
        context=_array(_of_head(step.answer, head)[row]),
        heads=step.scores.size(1) if step.scores.dim() == 4 else None,
    )


def _step_of(steps: list[AttentionStep], query: int) -> tuple[AttentionStep, int]:
    """A recurrent decoder asks word by word, others ask all at once: where is that query?"""
    for step in steps:
        queries = step.scores.size(-2)
        if query < queries:
            return step, query
        query -= queries
    raise IndexError("there is no such query")


def _shared_head(step: AttentionStep, head: int) -> int:
    """The head of the memory, from 1, that the head shares with its neighbours, or has alone."""
    if step.scores.dim() < 4:
        return head
    group = step.scores.size(1) // step.memory.key.size(1)
    return (head - 1) // group + 1


def _of_head(x: Tensor, head: int) -> Tensor:
    """Of the only sentence, one head's part: (1, heads, …) or (1, …) to (…)."""
    by_head = x if x.dim() == 4 else x.unsqueeze(1)
    return by_head[0, head - 1]


def _array(x: Tensor) -> Array:
    return x.double().cpu().numpy()


def _array_if_there(x: Tensor | None) -> Array | None:
    return None if x is None else _array(x)
