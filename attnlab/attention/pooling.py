"""Attention pooling: turn scores into weights, and weights into an average of values.

    scores -> mask -> normaliser (a softmax, say) -> weighted average of values

Everything in attnlab that attends does it here. Knows no model, and of heads only that several
may look at the same keys.
"""

from collections.abc import Callable
from dataclasses import dataclass

import torch
from jaxtyping import Float
from torch import Tensor, nn

from attnlab.attention.dropout import dropout
from attnlab.attention.normalisers import Mask, Normaliser
from attnlab.attention.normalisers.softmax import Softmax
from attnlab.attention.positions import RelativePositions
from attnlab.attention.product import product_attention
from attnlab.attention.scores import Score


@dataclass
class Memory:
    """What can be attended to: projected keys, and the values that stand behind them.

    Shapes: key (…, keys, projected size), value (…, keys, value size). It may have fewer heads than
    the queries that it is asked: as many neighbouring heads as that takes then share one of its.
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
    weights (…, queries, keys), answer (…, queries, value size). `scores` have the positions' `bias`
    added, where there is one; `weights` are multiplied by the `window`, where there is one, and are
    those before any dropout; and the `answer` has `told` added, what positions add to an average.
    """

    query: Tensor
    projected_query: Tensor
    memory: Memory
    bias: Tensor | None
    scores: Tensor
    mask: Mask | None
    window: Tensor | None
    weights: Tensor
    told: Tensor | None
    answer: Tensor


class AttentionPooling(nn.Module):
    """Answers each query with an average of the values, weighted by how its key scored.

    `dropout` is the share of weights that training sets to zero; the `normaliser` is a softmax
    unless another is given; `positions` are told where queries and keys are of one sentence. Each
    of `observers` is shown every step, and each of `key_observers` the keys of every memory before
    they are projected. Each of `interventions`, in their order, is given weights and mask and
    returns the weights to go on with.
    """

    def __init__(
        self,
        score: Score,
        dropout: float = 0.0,
        normaliser: Normaliser | None = None,
        positions: RelativePositions | None = None,
    ) -> None:
        super().__init__()
        self.score = score
        self.dropout = dropout
        self.normaliser = normaliser or Softmax()
        self.positions = positions or RelativePositions()
        self.observers: list[Callable[[AttentionStep], None]] = []
        self.key_observers: list[Callable[[Tensor], None]] = []
        self.interventions: list[Callable[[Tensor, Mask | None], Tensor]] = []

    def prepare(
        self,
        key: Float[Tensor, "*batch keys key_size"],
        value: Float[Tensor, "*batch keys v"],
        start: int = 0,
    ) -> Memory:
        """Do, once, all the work on keys that no query changes.

        Where positions are told, the first key stands at position `start`.
        """
        key = self.positions.turn(key, start)
        for observe in self.key_observers:
            observe(key)
        return Memory(self.score.project_key(key), value)

    def forward(
        self,
        query: Float[Tensor, "*batch queries query_size"],
        memory: Memory,
        mask: Mask | None = None,
        window: Float[Tensor, "..."] | None = None,
    ) -> Float[Tensor, "*batch queries v"]:
        """Attend to `memory`; `mask` is boolean, True = may be seen; for `window` see `attend`."""
        scale, factor = self.score.dot_scale, self.normaliser.softmax_factor
        unseen = not self.observers and not self.interventions
        if scale is None or factor is None or not unseen or window is not None:
            return self.attend(query, memory, mask, window).answer
        if self.positions.adds_to_answer:
            return self.attend(query, memory, mask).answer
        query = self.score.project_query(self._turned(query, memory))
        bias = self.positions.bias(self.score, query, memory.key.size(-2))
        if bias is not None:
            bias = bias * factor
        if isinstance(factor, Tensor):  # the kernel's scale is a plain number
            query, factor = query * factor.to(query.dtype), 1.0
        share = self.dropout if self.training else 0.0
        return product_attention(query, memory.key, memory.value, mask, scale * factor, share, bias)

    def attend(
        self,
        query: Float[Tensor, "*batch queries query_size"],
        memory: Memory,
        mask: Mask | None = None,
        window: Float[Tensor, "..."] | None = None,
    ) -> AttentionStep:
        """Attend to `memory` step by step, and give all that led to the answer.

        `window`: a factor of at least 0 for each weight; where it is 0 a key is not seen at all.
        It broadcasts against (…, queries, keys), and weights need no longer sum to 1.
        """
        query = self._turned(query, memory)
        projected = self.score.project_query(query)
        scores = _by_shared_head(self.score.compare, projected, memory.key)
        bias = self.positions.bias(self.score, projected, memory.key.size(-2))
        if bias is not None:
            scores = scores + bias
        if window is not None:
            mask = window > 0 if mask is None else mask & (window > 0)
        # Weights of half-precision scores would be rounded twice.
        weights = self.normaliser(scores.float() if scores.dtype.itemsize < 4 else scores, mask)
        if window is not None:
            weights = weights * window
        for change in self.interventions:
            weights = change(weights, mask)
        used = dropout(weights, self.dropout, self.training)
        answer = _by_shared_head(torch.matmul, used, memory.value)
        told = self.positions.answer(used)
        if told is not None:
            answer = answer + told
        step = AttentionStep(
            query=query,
            projected_query=projected,
            memory=memory,
            bias=bias,
            scores=scores,
            mask=mask,
            window=window,
            weights=weights,
            told=told,
            answer=answer,
        )
        for observe in self.observers:
            observe(step)
        return step

    def _turned(self, query: Tensor, memory: Memory) -> Tensor:
        """The queries are the last tokens of the sentence, where positions are told at all."""
        return self.positions.turn(query, memory.key.size(-2) - query.size(-2))


def _by_shared_head(
    work: Callable[[Tensor, Tensor], Tensor], of_queries: Tensor, shared: Tensor
) -> Tensor:
    """`work` on what belongs to queries and to memory, of which several heads may share one head.

    (batch, heads, queries, …) and (batch, fewer heads, keys, …) -> (batch, heads, queries, …):
    heads that share one are no more than further queries of it, and nothing of it is copied.
    """
    if of_queries.dim() < 4 or of_queries.size(1) == shared.size(1):
        return work(of_queries, shared)
    batch, heads, queries, size = of_queries.shape
    together = of_queries.reshape(batch, shared.size(1), -1, size)
    return work(together, shared).view(batch, heads, queries, -1)
