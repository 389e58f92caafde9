"""No positions: attention as it is, for which any order of the words is the same."""

from dataclasses import dataclass

from attnlab.attention.positions.interface import POSITIONS, Positions, PositionsConfig


@dataclass(kw_only=True)
class NoPositionsConfig(PositionsConfig):
    """Nothing to choose."""


@POSITIONS.register("none", NoPositionsConfig)
class NoPositions(Positions):
    """Tells nothing. A decoder still knows something of order: it sees only what came before."""

    def __init__(self, config: NoPositionsConfig) -> None:
        pass

    def embedding(self, size: int) -> None:
        """None."""

    def relative(self, heads: int, key_size: int, value_size: int) -> None:
        """None."""
