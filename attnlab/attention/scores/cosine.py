"""The cosine score: only the direction of queries and keys counts, and not how long they are."""

import math
from dataclasses import dataclass
from types import MappingProxyType
from typing import Annotated

import torch
import torch.nn.functional as F
from jaxtyping import Float
from torch import Tensor, nn

from attnlab.attention.scores.interface import SCORES, ScoreConfig, require_equal_sizes
from attnlab.attention.scores.products import ProductScore
from attnlab.support.ranges import Range

_SHORTEST = 1e-6  # what a shorter vector is divided by: one without length has no direction


@dataclass(kw_only=True)
class CosineConfig(ScoreConfig):
    """`sharpness`: where the learnt factor s starts; null starts it at √size."""

    sharpness: Annotated[float, Range(minimum=-1e6, maximum=1e6)] | None


@SCORES.register("cosine", CosineConfig)
class CosineScore(ProductScore):
    """The cosine of the angle between query and key (Graves et al. 2014, equation 6), times s.

    `s · q · k / (‖q‖ ‖k‖)`. A bare cosine lies between -1 and 1, and a softmax over such scores
    hardly prefers any key; s, the key strength of Graves et al.'s equation 5, is learnt. Started at
    √size it gives random vectors scores of variance 1, as the scaled product has them.
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
