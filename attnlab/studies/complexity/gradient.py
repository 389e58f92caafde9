"""How much of the first token's gradient reaches the last output, before any training."""

import statistics
from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import nn

from attnlab.studies.complexity.formulas import (
    CONVOLUTION,
    RECURRENT,
    SELF_ATTENTION,
    layers_to_reach,
)
from attnlab.studies.complexity.layers import Convolution, LayerSettings, Recurrent, SelfAttention

_PROBES = 4


@dataclass(frozen=True, kw_only=True)
class Reach:
    """`shares`: for each seed `‖∂y_n/∂x_1‖ / ‖∂y_n/∂x_n‖`, y the outputs and x the inputs.

    `layers`: how many are stacked, so that y_n depends on x_1 at all.
    """

    length: int
    layers: int
    shares: list[float]

    @property
    def median(self) -> float:
        """Over the seeds."""
        return statistics.median(self.shares)


def stacked(name: str, settings: LayerSettings, length: int) -> nn.Module:
    """One layer; or as many convolutions as lead from one end of `length` tokens to the other."""
    builders: dict[str, Callable[[], nn.Module]] = {
        SELF_ATTENTION: lambda: SelfAttention(settings, fused=False),
        RECURRENT: lambda: Recurrent(settings),
        CONVOLUTION: lambda: Convolution(
            settings, layers_to_reach(length, settings.width), causal=True
        ),
    }
    return builders[name]()


def reach(name: str, settings: LayerSettings, length: int, seeds: int) -> Reach:
    """Measure what is `stacked` for that length.

    Norms are Frobenius's. With v of random signs, the mean of ‖vᵀJ‖² is ‖J‖² (Hutchinson 1990): a
    few v do for both ends, and no Jacobian is written out.
    """
    shares = []
    for seed in range(1, seeds + 1):
        torch.manual_seed(seed)
        layer = stacked(name, settings, length).double()
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
    return Reach(length=length, layers=layers, shares=shares)
