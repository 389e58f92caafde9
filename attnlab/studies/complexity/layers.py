"""The layers that are compared, and the share of the first token's gradient that they pass on.

Each maps (batch, length, size) to the same shape.
"""

import statistics
from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from attnlab.attention.config import AttentionConfig
from attnlab.attention.multihead import MultiHeadAttention
from attnlab.models.convolutional import HALF_VARIANCE, GatedConvolution, padded
from attnlab.models.recurrence import Gru
from attnlab.studies.complexity.formulas import (
    CONVOLUTION,
    RECURRENT,
    SELF_ATTENTION,
    layers_to_reach,
)

FUSED = "self-attention, fused"
_PROBES = 4


@dataclass(frozen=True, kw_only=True)
class LayerSettings:
    """Features, heads, tokens in a convolution's window, and the attention's parts."""

    size: int
    heads: int
    width: int
    attention: AttentionConfig


class SelfAttention(nn.Module):
    """Multi-head self-attention, `fused` or on the explicit route."""

    def __init__(self, settings: LayerSettings, *, fused: bool) -> None:
        super().__init__()
        attention = settings.attention
        self.attention = MultiHeadAttention(
            attention, settings.size, settings.heads, positions=attention.build_positions()
        )
        if not fused:  # an observed attention takes the explicit route
            self.attention.pooling.observers.append(lambda _: None)

    def forward(self, x: Tensor) -> Tensor:
        """Attend from every token to all."""
        output: Tensor = self.attention(x, self.attention.prepare(x, x))
        return output


class Recurrent(nn.Module):
    """A GRU in one direction."""

    def __init__(self, settings: LayerSettings) -> None:
        super().__init__()
        self.cell = Gru(settings.size, settings.size, batch_first=True)

    def forward(self, x: Tensor) -> Tensor:
        """The state after each token."""
        outputs, _ = self.cell.read(x)
        return outputs


class Convolution(nn.Module):
    """`layers` gated convolutions around each token, or with `causal` up to it.

    More than one are stacked as in Gehring et al. 2017: `(f(x) + x) √½`.
    """

    def __init__(self, settings: LayerSettings, layers: int = 1, *, causal: bool = False) -> None:
        super().__init__()
        self.blocks = nn.ModuleList(
            GatedConvolution(settings.size, settings.width) for _ in range(layers)
        )
        self.causal = causal

    def forward(self, x: Tensor) -> Tensor:
        """Convolve over the tokens."""
        for block in self.blocks:
            convolved = block(self._pad(block, x))
            x = convolved if len(self.blocks) == 1 else (convolved + x) * HALF_VARIANCE
        return x

    def _pad(self, block: nn.Module, x: Tensor) -> Tensor:
        assert isinstance(block, GatedConvolution)
        if not self.causal:
            return padded(x, block.width)
        return nn.functional.pad(x, (0, 0, block.width - 1, 0))


LAYERS: dict[str, Callable[[LayerSettings], nn.Module]] = {
    SELF_ATTENTION: lambda settings: SelfAttention(settings, fused=False),
    FUSED: lambda settings: SelfAttention(settings, fused=True),
    RECURRENT: Recurrent,
    CONVOLUTION: Convolution,
}


def layers_of(settings: LayerSettings) -> list[str]:
    """Names of the layers that exist: not every score, normaliser and positions can be fused."""
    pooling = SelfAttention(settings, fused=True).attention.pooling
    return [name for name in LAYERS if name != FUSED or pooling.is_fusible]


@dataclass(frozen=True, kw_only=True)
class GradientShares:
    """`shares`: by seed `‖∂y_n/∂x_1‖ / ‖∂y_n/∂x_n‖` for outputs y and inputs x of `length` n.

    `layers`: how many are stacked, so that y_n depends on x_1.
    """

    length: int
    layers: int
    shares: list[float]

    @property
    def median(self) -> float:
        """Over the seeds."""
        return statistics.median(self.shares)


def build_reaching(name: str, settings: LayerSettings, length: int) -> nn.Module:
    """One layer, or as many causal convolutions as connect the ends of `length` tokens."""
    if name == CONVOLUTION:
        return Convolution(settings, layers_to_reach(length, settings.width), causal=True)
    return LAYERS[name](settings)


def gradient_shares(name: str, settings: LayerSettings, length: int, seeds: int) -> GradientShares:
    """Gradient shares of `build_reaching` with initial weights and normal inputs.

    Norms are Frobenius's. With v of random signs, the mean of ‖vᵀJ‖² is ‖J‖² (Hutchinson 1990): a
    few v replace the whole Jacobian.
    """
    shares = []
    for seed in range(1, seeds + 1):
        torch.manual_seed(seed)
        layer = build_reaching(name, settings, length).double()
        x = torch.randn(1, length, settings.size, dtype=torch.float64, requires_grad=True)
        last = layer(x)[0, -1]
        first_squared = last_squared = 0.0
        for _ in range(_PROBES):
            probe = torch.randint(0, 2, last.shape).double() * 2 - 1
            (gradient,) = torch.autograd.grad(last, x, probe, retain_graph=True)
            first_squared += float(gradient[0, 0].square().sum())
            last_squared += float(gradient[0, -1].square().sum())
        shares.append((first_squared / last_squared) ** 0.5)
    layers = layers_to_reach(length, settings.width) if name == CONVOLUTION else 1
    return GradientShares(length=length, layers=layers, shares=shares)
