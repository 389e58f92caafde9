"""Shaw's relative positions: a learnt key and a learnt value for each offset of two tokens."""

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
    """`farthest`: larger offsets are clipped to it. `values`: learn values, not keys alone."""

    farthest: Size
    values: bool


class ShawEmbeddings(RelativePositions):
    """Shaw et al. 2018, section 3.2: `e_ij = x_i W^Q (x_j W^K + a^K_ij)ᵀ / √d`.

    With the a^K of clipped offsets, `a^K_clip(j - i, k)`, as additional keys: `e_ij = score(q_i,
    k_j) + score(q_i, a^K_ij)`, which holds for any score, and equals the paper's formula for
    products. Equation 3 adds `Σ_j α_ij a^V_ij` to the weighted average of values.

    Tables have a row for each offset from `-farthest` to `farthest`, or to 0 if `causal`. Heads
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
        """See `RelativePositions`; compares each query with each row once, then gathers by key."""
        key = score.project_key(self.key_table.weight)
        scores = score.compare(query.reshape(-1, query.size(-1)), key)
        rows = self._rows(query.size(-2), keys, query.device)
        by_row = scores.view(*query.shape[:-1], -1)
        return by_row.gather(-1, rows.expand(*query.shape[:-1], -1))

    def values(self, weights: Scores) -> Values | None:
        """See `RelativePositions`; weights of keys with the same row are summed first."""
        if self.value_table is None:
            return None
        rows = self._rows(weights.size(-2), weights.size(-1), weights.device)
        table = self.value_table.weight
        by_row = weights.new_zeros(*weights.shape[:-1], len(table))
        by_row = by_row.scatter_add(-1, rows.expand(weights.shape), weights)
        return by_row @ table

    def _rows(self, queries: int, keys: int, device: torch.device) -> Int[Tensor, "queries keys"]:
        """The row of each key's offset from each query."""
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
