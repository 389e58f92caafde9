"""The softmax at a temperature: how much better scores count, fixed or learnt."""

import math
from dataclasses import dataclass
from types import MappingProxyType

import torch
from jaxtyping import Float
from torch import Tensor, nn

from attnlab.attention.normalisers.interface import (
    NORMALISERS,
    Mask,
    Normaliser,
    NormaliserConfig,
)
from attnlab.attention.normalisers.softmax import masked_softmax
from attnlab.support.ranges import Positive


@dataclass(kw_only=True)
class TemperatureConfig(NormaliserConfig):
    """`temperature`: τ; 1 is the softmax itself. `learnt`: whether that is only where it starts."""

    temperature: Positive
    learnt: bool


@NORMALISERS.register("temperature", TemperatureConfig)
class Temperature(Normaliser):
    """`softmax(scores / τ)` (Hinton et al. 2015, equation 1).

    Near 0 all weight goes to the best key, and at a great τ every key gets the same; 1 is the
    softmax itself. A learnt τ is kept as its logarithm, so that it stays above 0.
    """

    formula = "exp(z / τ) / Σ exp(z / τ)"
    symbols = MappingProxyType({"logarithm": "ln τ"})

    def __init__(self, config: TemperatureConfig) -> None:
        super().__init__()
        self.logarithm: nn.Parameter | None = None
        if config.learnt:
            self.logarithm = nn.Parameter(torch.tensor(math.log(config.temperature)))
        self._fixed = 1 / config.temperature

    @property
    def softmax_factor(self) -> float | Tensor:
        """1 / τ."""
        return self._fixed if self.logarithm is None else (-self.logarithm).exp()

    def forward(
        self, scores: Float[Tensor, "*batch queries keys"], mask: Mask | None
    ) -> Float[Tensor, "*batch queries keys"]:
        """See `Normaliser`."""
        visible = scores if mask is None else scores.masked_fill(~mask, -torch.inf)
        best = visible.amax(-1, keepdim=True).detach()
        # At a low temperature scores may become infinite; what is below the best one only -inf.
        below = scores - best.masked_fill(best.isneginf(), 0.0)
        return masked_softmax(below * self.softmax_factor, mask)
