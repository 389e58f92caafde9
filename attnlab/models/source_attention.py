"""Attention to the source, one query after the other: what a recurrent decoder looks back with.

The pooling of values, and around it what depends on the queries before: at which step a query is
asked (`window.py`), and what was looked at up to there (`coverage.py`).
"""

from dataclasses import dataclass

import torch
from jaxtyping import Bool, Float
from torch import Tensor, nn

from attnlab.attention.choices import AttentionConfig
from attnlab.attention.coverage import Coverage
from attnlab.attention.pooling import Memory
from attnlab.attention.window import build_window
from attnlab.models.uncompiled import uncompiled


@dataclass
class SourceAttentionState:
    """What there is to see, and what was seen of it.

    `mask` (batch, 1, keys) is for any query. `length`: how many queries were asked. `covered`
    (batch, keys): the sum of their weights; None where nobody wants to know.
    """

    memory: Memory
    mask: Tensor
    length: int
    covered: Tensor | None


class SourceAttention(nn.Module):
    """One attention whose queries, of `query_size` features, come in the order of a sentence.

    `window`: global, local_m or local_p, of `radius` keys to each side. `coverage`: whether the
    weights of earlier queries enter the scores; queries then wait for one another.
    """

    def __init__(
        self,
        attention: AttentionConfig,
        query_size: int,
        key_size: int,
        *,
        window: str = "global",
        radius: int = 10,
        coverage: bool = False,
    ) -> None:
        super().__init__()
        self.pooling = attention.pooling(query_size, key_size)
        self.window = build_window(window, radius, query_size)
        self.coverage = Coverage(self.pooling.score, key_size) if coverage else None

    def prepare(
        self, key: Float[Tensor, "batch keys key_size"], mask: Bool[Tensor, "batch keys"]
    ) -> SourceAttentionState:
        """Before the first query; keys and values are one."""
        covered = None
        if self.coverage is not None:
            covered = torch.zeros_like(mask, dtype=self.coverage.weight.dtype)
        return SourceAttentionState(self.pooling.prepare(key, key), mask.unsqueeze(1), 0, covered)

    def forward(
        self, query: Float[Tensor, "batch queries query_size"], state: SourceAttentionState
    ) -> tuple[Float[Tensor, "batch queries key_size"], SourceAttentionState]:
        """The next queries' contexts, and the state behind them."""
        if self.coverage is not None:
            return self._one_by_one(self.coverage, query, state)
        context = self.pooling(query, state.memory, state.mask, self._factors(query, state))
        return context, SourceAttentionState(
            state.memory, state.mask, state.length + query.size(1), None
        )

    @uncompiled  # or each query becomes code
    def _one_by_one(
        self, coverage: Coverage, queries: Tensor, state: SourceAttentionState
    ) -> tuple[Tensor, SourceAttentionState]:
        contexts = []
        for query in queries.unsqueeze(2).unbind(1):  # each (batch, 1, query size)
            assert state.covered is not None
            memory = coverage(self.pooling.score, state.memory, state.covered)
            step = self.pooling.attend(query, memory, state.mask, self._factors(query, state))
            covered = state.covered + step.weights.squeeze(1)
            state = SourceAttentionState(state.memory, state.mask, state.length + 1, covered)
            contexts.append(step.answer)
        return torch.cat(contexts, dim=1), state

    def _factors(self, query: Tensor, state: SourceAttentionState) -> Tensor | None:
        if self.window is None:
            return None
        factors: Tensor = self.window(query, state.mask, state.length)
        return factors
