"""T5's relative positions: offsets fall into buckets, each with a learnt bias for each head."""

import math
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
from attnlab.support.errors import UsageError
from attnlab.support.ranges import Size


@dataclass(kw_only=True)
class T5Config(PositionsConfig):
    """`buckets`: how many offsets are told apart; `farthest`: the distance the last one begins at.

    An encoder's buckets are half for keys before the query, half for those behind it.
    """

    buckets: Size
    farthest: Size


def bucket_of(
    offset: Int[Tensor, "*any"], buckets: int, farthest: int, *, directed: bool
) -> Int[Tensor, "*any"]:
    """Raffel et al. 2020, section 2.1: near offsets have a bucket each, further ones share.

    Half of a side's buckets are for the distances 0, 1, 2, …; those of the other half are wider
    and wider, on a logarithmic scale up to `farthest`. `offset` is that of the key from the query.
    Undirected, the first half of all is for keys before the query and at it.
    """
    first: Tensor | int = 0
    if directed:
        distance = (-offset).clamp(min=0)
    else:
        buckets //= 2
        first = buckets * (offset > 0).long()
        distance = offset.abs()
    exact = buckets // 2
    # In double precision, so that distances at a bucket's edge fall to the same side everywhere.
    way = (distance.clamp(min=1).double() / exact).log() / math.log(farthest / exact)
    wide = (exact + (way * (buckets - exact)).long()).clamp(max=buckets - 1)
    return first + torch.where(distance < exact, distance, wide)


class T5Bias(RelativePositions):
    """A learnt number for each bucket and head, added to the scores; it begins as 0."""

    def __init__(self, heads: int, buckets: int, farthest: int, *, directed: bool) -> None:
        super().__init__()
        self.farthest = farthest
        self.directed = directed
        self.table = nn.Embedding(buckets, heads)
        nn.init.zeros_(self.table.weight)

    def bias(
        self,
        score: Score,  # noqa: ARG002
        query: Float[Tensor, "*batch queries projected_size"],
        keys: int,
    ) -> Float[Tensor, "1 heads queries keys"]:
        """See `RelativePositions`."""
        offset = offsets(query.size(-2), keys, query.device)
        bucket = bucket_of(offset, self.table.num_embeddings, self.farthest, directed=self.directed)
        # (queries, keys, heads) -> (1, heads, queries, keys)
        bias: Tensor = self.table(bucket).permute(2, 0, 1).unsqueeze(0)
        return bias


@POSITIONS.register("t5", T5Config)
class T5Positions(Positions):
    """Raffel et al. 2020, section 2.1: each head has its biases, and all layers have the same."""

    def __init__(self, config: T5Config, *, directed: bool) -> None:
        exact = config.buckets // (2 if directed else 4)
        if config.buckets % 2 or config.buckets < 4:
            raise UsageError(f"positions.buckets={config.buckets} must be even, and at least 4")
        if config.farthest <= exact:
            raise UsageError(
                f"positions.farthest={config.farthest} must be above {exact}: a distance up to it "
                f"has one of the {config.buckets} positions.buckets for itself"
            )
        self.config = config
        self.directed = directed
        self.shared: dict[int, T5Bias] = {}

    def relative(
        self,
        *,
        heads: int,
        query_size: int,  # noqa: ARG002
        key_size: int,  # noqa: ARG002
        value_size: int,  # noqa: ARG002
    ) -> T5Bias:
        """See `T5Bias`; the same one for all layers of the stack."""
        if heads not in self.shared:
            self.shared[heads] = T5Bias(
                heads, self.config.buckets, self.config.farthest, directed=self.directed
            )
        return self.shared[heads]
