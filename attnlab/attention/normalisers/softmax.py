"""The softmax, and the softmax at a fixed or learnt temperature."""

import math
from dataclasses import dataclass
from types import MappingProxyType

import torch
from torch import Tensor, nn

from attnlab.attention.normalisers.interface import (
    NORMALISERS,
    Mask,
    Normaliser,
    NormaliserConfig,
    Scores,
)
from attnlab.support.ranges import Positive


def masked_softmax(scores: Scores, mask: Mask | None) -> Scores:
    """Softmax over the keys where `mask` is True; zeros in a row without such a key."""
    if mask is None:
        return scores.softmax(dim=-1)
    weights = scores.masked_fill(~mask, -torch.inf).softmax(dim=-1)
    # The softmax of a row of nothing but -inf is NaN.
    return weights.masked_fill(~mask, 0.0)


@NORMALISERS.register("softmax", NormaliserConfig)
class Softmax(Normaliser):
    """Bahdanau et al. 2015, A.1.2: `a_ij = exp(e_ij) / Σ_k exp(e_ik)`; e are scores."""

    formula = "exp(z) / Σ exp(z)"

    def __init__(self, config: NormaliserConfig | None = None) -> None:
        super().__init__()

    @property
    def softmax_factor(self) -> float:
        """1."""
        return 1.0

    def forward(self, scores: Scores, mask: Mask | None) -> Scores:
        """See `Normaliser`."""
        return masked_softmax(scores, mask)


@dataclass(kw_only=True)
class TemperatureConfig(NormaliserConfig):
    """`temperature`: τ; 1 is the softmax itself. `learnt`: learn τ from that initial value."""

    temperature: Positive
    learnt: bool


@NORMALISERS.register("temperature", TemperatureConfig)
class Temperature(Normaliser):
    """`softmax(scores / τ)` (Hinton et al. 2015, equation 1).

    As τ nears 0 the best key gets all of the weight; as it grows weights become uniform. The
    parameter of a learnt τ is its logarithm, so that τ stays above 0.
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

    def forward(self, scores: Scores, mask: Mask | None) -> Scores:
        """See `Normaliser`."""
        visible = scores if mask is None else scores.masked_fill(~mask, -torch.inf)
        best = visible.amax(-1, keepdim=True).detach()
        # Relative to the best score, an overflow at a low temperature can only be to -inf.
        below = scores - best.masked_fill(best.isneginf(), 0.0)
        return masked_softmax(below * self.softmax_factor, mask)
