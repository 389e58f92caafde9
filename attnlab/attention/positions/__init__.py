"""Positions. Importing this package registers all kinds of positions by name."""

from attnlab.attention.positions import absolute, biases, rotary, shaw
from attnlab.attention.positions.interface import (
    POSITIONS,
    HeadSizes,
    PositionEmbedding,
    Positions,
    PositionsConfig,
    RelativePositions,
)

__all__ = [
    "POSITIONS",
    "HeadSizes",
    "PositionEmbedding",
    "Positions",
    "PositionsConfig",
    "RelativePositions",
    "absolute",
    "biases",
    "rotary",
    "shaw",
]
