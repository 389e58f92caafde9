"""Scoring functions. Importing this package registers them by name, in the order of tables."""

# isort: off
from attnlab.attention.scores import products, additive, similarity, location

# isort: on
from attnlab.attention.scores.interface import SCORES, Score, ScoreConfig

__all__ = [
    "SCORES",
    "Score",
    "ScoreConfig",
    "additive",
    "location",
    "products",
    "similarity",
]
