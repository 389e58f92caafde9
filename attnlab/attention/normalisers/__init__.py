"""From scores to weights. Importing this package registers all normalisers by name."""

from attnlab.attention.normalisers import softmax
from attnlab.attention.normalisers.interface import (
    NORMALISERS,
    Mask,
    Normaliser,
    NormaliserConfig,
)

__all__ = ["NORMALISERS", "Mask", "Normaliser", "NormaliserConfig", "softmax"]
