"""The score of kernel regression: the nearer a key lies to the query, the more it counts."""

from dataclasses import dataclass
from types import MappingProxyType
from typing import Annotated

import torch
from jaxtyping import Float
from torch import Tensor, nn

from attnlab.attention.scores.interface import SCORES, ScoreConfig, require_equal_sizes
from attnlab.attention.scores.products import ProductScore
from attnlab.support.ranges import Range


@dataclass(kw_only=True)
class GaussianConfig(ScoreConfig):
    """`width`: where the learnt inverse width w starts; null starts it at size^(-1/4).

    `by_dimension`: whether each feature has a w of its own.
    """

    width: Annotated[float, Range(minimum=-1e6, maximum=1e6)] | None
    by_dimension: bool


@SCORES.register("gaussian", GaussianConfig)
class GaussianScore(ProductScore):
    """Nadaraya–Watson kernel regression's score (Watson 1964): `-w² ‖q - k‖² / 2`.

    Its softmax is a Gaussian kernel around the query; w, the inverse of the kernel's width, is
    learnt. Started at size^(-1/4), w² is the scaled product's 1/√size. With one w a feature it is
    `-‖w ∘ (q - k)‖² / 2`.

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
        require_equal_sizes(config.name, query_size, key_size)
        width = query_size**-0.25 if config.width is None else config.width
        start = torch.tensor(float(width))
        if config.by_dimension:
            start = start.repeat(query_size)
            self.formula = "-‖w ∘ (q - k)‖² / 2"
            self.working = "q′ᵢ = wᵢ qᵢ, k′ᵢ = wᵢ kᵢ, and -½ Σᵢ (q′ᵢ - k′ᵢ)²"
        self.width = nn.Parameter(start)

    def project_query(self, query: Float[Tensor, "*batch query_size"]) -> Tensor:
        """(…, size) -> (…, size + 2)."""
        query = query * self.width
        penalty = -query.square().sum(-1, keepdim=True) / 2
        return torch.cat([query, penalty, torch.ones_like(penalty)], dim=-1)

    def project_key(self, key: Float[Tensor, "*batch key_size"]) -> Tensor:
        """(…, size) -> (…, size + 2)."""
        return _with_penalty(key * self.width)

    def movable_features(self, key_size: int) -> int:
        """Those that say where a key is."""
        return key_size

    def moved_key(
        self,
        key: Float[Tensor, "*batch keys size"],
        by: Float[Tensor, "*batch keys movable_features"],
    ) -> Float[Tensor, "*batch keys size"]:
        """`wk + by`, and what follows from it for the product."""
        return _with_penalty(key[..., :-2] + by)

    def terms(
        self,
        query: Float[Tensor, "*batch queries size"],
        key: Float[Tensor, "*batch keys size"],
    ) -> Float[Tensor, "*batch queries keys features"]:
        """`(w q_i - w k_i)²`: of the distance itself, not of the product that stands for it."""
        return (query[..., :-2].unsqueeze(-2) - key[..., :-2].unsqueeze(-3)).square()


def _with_penalty(key: Float[Tensor, "*batch size"]) -> Tensor:
    """A key k as `(k, 1, -‖k‖²/2)`."""
    penalty = -key.square().sum(-1, keepdim=True) / 2
    return torch.cat([key, torch.ones_like(penalty), penalty], dim=-1)
