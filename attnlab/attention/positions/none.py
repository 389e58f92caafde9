"""No positions: attention as it is, for which any order of the words is the same."""

from dataclasses import dataclass

from attnlab.attention.positions.interface import POSITIONS, Positions, PositionsConfig


@dataclass(kw_only=True)
class NoPositionsConfig(PositionsConfig):
    """Nothing to choose."""


@POSITIONS.register("none", NoPositionsConfig)
class NoPositions(Positions):
    """Tells nothing. A decoder still knows something of order: it sees only what came before."""

    def __init__(self, config: NoPositionsConfig, *, directed: bool) -> None:
        pass
