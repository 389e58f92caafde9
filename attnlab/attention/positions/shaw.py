"""Shaw's relative positions: each offset between two tokens has a learnt key and a learnt value."""

from dataclasses import dataclass

import torch
from jaxtyping import Float, Int
from torch import Tensor, nn

from attnlab.attention.positions.interface import (
    POSITIONS,
    Positions,
    PositionsConfig,
    RelativePositions,
    offsets,
)
from attnlab.attention.scores import Score
from attnlab.support.ranges import Size


@dataclass(kw_only=True)
class ShawConfig(PositionsConfig):
    """`farthest`: further offsets are taken for it. `values`: learn those too, not keys alone."""

    farthest: Size
    values: bool


class ShawEmbeddings(RelativePositions):
    """Shaw et al. 2018, section 3.2: `e_ij = x_i W^Q (x_j W^K + a^K_ij)ᵀ / √d`.

    The a^K of clipped offsets, `a^K_clip(j - i, k)`, are further keys: `e_ij = score(q_i, k_j) +
    score(q_i, a^K_ij)`, which any score can be asked for, and which is the paper's formula for
    every score that is a product. Equation 3 adds `Σ_j α_ij a^V_ij` to the average of values.

    One row of a table an offset, from the farthest before the query to the farthest behind it; a
    `directed` stack looks at none behind, and has no rows for them. Heads share the tables.
    """

    def __init__(
        self, farthest: int, key_size: int, value_size: int | None, *, directed: bool
    ) -> None:
        super().__init__()
        self.farthest = farthest
        self.directed = directed
        rows = farthest + 1 if directed else 2 * farthest + 1
        self.key_table = nn.Embedding(rows, key_size)
        self.value_table = None if value_size is None else nn.Embedding(rows, value_size)
        self.adds_to_answer = value_size is not None
        for table in (self.key_table, self.value_table):
            if table is not None:
                nn.init.xavier_uniform_(table.weight)

    def bias(
        self, score: Score, query: Float[Tensor, "*batch queries projected_size"], keys: int
    ) -> Float[Tensor, "*batch queries keys"]:
        """See `RelativePositions`; each query is compared once with each row, not with each key."""
        key = score.project_key(self.key_table.weight)
        scores = score.compare(query.reshape(-1, query.size(-1)), key)
        rows = self._rows(query.size(-2), keys, query.device)
        by_row = scores.view(*query.shape[:-1], -1)
        return by_row.gather(-1, rows.expand(*query.shape[:-1], -1))

    def answer(
        self, weights: Float[Tensor, "*batch queries keys"]
    ) -> Float[Tensor, "*batch queries value_size"] | None:
        """See `RelativePositions`; weights of one row are first added up."""
        if self.value_table is None:
            return None
        rows = self._rows(weights.size(-2), weights.size(-1), weights.device)
        table = self.value_table.weight
        by_row = weights.new_zeros(*weights.shape[:-1], len(table))
        by_row = by_row.scatter_add(-1, rows.expand(weights.shape), weights)
        return by_row @ table

    def _rows(self, queries: int, keys: int, device: torch.device) -> Int[Tensor, "queries keys"]:
        """Where in the tables each key's offset from each query is."""
        behind = 0 if self.directed else self.farthest
        clipped = offsets(queries, keys, device).clamp(-self.farthest, behind)
        return clipped + self.farthest


@POSITIONS.register("shaw", ShawConfig)
class ShawPositions(Positions):
    """Shaw et al. 2018, "Self-Attention with Relative Position Representations"."""

    def __init__(self, config: ShawConfig, *, directed: bool) -> None:
        self.config = config
        self.directed = directed

    def relative(
        self,
        *,
        heads: int,  # noqa: ARG002
        query_size: int,  # noqa: ARG002
        key_size: int,
        value_size: int,
    ) -> ShawEmbeddings:
        """See `ShawEmbeddings`; each layer has its own."""
        return ShawEmbeddings(
            self.config.farthest,
            key_size,
            value_size if self.config.values else None,
            directed=self.directed,
        )
