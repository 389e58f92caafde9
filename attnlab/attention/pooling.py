"""Attention pooling: scores -> mask -> normaliser -> weighted average of values.

Every attention of attnlab is an `AttentionPooling`.
"""

from collections.abc import Callable
from dataclasses import dataclass

import torch
from jaxtyping import Float
from torch import Tensor, nn

from attnlab.attention.functional import dropout, product_attention
from attnlab.attention.normalisers import Mask, Normaliser
from attnlab.attention.normalisers.softmax import Softmax
from attnlab.attention.positions import RelativePositions
from attnlab.attention.scores import Score


@dataclass
class Memory:
    """Projected keys and their values.

    Shapes: key (…, keys, projected size), value (…, keys, value size). With fewer heads than the
    queries have, groups of neighbouring query heads share one.
    """

    key: Tensor
    value: Tensor

    def append(self, later: "Memory") -> "Memory":
        """Concatenate the keys and values of `later` behind these."""
        return Memory(
            torch.cat([self.key, later.key], dim=-2), torch.cat([self.value, later.value], dim=-2)
        )


@dataclass(frozen=True)
class AttentionStep:
    """One call of an attention with its intermediate results, in the order of computation.

    Shapes: query (…, queries, query size), projected_query (…, queries, projected size), scores,
    weights (…, queries, keys), output (…, queries, value size). `query` is rotated by its position;
    `scores` include the `bias` of positions; `weights` are those before dropout, multiplied by the
    `window`; `output` includes `position_output`. None: there is no such part.
    """

    query: Tensor
    projected_query: Tensor
    memory: Memory
    bias: Tensor | None
    scores: Tensor
    mask: Mask | None
    window: Tensor | None
    weights: Tensor
    position_output: Tensor | None
    output: Tensor


class AttentionPooling(nn.Module):
    """Averages values for each query, weighted by the normalised scores of their keys.

    `dropout`: the probability that a weight is zeroed in training. `normaliser`: a softmax by
    default. `positions`: for self-attention.

    Each of `observers` is called with every `AttentionStep`, each of `key_observers` with the keys
    of every memory before their projection. Each of `interventions` is called with weights and
    mask, and returns the weights to use.
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

    @property
    def is_fusible(self) -> bool:
        """Whether score, normaliser and positions can run in a fused kernel."""
        return (
            self.score.dot_scale is not None
            and self.normaliser.softmax_factor is not None
            and not self.positions.adds_values
        )

    def prepare(
        self,
        key: Float[Tensor, "*batch keys key_size"],
        value: Float[Tensor, "*batch keys v"],
        start: int = 0,
    ) -> Memory:
        """Project keys, once for any number of queries; the first key is at position `start`."""
        key = self.positions.rotate(key, start)
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
        """Attend to `memory`, in a fused kernel if possible; `mask` and `window` as in `attend`."""
        is_plain = window is None and not self.observers and not self.interventions
        if not is_plain or not self.is_fusible:
            return self.attend(query, memory, mask, window).output
        scale, factor = self.score.dot_scale, self.normaliser.softmax_factor
        assert scale is not None
        assert factor is not None
        query = self.score.project_query(self._rotate(query, memory))
        bias = self.positions.bias(self.score, query, memory.key.size(-2))
        if bias is not None:
            bias = bias * factor
        if isinstance(factor, Tensor):  # the kernel takes a number only
            query, factor = query * factor.to(query.dtype), 1.0
        dropout_p = self.dropout if self.training else 0.0
        return product_attention(
            query, memory.key, memory.value, mask, scale * factor, dropout_p, bias
        )

    def attend(
        self,
        query: Float[Tensor, "*batch queries query_size"],
        memory: Memory,
        mask: Mask | None = None,
        window: Float[Tensor, "..."] | None = None,
    ) -> AttentionStep:
        """Attend to `memory` step by step, with all intermediate results.

        `mask`: True where a query may see a key. `window`: factors of at least 0 of the weights;
        keys of factor 0 are masked. Both broadcast against (…, queries, keys).
        """
        query = self._rotate(query, memory)
        projected = self.score.project_query(query)
        scores = _share_heads(self.score.compare, projected, memory.key)
        bias = self.positions.bias(self.score, projected, memory.key.size(-2))
        if bias is not None:
            scores = scores + bias
        if window is not None:
            mask = window > 0 if mask is None else mask & (window > 0)
        # In half precision weights would be rounded twice.
        weights = self.normaliser(scores.float() if scores.dtype.itemsize < 4 else scores, mask)
        if window is not None:
            weights = weights * window
        for intervene in self.interventions:
            weights = intervene(weights, mask)
        dropped = dropout(weights, self.dropout, self.training)
        output = _share_heads(torch.matmul, dropped, memory.value)
        position_output = self.positions.values(dropped)
        if position_output is not None:
            output = output + position_output
        step = AttentionStep(
            query=query,
            projected_query=projected,
            memory=memory,
            bias=bias,
            scores=scores,
            mask=mask,
            window=window,
            weights=weights,
            position_output=position_output,
            output=output,
        )
        for observe in self.observers:
            observe(step)
        return step

    def _rotate(self, query: Tensor, memory: Memory) -> Tensor:
        """Rotate queries, the last tokens of the memory, by their positions."""
        return self.positions.rotate(query, memory.key.size(-2) - query.size(-2))


def _share_heads(
    function: Callable[[Tensor, Tensor], Tensor], query: Tensor, memory: Tensor
) -> Tensor:
    """Apply `function` to tensors of queries and of memory, whose heads several queries may share.

    (batch, heads, queries, …) and (batch, fewer heads, keys, …) -> (batch, heads, queries, …).
    Query heads that share a head become further queries of it, so that no memory is copied.
    """
    if query.dim() < 4 or query.size(1) == memory.size(1):
        return function(query, memory)
    batch, heads, queries, size = query.shape
    grouped = query.reshape(batch, memory.size(1), -1, size)
    return function(grouped, memory).view(batch, heads, queries, -1)
