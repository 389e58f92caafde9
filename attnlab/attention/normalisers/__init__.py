"""From scores to weights. Importing this package registers all normalisers by name.

They are imported, and so registered and listed, in the order in which one best meets them.
"""

# isort: off
from attnlab.attention.normalisers import softmax, temperature, sparsemax, entmax15

# isort: on
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
    "entmax15",
    "softmax",
    "sparsemax",
    "temperature",
]
