"""Positions: what tells attention, which sees a set, in which order the words stood.

A way to tell may change the embeddings of tokens, once at the bottom of a stack, or what goes on
within each self-attention, where queries and keys are tokens of one sentence; or both. Between two
sentences (cross-attention) there is no common order, and nothing is told.
"""

from abc import ABC, abstractmethod
from dataclasses import dataclass

import torch
from jaxtyping import Float, Int
from torch import Tensor, nn

from attnlab.attention.scores import Score
from attnlab.support.registry import Registry

POSITIONS: Registry["Positions"] = Registry("positions")


@dataclass(kw_only=True)
class PositionsConfig:
    """What every choice's configuration has: the registered `name`."""

    name: str


class PositionEmbedding(nn.Module, ABC):
    """Tells each token its position by its `size` features."""

    size: int

    @abstractmethod
    def forward(
        self, embedded: Float[Tensor, "batch length size"], start: int = 0
    ) -> Float[Tensor, "batch length size"]:
        """`embedded` with positions; its first token stands at position `start` of its sentence."""


class RelativePositions(nn.Module):
    """What one self-attention is told of positions; here nothing.

    Keys are all tokens from position 0 on, and the queries are the last of these tokens. Axes in
    front of those named are batch and heads.
    """

    adds_to_answer = False
    """Whether `answer` adds anything: it looks at weights, which a fused kernel does not show."""

    def turn(
        self,
        projected: Float[Tensor, "*batch length size"],
        start: int,  # noqa: ARG002
    ) -> Float[Tensor, "*batch length size"]:
        """A head's queries or keys, the first at position `start`, before they are scored."""
        return projected

    def bias(
        self,
        score: Score,  # noqa: ARG002
        query: Float[Tensor, "*batch queries projected_size"],  # noqa: ARG002
        keys: int,  # noqa: ARG002
    ) -> Float[Tensor, "..."] | None:
        """What is added to the scores of projected queries; broadcasts against them."""
        return None

    def answer(
        self,
        weights: Float[Tensor, "*batch queries keys"],  # noqa: ARG002
    ) -> Float[Tensor, "*batch queries value_size"] | None:
        """What is added to the average of values."""
        return None


class Positions:
    """A way to tell positions in one stack of layers, which takes its parts of it; here nothing.

    Registered ones are made of their config and of `directed`: whether, in this stack, a query
    sees no key behind itself, as in a decoder.
    """

    def embedding(self, size: int) -> PositionEmbedding | None:  # noqa: ARG002
        """For the stack's embeddings, of `size` features; None where they are left alone."""
        return None

    def relative(
        self,
        *,
        heads: int,  # noqa: ARG002
        query_size: int,  # noqa: ARG002
        key_size: int,  # noqa: ARG002
        value_size: int,  # noqa: ARG002
    ) -> RelativePositions | None:
        """For one self-attention of the stack; the sizes are those of one head.

        None where nothing is told there.
        """
        return None


def offsets(queries: int, keys: int, device: torch.device) -> Int[Tensor, "queries keys"]:
    """How far behind the query each key stands, j - i: below 0 before it, 0 at the same token."""
    key = torch.arange(keys, device=device)
    return key - key[keys - queries :].unsqueeze(1)
