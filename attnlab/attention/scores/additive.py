"""The additive score: a network with one hidden layer over query and key."""

from dataclasses import dataclass
from types import MappingProxyType

import torch
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
)
from attnlab.support.ranges import Size


@dataclass(kw_only=True)
class AdditiveConfig(ScoreConfig):
    """`hidden_size`: features of the hidden layer; null is the size of the query."""

    hidden_size: Size | None


@SCORES.register("additive", AdditiveConfig)
class AdditiveScore(Score):
    """Bahdanau et al. 2015, A.1.2: `e_ij = v_a · tanh(W_a s_{i-1} + U_a h_j)`.

    s is query, h is key; W_a, U_a and v_a are learnt.
    """

    formula = "vᵀ tanh(W q + U k)"
    working = "q′ = W q, k′ = U k, and Σᵢ vᵢ tanh(q′ᵢ + k′ᵢ)"
    symbols = MappingProxyType(
        {"query_weight.weight": "W", "key_weight.weight": "U", "hidden_weight.weight": "vᵀ"}
    )
    takes_unequal_sizes = True

    def __init__(self, config: AdditiveConfig, query_size: int, key_size: int) -> None:
        super().__init__()
        hidden_size = query_size if config.hidden_size is None else config.hidden_size
        self.query_weight = nn.Linear(query_size, hidden_size, bias=False)
        self.key_weight = nn.Linear(key_size, hidden_size, bias=False)
        self.hidden_weight = nn.Linear(hidden_size, 1, bias=False)

    def project_query(self, query: Float[Tensor, "*batch query_size"]) -> Tensor:
        """`W_a s`: (…, query_size) -> (…, hidden_size)."""
        projected: Tensor = self.query_weight(query)
        return projected

    def project_key(self, key: Float[Tensor, "*batch key_size"]) -> Tensor:
        """`U_a h`: (…, key_size) -> (…, hidden_size)."""
        projected: Tensor = self.key_weight(key)
        return projected

    def compare(self, query: Queries, key: Keys) -> Scores:
        """`v_a · tanh(q + k)`; takes memory for queries × keys × hidden_size numbers."""
        # (…, queries, 1, hidden) + (…, 1, keys, hidden) -> (…, queries, keys, hidden)
        hidden = (query.unsqueeze(-2) + key.unsqueeze(-3)).tanh_()
        scores: Tensor = self.hidden_weight(hidden)
        return scores.squeeze(-1)

    def terms(self, query: Queries, key: Keys) -> Terms:
        """`v_i tanh(q_i + k_i)`."""
        return self.hidden_weight.weight[0] * torch.tanh(query.unsqueeze(-2) + key.unsqueeze(-3))
