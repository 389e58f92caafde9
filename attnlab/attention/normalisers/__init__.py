"""Normalisers, from scores to weights. Importing this package registers them by name."""

from attnlab.attention.normalisers import softmax, sparse  # in the order of tables
from attnlab.attention.normalisers.interface import (
    NORMALISERS,
    Mask,
    Normaliser,
    NormaliserConfig,
)

__all__ = [
    "NORMALISERS",
    "Mask",
    "Normaliser",
    "NormaliserConfig",
    "softmax",
    "sparse",
]
