"""Scores that are a product of vectors: dot, scaled dot, and the general, bilinear one."""

import math
from types import MappingProxyType

from jaxtyping import Float
from torch import Tensor, nn

from attnlab.attention.scores.interface import (
    SCORES,
    Keys,
    Queries,
    Score,
    ScoreConfig,
    Scores,
    Terms,
    require_equal_sizes,
)


class ProductScore(Score):
    """Base of scores whose last part is `dot_scale · q kᵀ`."""

    dot_scale: float
    working = "Σᵢ qᵢ kᵢ"

    def terms(self, query: Queries, key: Keys) -> Terms:
        """`q_i k_i`."""
        return query.unsqueeze(-2) * key.unsqueeze(-3)

    def compare(self, query: Queries, key: Keys) -> Scores:
        """`dot_scale · q kᵀ`."""
        return (query * self.dot_scale) @ key.transpose(-2, -1)


@SCORES.register("dot", ScoreConfig)
class DotScore(ProductScore):
    """Luong et al. 2015, section 3.1: `score(h_t, h_s) = h_t · h_s`; h_t is query, h_s is key.

    Its variance grows with the size of the vectors, and gradients through a softmax of large
    scores vanish; compare `ScaledDotScore`.
    """

    formula = "q·k"
    dot_scale = 1.0

    def __init__(self, config: ScoreConfig, query_size: int, key_size: int) -> None:
        super().__init__()
        require_equal_sizes(config.name, query_size, key_size)


@SCORES.register("scaled_dot", ScoreConfig)
class ScaledDotScore(ProductScore):
    """Vaswani et al. 2017, equation 1: `q · k / √d`, of variance 1 at any size d."""

    formula = "q·k / √d"

    def __init__(self, config: ScoreConfig, query_size: int, key_size: int) -> None:
        super().__init__()
        require_equal_sizes(config.name, query_size, key_size)
        self.dot_scale = self.factor = 1 / math.sqrt(query_size)


@SCORES.register("general", ScoreConfig)
class GeneralScore(ProductScore):
    """Luong et al. 2015, section 3.1: `h_tᵀ W_a h_s`; h_t is query, h_s is key.

    W_a maps keys to the size of queries; it is applied to keys, which are projected once.
    """

    formula = "qᵀ W k"
    working = "k′ = W k, and Σᵢ qᵢ k′ᵢ"
    symbols = MappingProxyType({"key_weight.weight": "W"})
    dot_scale = 1.0
    takes_unequal_sizes = True

    def __init__(self, config: ScoreConfig, query_size: int, key_size: int) -> None:
        super().__init__()
        self.key_weight = nn.Linear(key_size, query_size, bias=False)

    def project_key(self, key: Float[Tensor, "*batch key_size"]) -> Tensor:
        """`W_a k`: (…, key_size) -> (…, query_size)."""
        projected: Tensor = self.key_weight(key)
        return projected
