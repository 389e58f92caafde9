"""Ways to tell attention an order. Importing this package registers them all by name."""

from attnlab.attention.positions import alibi, learned, none, rotary, shaw, sinusoidal, t5
from attnlab.attention.positions.interface import (
    POSITIONS,
    PositionEmbedding,
    Positions,
    PositionsConfig,
    RelativePositions,
)

__all__ = [
    "POSITIONS",
    "PositionEmbedding",
    "Positions",
    "PositionsConfig",
    "RelativePositions",
    "alibi",
    "learned",
    "none",
    "rotary",
    "shaw",
    "sinusoidal",
    "t5",
]
