"""Attention pooling: turn scores into weights, and weights into an average of values.

    scores -> mask -> softmax -> weighted average of values

Everything in attnlab that attends does it here. Knows no heads and no model.
"""

from collections.abc import Callable
from dataclasses import dataclass

import torch
from jaxtyping import Bool, Float
from torch import Tensor, nn

from attnlab.attention.dropout import dropout
from attnlab.attention.product import product_attention
from attnlab.attention.score import Score

Mask = Bool[Tensor, "..."]
"""True where a query may see a key; broadcast against (…, queries, keys)."""


def masked_softmax(
    scores: Float[Tensor, "*batch queries keys"], mask: Mask | None
) -> Float[Tensor, "*batch queries keys"]:
    """Weights over the keys that `mask` lets be seen; each row sums to 1.

    A query that may see no key at all gets zeros: there is nothing to average, and neither NaN
    nor an even spread over what is hidden would say so.
    """
    if mask is None:
        return scores.softmax(dim=-1)
    weights = scores.masked_fill(~mask, -torch.inf).softmax(dim=-1)
    # The softmax of a row of nothing but -inf is NaN.
    return weights.masked_fill(~mask, 0.0)


@dataclass
class Memory:
    """What can be attended to: projected keys, and the values that stand behind them.

    Shapes: key (…, keys, projected size), value (…, keys, value size).
    """

    key: Tensor
    value: Tensor

    def append(self, later: "Memory") -> "Memory":
        """This memory with the keys and values of `later` behind its own."""
        return Memory(
            torch.cat([self.key, later.key], dim=-2), torch.cat([self.value, later.value], dim=-2)
        )


@dataclass(frozen=True)
class AttentionStep:
    """One answer of an attention, with all that led to it, in the order in which it was found.

    Shapes: query (…, queries, query size), projected_query (…, queries, projected size), scores,
    weights (…, queries, keys), answer (…, queries, value size). `weights` are those before any
    dropout.
    """

    query: Tensor
    projected_query: Tensor
    memory: Memory
    scores: Tensor
    mask: Mask | None
    weights: Tensor
    answer: Tensor


class AttentionPooling(nn.Module):
    """Answers each query with an average of the values, weighted by how its key scored.

    `dropout` is the share of weights that training sets to zero. Each of `observers` is shown
    every step, and each of `key_observers` the keys of every memory before they are projected.
    Each of `interventions`, in their order, is given weights and mask and returns the weights
    to go on with.
    """

    def __init__(self, score: Score, dropout: float = 0.0) -> None:
        super().__init__()
        self.score = score
        self.dropout = dropout
        self.observers: list[Callable[[AttentionStep], None]] = []
        self.key_observers: list[Callable[[Tensor], None]] = []
        self.interventions: list[Callable[[Tensor, Mask | None], Tensor]] = []

    def prepare(
        self, key: Float[Tensor, "*batch keys key_size"], value: Float[Tensor, "*batch keys v"]
    ) -> Memory:
        """Do, once, all the work on keys that no query changes."""
        for observe in self.key_observers:
            observe(key)
        return Memory(self.score.project_key(key), value)

    def forward(
        self,
        query: Float[Tensor, "*batch queries query_size"],
        memory: Memory,
        mask: Mask | None = None,
    ) -> Float[Tensor, "*batch queries v"]:
        """Attend to `memory`; `mask` is boolean, True = may be seen."""
        given, query = query, self.score.project_query(query)
        unseen = not self.observers and not self.interventions
        if self.score.dot_scale is not None and unseen:
            share = self.dropout if self.training else 0.0
            scale = self.score.dot_scale
            return product_attention(query, memory.key, memory.value, mask, scale, share)
        scores = self.score.compare(query, memory.key)
        # A softmax over half-precision scores would round the weights twice.
        weights = masked_softmax(scores.float() if scores.dtype.itemsize < 4 else scores, mask)
        for change in self.interventions:
            weights = change(weights, mask)
        answer = dropout(weights, self.dropout, self.training) @ memory.value
        for observe in self.observers:
            observe(AttentionStep(given, query, memory, scores, mask, weights, answer))
        return answer
