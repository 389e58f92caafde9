"""Relative positions as biases of scores: ALiBi's fixed slopes and T5's learnt buckets."""

import math
from dataclasses import dataclass

import torch
from jaxtyping import Int
from torch import Tensor, nn

from attnlab.attention.positions.interface import (
    POSITIONS,
    Bias,
    HeadSizes,
    Positions,
    PositionsConfig,
    RelativePositions,
    offsets,
)
from attnlab.attention.scores.interface import Queries, Score
from attnlab.support.errors import UsageError
from attnlab.support.ranges import Size


def slopes(heads: int) -> list[float]:
    """Press et al. 2022, section 3: `2^(-8/n), 2^(-16/n), …, 2^(-8)` for n heads.

    If n is no power of two, as in the authors' code: the slopes of the next lower power p, then
    every other one of 2p from the first on.
    """
    power = 2 ** (heads.bit_length() - 1)
    first = [2 ** (-8 * head / power) for head in range(1, power + 1)]
    between = [2 ** (-8 * head / (2 * power)) for head in range(1, 2 * power + 1, 2)]
    return first + between[: heads - power]


class AlibiBias(RelativePositions):
    """`bias_ij = -slope |i - j|` with a fixed slope for each head.

    In a decoder, where j ≤ i, that is the paper's `-slope (i - j)`.
    """

    slopes: Tensor

    def __init__(self, heads: int) -> None:
        super().__init__()
        self.register_buffer("slopes", torch.tensor(slopes(heads)), persistent=False)

    def bias(self, score: Score, query: Queries, keys: int) -> Bias:
        """See `RelativePositions`: (1, heads, queries, keys)."""
        distance = offsets(query.size(-2), keys, query.device).abs()
        return (-self.slopes[:, None, None] * distance).unsqueeze(0)


@POSITIONS.register("alibi", PositionsConfig)
class AlibiPositions(Positions):
    """Press et al. 2022 ("Train Short, Test Long"); in an encoder in both directions."""

    def __init__(self, config: PositionsConfig, *, causal: bool) -> None:
        pass

    def relative(self, sizes: HeadSizes) -> AlibiBias:
        """See `AlibiBias`."""
        return AlibiBias(sizes.heads)


@dataclass(kw_only=True)
class T5Config(PositionsConfig):
    """`buckets`: number of buckets of offsets; `farthest`: the distance at which the last begins.

    In an encoder half of the buckets are for keys before the query, half for later ones.
    """

    buckets: Size
    farthest: Size


def bucket_of(
    offset: Int[Tensor, "*any"], buckets: int, farthest: int, *, causal: bool
) -> Int[Tensor, "*any"]:
    """Raffel et al. 2020, section 2.1: the bucket of each offset j - i of a key from a query.

    Half of a direction's buckets are for the distances 0, 1, 2, …; those of the other half widen on
    a logarithmic scale up to `farthest`. Unless `causal`, the first half of all buckets is for keys
    at or before the query.
    """
    first: Tensor | int = 0
    if causal:
        distance = (-offset).clamp(min=0)
    else:
        buckets //= 2
        first = buckets * (offset > 0).long()
        distance = offset.abs()
    exact = buckets // 2
    # In double precision, so that a distance at the edge of buckets is rounded alike everywhere.
    way = (distance.clamp(min=1).double() / exact).log() / math.log(farthest / exact)
    wide = (exact + (way * (buckets - exact)).long()).clamp(max=buckets - 1)
    return first + torch.where(distance < exact, distance, wide)


class T5Bias(RelativePositions):
    """A learnt bias for each bucket and head, initially 0."""

    def __init__(self, heads: int, buckets: int, farthest: int, *, causal: bool) -> None:
        super().__init__()
        self.farthest = farthest
        self.causal = causal
        self.table = nn.Embedding(buckets, heads)
        nn.init.zeros_(self.table.weight)

    def bias(self, score: Score, query: Queries, keys: int) -> Bias:
        """See `RelativePositions`: (1, heads, queries, keys)."""
        offset = offsets(query.size(-2), keys, query.device)
        bucket = bucket_of(offset, self.table.num_embeddings, self.farthest, causal=self.causal)
        # (queries, keys, heads) -> (1, heads, queries, keys)
        bias: Tensor = self.table(bucket).permute(2, 0, 1).unsqueeze(0)
        return bias


@POSITIONS.register("t5", T5Config)
class T5Positions(Positions):
    """Raffel et al. 2020, section 2.1: biases for each head, shared by all layers."""

    def __init__(self, config: T5Config, *, causal: bool) -> None:
        exact = config.buckets // (2 if causal else 4)
        if config.buckets % 2 or config.buckets < 4:
            raise UsageError(f"positions.buckets={config.buckets} must be even, and at least 4")
        if config.farthest <= exact:
            raise UsageError(
                f"positions.farthest={config.farthest} must be above {exact}: a distance up to it "
                f"has one of the {config.buckets} positions.buckets for itself"
            )
        self.config = config
        self.causal = causal
        self.shared: dict[int, T5Bias] = {}

    def relative(self, sizes: HeadSizes) -> T5Bias:
        """See `T5Bias`; one module for all layers of the stack."""
        if sizes.heads not in self.shared:
            self.shared[sizes.heads] = T5Bias(
                sizes.heads, self.config.buckets, self.config.farthest, causal=self.causal
            )
        return self.shared[sizes.heads]
