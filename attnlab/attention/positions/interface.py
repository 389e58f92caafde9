"""Positions: what tells attention, which sees a set, in which order the words stood.

A way to tell may change the embeddings of tokens, once at the bottom of a stack, or what goes on
within each self-attention, where queries and keys are tokens of one sentence; or both. Between two
sentences (cross-attention) there is no common order, and nothing is told.
"""

from abc import ABC, abstractmethod
from dataclasses import dataclass

from jaxtyping import Float
from torch import Tensor, nn

from attnlab.attention.scores import Score
from attnlab.registry import Registry

POSITIONS: Registry["Positions"] = Registry("positions")


@dataclass(kw_only=True)
class PositionsConfig:
    """What every choice's configuration has: the registered `name`."""

    name: str


class PositionEmbedding(nn.Module, ABC):
    """Tells each token its position by its features."""

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

    told_by_turning = True
    """Whether `turn` is all that is done: then nothing stands in the way of a fused kernel."""

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


class Positions(ABC):
    """A way to tell positions, from which a model takes the parts that it has use for."""

    @abstractmethod
    def embedding(self, size: int) -> PositionEmbedding | None:
        """For the embeddings of one stack, of `size` features; None where they are left alone."""

    @abstractmethod
    def relative(self, heads: int, key_size: int, value_size: int) -> RelativePositions | None:
        """For one self-attention, whose heads have keys and values of these sizes."""
