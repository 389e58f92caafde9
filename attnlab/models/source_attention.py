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
class Sight:
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
    ) -> Sight:
        """Before the first query; keys and values are one."""
        covered = None
        if self.coverage is not None:
            covered = torch.zeros_like(mask, dtype=self.coverage.weight.dtype)
        return Sight(self.pooling.prepare(key, key), mask.unsqueeze(1), 0, covered)

    def forward(
        self, query: Float[Tensor, "batch queries query_size"], sight: Sight
    ) -> tuple[Float[Tensor, "batch queries key_size"], Sight]:
        """The next queries' contexts, and the sight behind them."""
        if self.coverage is not None:
            return self._one_by_one(self.coverage, query, sight)
        context = self.pooling(query, sight.memory, sight.mask, self._factors(query, sight))
        return context, Sight(sight.memory, sight.mask, sight.length + query.size(1), None)

    @uncompiled  # or each query becomes code
    def _one_by_one(
        self, coverage: Coverage, queries: Tensor, sight: Sight
    ) -> tuple[Tensor, Sight]:
        contexts = []
        for query in queries.unsqueeze(2).unbind(1):  # each (batch, 1, query size)
            assert sight.covered is not None
            memory = coverage(self.pooling.score, sight.memory, sight.covered)
            step = self.pooling.attend(query, memory, sight.mask, self._factors(query, sight))
            covered = sight.covered + step.weights.squeeze(1)
            sight = Sight(sight.memory, sight.mask, sight.length + 1, covered)
            contexts.append(step.answer)
        return torch.cat(contexts, dim=1), sight

    def _factors(self, query: Tensor, sight: Sight) -> Tensor | None:
        if self.window is None:
            return None
        factors: Tensor = self.window(query, sight.mask, sight.length)
        return factors
