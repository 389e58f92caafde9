"""The interface of positions, which make attention depend on the order of tokens.

Positions act on the embeddings at the bottom of a stack of layers, or within each of its
self-attentions, or both. Cross-attention has no positions.
"""

from abc import ABC, abstractmethod
from dataclasses import dataclass

import torch
from jaxtyping import Float, Int
from torch import Tensor, nn

from attnlab.attention.scores.interface import Queries, Score, Scores
from attnlab.support.registry import Registry

POSITIONS: Registry["Positions"] = Registry("positions")

Embedded = Float[Tensor, "batch length size"]
Bias = Float[Tensor, "..."]
Rotated = Float[Tensor, "*batch length size"]
Values = Float[Tensor, "*batch queries value_size"]


@dataclass(frozen=True, kw_only=True)
class HeadSizes:
    """The number of `heads` of an attention, and the features of each."""

    heads: int
    query_size: int
    key_size: int
    value_size: int


@dataclass(kw_only=True)
class PositionsConfig:
    """Base class of position configurations, with the registered `name`."""

    name: str


class PositionEmbedding(nn.Module, ABC):
    """Positions as part of token embeddings of `size` features."""

    size: int

    @abstractmethod
    def forward(self, embedded: Embedded, start: int = 0) -> Embedded:
        """Add positions to `embedded`, whose first token is at position `start`."""


class RelativePositions(nn.Module):
    """Positions in one self-attention; the base class changes nothing.

    Keys are all tokens from position 0 on, and queries the last of these tokens.
    """

    adds_values = False
    """Whether `values` returns a tensor; it needs weights, which a fused kernel does not return."""

    def rotate(self, x: Rotated, start: int) -> Rotated:
        """Transform a head's queries or keys before scoring; the first is at position `start`."""
        return x

    def bias(self, score: Score, query: Queries, keys: int) -> Bias | None:
        """The summand of the scores of projected queries; broadcasts against them."""
        return None

    def values(self, weights: Scores) -> Values | None:
        """The summand of the weighted average of values."""
        return None


class Positions:
    """Positions of one stack of layers: a factory of its modules; the base class makes none.

    Registered classes take their config and `causal`: whether the stack is a decoder, in which no
    query sees a later key.
    """

    def embedding(self, size: int) -> PositionEmbedding | None:
        """Build the embedding for `size` features; None leaves embeddings as they are."""
        return None

    def relative(self, sizes: HeadSizes) -> RelativePositions | None:
        """Build the positions of one self-attention; None leaves it as it is."""
        return None


@POSITIONS.register("none", PositionsConfig)
class NoPositions(Positions):
    """No positions; a decoder still depends on order through its causal mask."""

    def __init__(self, config: PositionsConfig, *, causal: bool) -> None:
        pass


def offsets(queries: int, keys: int, device: torch.device) -> Int[Tensor, "queries keys"]:
    """The offset j - i of each key from each query; negative before it, 0 at the same token."""
    key = torch.arange(keys, device=device)
    return key - key[keys - queries :].unsqueeze(1)
