"""Scores by direction and by distance: cosine and Gaussian, with learnt sharpness."""

import math
from dataclasses import dataclass
from types import MappingProxyType
from typing import Annotated

import torch
import torch.nn.functional as F
from jaxtyping import Float
from torch import Tensor, nn

from attnlab.attention.scores.interface import (
    SCORES,
    Keys,
    Queries,
    ScoreConfig,
    Shift,
    Terms,
    require_equal_sizes,
)
from attnlab.attention.scores.products import ProductScore
from attnlab.support.ranges import Range

_SHORTEST = 1e-6  # the least norm that a vector is divided by


@dataclass(kw_only=True)
class CosineConfig(ScoreConfig):
    """`sharpness`: the initial value of the learnt factor s; null is √size."""

    sharpness: Annotated[float, Range(minimum=-1e6, maximum=1e6)] | None


@SCORES.register("cosine", CosineConfig)
class CosineScore(ProductScore):
    """The cosine of query and key (Graves et al. 2014, equation 6), times a learnt s.

    `s · q · k / (‖q‖ ‖k‖)`. A softmax over bare cosines, which lie between -1 and 1, is close to
    uniform; s is the key strength of Graves et al. 2014, equation 5. At the initial √size random
    vectors have scores of variance 1, as with the scaled product.
    """

    formula = "s q·k / (‖q‖ ‖k‖)"
    working = "q′ = s q / ‖q‖, k′ = k / ‖k‖, and Σᵢ q′ᵢ k′ᵢ"
    symbols = MappingProxyType({"sharpness": "s"})
    dot_scale = 1.0

    def __init__(self, config: CosineConfig, query_size: int, key_size: int) -> None:
        super().__init__()
        require_equal_sizes(config.name, query_size, key_size)
        sharpness = math.sqrt(query_size) if config.sharpness is None else config.sharpness
        self.sharpness = nn.Parameter(torch.tensor(float(sharpness)))

    def project_query(self, query: Float[Tensor, "*batch query_size"]) -> Tensor:
        """`s q / ‖q‖`."""
        return self.sharpness * F.normalize(query, dim=-1, eps=_SHORTEST)

    def project_key(self, key: Float[Tensor, "*batch key_size"]) -> Tensor:
        """`k / ‖k‖`."""
        return F.normalize(key, dim=-1, eps=_SHORTEST)


@dataclass(kw_only=True)
class GaussianConfig(ScoreConfig):
    """`width`: the initial value of the learnt inverse width w; null is size^(-1/4).

    `by_dimension`: learn a w for each feature.
    """

    width: Annotated[float, Range(minimum=-1e6, maximum=1e6)] | None
    by_dimension: bool


@SCORES.register("gaussian", GaussianConfig)
class GaussianScore(ProductScore):
    """The score of Nadaraya–Watson kernel regression (Watson 1964): `-w² ‖q - k‖² / 2`.

    Its softmax is a Gaussian kernel around the query; w, the inverse of the kernel's width, is
    learnt. At the initial size^(-1/4), w² is the scaled product's 1/√size. With a w for each
    feature: `-‖w ∘ (q - k)‖² / 2`.

    Since `-‖q - k‖²/2 = q · k - ‖q‖²/2 - ‖k‖²/2`, two additional features make the distance a
    product that a fused kernel can compute: `(wq, -‖wq‖²/2, 1) · (wk, 1, -‖wk‖²/2)`.
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

    def shift_size(self, key_size: int) -> int:
        """Those of the key itself, without the two additional ones."""
        return key_size

    def shift_key(self, key: Keys, shift: Shift) -> Keys:
        """`wk + shift`, with its two additional features."""
        return _with_penalty(key[..., :-2] + shift)

    def terms(self, query: Queries, key: Keys) -> Terms:
        """`(w q_i - w k_i)²`, the terms of the distance."""
        return (query[..., :-2].unsqueeze(-2) - key[..., :-2].unsqueeze(-3)).square()


def _with_penalty(key: Float[Tensor, "*batch size"]) -> Tensor:
    """A key k as `(k, 1, -‖k‖²/2)`."""
    penalty = -key.square().sum(-1, keepdim=True) / 2
    return torch.cat([key, torch.ones_like(penalty), penalty], dim=-1)
