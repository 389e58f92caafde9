"""Scoring functions: how well does a key answer a query?

A score is a number for each pair of a query and a key, before any mask or softmax. Each function
splits its work in three, so that whoever asks many queries of the same keys (a decoder, one word
at a time) prepares those keys once:

    score(q, k) = compare(project_query(q), project_key(k))

All of them look at the last axis only, so the same code serves one attention (batch, queries,
size) and many heads (batch, heads, queries, size).
"""

import math
from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

import torch
from jaxtyping import Float
from torch import Tensor, nn

from attnlab.errors import UsageError
from attnlab.registry import Registry

SCORES: Registry["Score"] = Registry("score")


@dataclass(kw_only=True)
class ScoreConfig:
    """What every scoring function's configuration has: the registered `name`."""

    name: str


class Score(nn.Module, ABC):
    """A scoring function for queries of `query_size` and keys of `key_size` features."""

    formula: str
    """The score of a query q and a key k as a person writes it, such as `q·k / √d`."""

    working: str
    """How one goes on from what the projections make, q′ and k′, where that is something else than
    q and k: which terms are summed, feature by feature."""

    symbols: Mapping[str, str] = MappingProxyType({})
    """What the parameters, by their names in the module, are called in the formula."""

    factor: float = 1.0
    """What the sum of a score's `terms` is multiplied by."""

    dot_scale: float | None = None
    """The factor s, where `compare(q, k)` equals `s · q kᵀ`; None where it is no such product.

    Whoever pools may then leave the product, the mask and the softmax to one fused kernel.
    """

    def project_query(self, query: Float[Tensor, "*batch query_size"]) -> Tensor:
        """What `compare` needs of each query; here the query itself."""
        return query

    def project_key(self, key: Float[Tensor, "*batch key_size"]) -> Tensor:
        """What `compare` needs of each key; here the key itself."""
        return key

    @abstractmethod
    def compare(
        self,
        query: Float[Tensor, "*batch queries size"],
        key: Float[Tensor, "*batch keys size"],
    ) -> Float[Tensor, "*batch queries keys"]:
        """Scores of projected queries against projected keys."""

    def terms(
        self,
        query: Float[Tensor, "*batch queries size"],  # noqa: ARG002
        key: Float[Tensor, "*batch keys size"],  # noqa: ARG002
    ) -> Float[Tensor, "*batch queries keys features"] | None:
        """What a score is the sum of, feature by feature: `compare` is `factor · Σ_i terms_i`.

        For people to follow, of projected queries and keys. None where it is no such sum.
        """
        return None


class _ProductScore(Score):
    """Whatever ends in a product of prepared queries and prepared keys."""

    dot_scale: float
    working = "Σᵢ qᵢ kᵢ"

    def terms(
        self,
        query: Float[Tensor, "*batch queries size"],
        key: Float[Tensor, "*batch keys size"],
    ) -> Float[Tensor, "*batch queries keys features"]:
        """`q_i k_i`."""
        return query.unsqueeze(-2) * key.unsqueeze(-3)

    def compare(
        self,
        query: Float[Tensor, "*batch queries size"],
        key: Float[Tensor, "*batch keys size"],
    ) -> Float[Tensor, "*batch queries keys"]:
        """`dot_scale · q kᵀ`."""
        return (query * self.dot_scale) @ key.transpose(-2, -1)


def _require_equal_sizes(name: str, query_size: int, key_size: int) -> None:
    if query_size != key_size:
        raise UsageError(
            f"score={name} compares queries with keys feature by feature, but queries have "
            f"{query_size} features and keys {key_size}; use score=general or score=additive"
        )


@dataclass(kw_only=True)
class DotConfig(ScoreConfig):
    """Nothing to choose."""


@SCORES.register("dot", DotConfig)
class DotScore(_ProductScore):
    """Luong et al. 2015, section 3.1: `score(h_t, h_s) = h_t · h_s`; h_t is query, h_s is key.

    Its variance grows with the size of the vectors, and a softmax over large scores hardly
    learns: compare with `ScaledDotScore`.
    """

    formula = "q·k"
    dot_scale = 1.0

    def __init__(self, config: DotConfig, query_size: int, key_size: int) -> None:
        super().__init__()
        _require_equal_sizes(config.name, query_size, key_size)


@dataclass(kw_only=True)
class ScaledDotConfig(ScoreConfig):
    """Nothing to choose."""


@SCORES.register("scaled_dot", ScaledDotConfig)
class ScaledDotScore(_ProductScore):
    """Vaswani et al. 2017, equation 1: `q · k / √d`, so that the variance stays 1 at any size."""

    formula = "q·k / √d"

    def __init__(self, config: ScaledDotConfig, query_size: int, key_size: int) -> None:
        super().__init__()
        _require_equal_sizes(config.name, query_size, key_size)
        self.dot_scale = self.factor = 1 / math.sqrt(query_size)


@dataclass(kw_only=True)
class GeneralConfig(ScoreConfig):
    """Nothing to choose."""


