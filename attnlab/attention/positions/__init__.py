"""Ways to tell attention an order. Importing this package registers them all by name."""

from attnlab.attention.positions import none, sinusoidal
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
    "none",
    "sinusoidal",
]
