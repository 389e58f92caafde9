"""The scoring functions. Importing this package registers them all by name."""

from attnlab.attention.scores import additive, gaussian, products
from attnlab.attention.scores.interface import SCORES, Score, ScoreConfig

__all__ = ["SCORES", "Score", "ScoreConfig", "additive", "gaussian", "products"]
