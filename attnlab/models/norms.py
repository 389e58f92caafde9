"""What can bring a token's features back to one size. Knows nothing of what stands around it.

A batch norm looks at other tokens, in training. So every norm is told which places hold tokens,
and the statistics that a batch norm gathers are part of a model, as weights are.
"""

from collections.abc import Callable

import torch
from jaxtyping import Bool, Float
from torch import Tensor, nn

from attnlab.support.errors import UsageError

_EPSILON = 1e-5  # torch's
_MOMENTUM = 0.1  # torch's: what the newest batch weighs in the running statistics

Tokens = Bool[Tensor, "*batch"]
"""True at tokens, False at padding; None, where every place holds one."""


class LayerNorm(nn.LayerNorm):
    """Ba et al. 2016, equation 4: over a token's own features, to mean 0 and variance 1."""

    def forward(
        self,
        x: Float[Tensor, "*batch size"],
        tokens: Tokens | None = None,  # noqa: ARG002
    ) -> Float[Tensor, "*batch size"]:
        """`g ∘ (x - μ) / σ + b`."""
        return super().forward(x)


class RmsNorm(nn.RMSNorm):
    """Zhang & Sennrich 2019, equation 4: as a layer norm, but that no mean is taken away.

    Half the parameters, and one pass over the features less; what it leaves out is hardly missed.
    """

    def __init__(self, size: int) -> None:
        super().__init__(size, eps=_EPSILON)

    def forward(
        self,
        x: Float[Tensor, "*batch size"],
        tokens: Tokens | None = None,  # noqa: ARG002
    ) -> Float[Tensor, "*batch size"]:
        """`g ∘ x / √(mean of x²)`."""
        return super().forward(x)


class BatchNorm(nn.Module):
    """Ioffe & Szegedy 2015, algorithm 1: each feature over all tokens of a batch.

    Padding is no token: it has no part in mean and variance. In evaluation both are those that
    training has gathered, `running ← 0.9 · running + 0.1 · batch` with the variance unbiased, so
    that what a token becomes follows from no other token. In training it does, even from later
    ones: that is why sequence models have layer norms.
    """

    running_mean: Tensor
    running_variance: Tensor

    def __init__(self, size: int) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.ones(size))
        self.bias = nn.Parameter(torch.zeros(size))
        self.register_buffer("running_mean", torch.zeros(size))
        self.register_buffer("running_variance", torch.ones(size))
        self.total: Callable[[Tensor], Tensor] | None = None

    def forward(
        self, x: Float[Tensor, "*batch size"], tokens: Tokens | None = None
    ) -> Float[Tensor, "*batch size"]:
        """`γ ∘ (x - μ) / √(σ² + ε) + β`."""
        x = x.to(self.weight.dtype)  # sums of many numbers want all of their digits
        if self.training:
            mean, variance = self._statistics(x, tokens)
        else:
            mean, variance = self.running_mean, self.running_variance
        return (x - mean) * (variance + _EPSILON).rsqrt() * self.weight + self.bias

    def _statistics(self, x: Tensor, tokens: Tensor | None) -> tuple[Tensor, Tensor]:
        """Of this batch, which the running ones take in."""
        features = x.flatten(0, -2)
        counted = features.new_ones(len(features), 1)
        if tokens is not None:
            counted = tokens.flatten().unsqueeze(1).to(x.dtype)
        sums = self._summed(torch.cat([(features * counted).sum(0), counted.sum(0)]))
        count = sums[-1].detach()
        mean = sums[:-1] / count.clamp(min=1)
        squares = self._summed(((features - mean).square() * counted).sum(0))
        with torch.no_grad():
            share = _MOMENTUM * (count > 0).to(x.dtype)  # a batch without a token teaches nothing
            self.running_mean.lerp_(mean, share)
            self.running_variance.lerp_(squares / (count - 1).clamp(min=1), share)
        return mean, squares / count.clamp(min=1)

    def _summed(self, sums: Tensor) -> Tensor:
        """Over all processes that work on the batch."""
        return sums if self.total is None else self.total(sums)


Norm = LayerNorm | RmsNorm | BatchNorm

NORMALISATIONS: dict[str, Callable[[int], Norm]] = {
    "layer": LayerNorm,
    "rms": RmsNorm,
    "batch": BatchNorm,
}


def build_norm(kind: str, size: int) -> Norm:
    """A norm of that kind, for tokens of `size` features."""
    if kind not in NORMALISATIONS:
        raise UsageError(f"model.normalisation={kind} is none of: {', '.join(NORMALISATIONS)}")
    return NORMALISATIONS[kind](size)


def running_statistics(model: nn.Module) -> list[Tensor]:
    """All that the batch norms of `model` have gathered: what it follows from besides its weights.

    They are the model's own tensors, which training changes in place.
    """
    return [
        statistic
        for module in model.modules()
        if isinstance(module, BatchNorm)
        for statistic in (module.running_mean, module.running_variance)
    ]


def sum_statistics_by(model: nn.Module, total: Callable[[Tensor], Tensor]) -> None:
    """Have the batch norms of `model` take each batch's sums by way of `total`.

    It gives a tensor's sum over several processes, each of which has a part of the batch, and lets
    gradients through; so all of them find the statistics of the whole.
    """
    for module in model.modules():
        if isinstance(module, BatchNorm):
            module.total = total