@SCORES.register("general", GeneralConfig)
class GeneralScore(_ProductScore):
    """Luong et al. 2015, section 3.1: `h_tᵀ W_a h_s`; h_t is query, h_s is key.

    W_a turns keys into the space of the queries, whose sizes may differ. It is applied to the
    keys, which outlive a single query.
    """

    formula = "qᵀ W k"
    working = "k′ = W k, and Σᵢ qᵢ k′ᵢ"
    symbols = MappingProxyType({"key_weight.weight": "W"})
    dot_scale = 1.0

    def __init__(self, config: GeneralConfig, query_size: int, key_size: int) -> None:  # noqa: ARG002
        super().__init__()
        self.key_weight = nn.Linear(key_size, query_size, bias=False)

    def project_key(self, key: Float[Tensor, "*batch key_size"]) -> Tensor:
        """`W_a k`: (…, key_size) -> (…, query_size)."""
        projected: Tensor = self.key_weight(key)
        return projected


@dataclass(kw_only=True)
class AdditiveConfig(ScoreConfig):
    """`hidden_size`: features of the hidden layer; null takes as many as the query has."""

    hidden_size: int | None


@SCORES.register("additive", AdditiveConfig)
class AdditiveScore(Score):
    """Bahdanau et al. 2015, A.1.2: `e_ij = v_a · tanh(W_a s_{i-1} + U_a h_j)`.

    s is query, h is key: a small network with one hidden layer, which need not be a product.
    """

    formula = "vᵀ tanh(W q + U k)"
    working = "q′ = W q, k′ = U k, and Σᵢ vᵢ tanh(q′ᵢ + k′ᵢ)"
    symbols = MappingProxyType(
        {"query_weight.weight": "W", "key_weight.weight": "U", "hidden_weight.weight": "vᵀ"}
    )

    def __init__(self, config: AdditiveConfig, query_size: int, key_size: int) -> None:
        super().__init__()
        hidden_size = query_size if config.hidden_size is None else config.hidden_size
        if hidden_size < 1:
            raise UsageError(f"score.hidden_size={hidden_size} must be at least 1, or null")
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

    def compare(
        self,
        query: Float[Tensor, "*batch queries size"],
        key: Float[Tensor, "*batch keys size"],
    ) -> Float[Tensor, "*batch queries keys"]:
        """`v_a · tanh(q + k)` for each pair: memory for queries × keys × hidden_size numbers."""
        # (…, queries, 1, hidden) + (…, 1, keys, hidden) -> (…, queries, keys, hidden)
        hidden = torch.tanh(query.unsqueeze(-2) + key.unsqueeze(-3))
        scores: Tensor = self.hidden_weight(hidden)
        return scores.squeeze(-1)

    def terms(
        self,
        query: Float[Tensor, "*batch queries size"],
        key: Float[Tensor, "*batch keys size"],
    ) -> Float[Tensor, "*batch queries keys features"]:
        """`v_i tanh(q_i + k_i)`."""
        return self.hidden_weight.weight[0] * torch.tanh(query.unsqueeze(-2) + key.unsqueeze(-3))


@dataclass(kw_only=True)
class GaussianConfig(ScoreConfig):
    """`width`: where the learnt inverse width w starts; null starts it at size^(-1/4)."""

    width: float | None


@SCORES.register("gaussian", GaussianConfig)
class GaussianScore(_ProductScore):
    """Nadaraya–Watson kernel regression's score (Watson 1964): `-w² ‖q - k‖² / 2`.

    Its softmax is a Gaussian kernel around the query; w, the inverse of the kernel's width, is
    learnt. Started at size^(-1/4), w² is the scaled product's 1/√size.

    Since `-‖q - k‖²/2 = q · k - ‖q‖²/2 - ‖k‖²/2`, two features more turn the distance into a
    product: `(wq, -‖wq‖²/2, 1) · (wk, 1, -‖wk‖²/2)`. So this too runs on the fused kernel.
    """

    formula = "-w² ‖q - k‖² / 2"
    working = "q′ = w q, k′ = w k, and -½ Σᵢ (q′ᵢ - k′ᵢ)²"
    symbols = MappingProxyType({"width": "w"})
    dot_scale = 1.0
    factor = -0.5

    def __init__(self, config: GaussianConfig, query_size: int, key_size: int) -> None:
        super().__init__()
        _require_equal_sizes(config.name, query_size, key_size)
        width = query_size**-0.25 if config.width is None else config.width
        self.width = nn.Parameter(torch.tensor(float(width)))

    def project_query(self, query: Float[Tensor, "*batch query_size"]) -> Tensor:
        """(…, size) -> (…, size + 2)."""
        query = query * self.width
        penalty = -query.square().sum(-1, keepdim=True) / 2
        return torch.cat([query, penalty, torch.ones_like(penalty)], dim=-1)

    def project_key(self, key: Float[Tensor, "*batch key_size"]) -> Tensor:
        """(…, size) -> (…, size + 2)."""
        key = key * self.width
        penalty = -key.square().sum(-1, keepdim=True) / 2
        return torch.cat([key, torch.ones_like(penalty), penalty], dim=-1)

    def terms(
        self,
        query: Float[Tensor, "*batch queries size"],
        key: Float[Tensor, "*batch keys size"],
    ) -> Float[Tensor, "*batch queries keys features"]:
        """`(w q_i - w k_i)²`: of the distance itself, not of the product that stands for it."""
        return (query[..., :-2].unsqueeze(-2) - key[..., :-2].unsqueeze(-3)).square()
