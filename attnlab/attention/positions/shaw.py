"""Shaw's relative positions: a learnt key and value for each offset between two tokens."""

from dataclasses import dataclass

import torch
from jaxtyping import Int
from torch import Tensor, nn

from attnlab.attention.positions.interface import (
    POSITIONS,
    HeadSizes,
    Positions,
    PositionsConfig,
    RelativePositions,
    Values,
    offsets,
)
from attnlab.attention.scores.interface import Queries, Score, Scores
from attnlab.support.ranges import Size


@dataclass(kw_only=True)
class ShawConfig(PositionsConfig):
    """`farthest`: largest offset; others are clipped. `values`: learn values as well as keys."""

    farthest: Size
    values: bool


class ShawEmbeddings(RelativePositions):
    """Shaw et al. 2018, section 3.2: `e_ij = x_i W^Q (x_j W^K + a^K_ij)ᵀ / √d`.

    `a^K_ij` is the embedding of the offset `j - i`, clipped to `±farthest`. It is scored like a
    key: `e_ij = score(q_i, k_j) + score(q_i, a^K_ij)`. This is defined for any score, and equals
    the paper's formula for dot products. Equation 3 adds `Σ_j α_ij a^V_ij` to the weighted average
    of values.

    The tables have one row per offset from `-farthest` to `farthest`, or to 0 if `causal`. Heads
    share the tables.
    """

    def __init__(
        self, farthest: int, key_size: int, value_size: int | None, *, causal: bool
    ) -> None:
        super().__init__()
        self.farthest = farthest
        self.causal = causal
        rows = farthest + 1 if causal else 2 * farthest + 1
        self.key_table = nn.Embedding(rows, key_size)
        self.value_table = None if value_size is None else nn.Embedding(rows, value_size)
        self.adds_values = value_size is not None
        for table in (self.key_table, self.value_table):
            if table is not None:
                nn.init.xavier_uniform_(table.weight)

    def bias(self, score: Score, query: Queries, keys: int) -> Scores:
        """See `RelativePositions`; scores each query and table row once, then gathers by offset."""
        key = score.project_key(self.key_table.weight)
        scores = score.compare(query.reshape(-1, query.size(-1)), key)
        rows = self._rows(query.size(-2), keys, query.device)
        by_row = scores.view(*query.shape[:-1], -1)
        return by_row.gather(-1, rows.expand(*query.shape[:-1], -1))

    def values(self, weights: Scores) -> Values | None:
        """See `RelativePositions`; sums the weights of keys that share a table row first."""
        if self.value_table is None:
            return None
        rows = self._rows(weights.size(-2), weights.size(-1), weights.device)
        table = self.value_table.weight
        by_row = weights.new_zeros(*weights.shape[:-1], len(table))
        by_row = by_row.scatter_add(-1, rows.expand(weights.shape), weights)
        return by_row @ table

    def _rows(self, queries: int, keys: int, device: torch.device) -> Int[Tensor, "queries keys"]:
        """Table row of the offset between each query and each key."""
        last = 0 if self.causal else self.farthest
        clipped = offsets(queries, keys, device).clamp(-self.farthest, last)
        return clipped + self.farthest


@POSITIONS.register("shaw", ShawConfig)
class ShawPositions(Positions):
    """Shaw et al. 2018, "Self-Attention with Relative Position Representations"."""

    def __init__(self, config: ShawConfig, *, causal: bool) -> None:
        self.config = config
        self.causal = causal

    def relative(self, sizes: HeadSizes) -> ShawEmbeddings:
        """See `ShawEmbeddings`; each layer has its own tables."""
        return ShawEmbeddings(
            self.config.farthest,
            sizes.key_size,
            sizes.value_size if self.config.values else None,
            causal=self.causal,
        )
