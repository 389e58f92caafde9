"""The scoring functions. Importing this package registers them all by name.

They are imported, and so registered and listed, in the order in which one best meets them.
"""

# isort: off
from attnlab.attention.scores import products, additive, cosine, gaussian, location

# isort: on
from attnlab.attention.scores.interface import SCORES, Score, ScoreConfig

__all__ = [
    "SCORES",
    "Score",
    "ScoreConfig",
    "additive",
    "cosine",
    "gaussian",
    "location",
    "products",
]
