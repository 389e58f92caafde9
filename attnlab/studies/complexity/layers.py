"""The layers that are compared: attnlab's own, as functions from one sentence of tokens to another.

All have as many features going in as coming out.
"""

from collections.abc import Callable
from dataclasses import dataclass

from torch import Tensor, nn

from attnlab.attention.config import AttentionConfig
from attnlab.attention.multihead import MultiHeadAttention
from attnlab.models.convolutional import HALF_VARIANCE, GatedConvolution, padded
from attnlab.models.recurrence import Gru
from attnlab.studies.complexity.formulas import CONVOLUTION, RECURRENT, SELF_ATTENTION

FUSED = "self-attention, fused"


@dataclass(frozen=True, kw_only=True)
class LayerSettings:
    """Features, heads, tokens in a convolution's window, and how attention is done."""

    size: int
    heads: int
    width: int
    attention: AttentionConfig


class SelfAttention(nn.Module):
    """Multi-head self-attention: `fused`, where no weights are kept, or step by step."""

    def __init__(self, settings: LayerSettings, *, fused: bool) -> None:
        super().__init__()
        attention = settings.attention
        self.attention = MultiHeadAttention(
            attention, settings.size, settings.heads, positions=attention.build_positions()
        )
        if not fused:  # a watched attention has weights to show
            self.attention.pooling.observers.append(lambda _: None)

    def forward(self, x: Tensor) -> Tensor:
        """(batch, length, size), likewise returned."""
        answer: Tensor = self.attention(x, self.attention.prepare(x, x))
        return answer


class Recurrent(nn.Module):
    """A GRU in one direction."""

    def __init__(self, settings: LayerSettings) -> None:
        super().__init__()
        self.cell = Gru(settings.size, settings.size, batch_first=True)

    def forward(self, x: Tensor) -> Tensor:
        """(batch, length, size), likewise returned."""
        outputs, _ = self.cell.read(x)
        return outputs


class Convolution(nn.Module):
    """`layers` gated convolutions around each token, or with `causal` up to it.

    More than one are stacked as in the model that they come from: `(f(x) + x) √½`.
    """

    def __init__(self, settings: LayerSettings, layers: int = 1, *, causal: bool = False) -> None:
        super().__init__()
        self.blocks = nn.ModuleList(
            GatedConvolution(settings.size, settings.width) for _ in range(layers)
        )
        self.causal = causal

    def forward(self, x: Tensor) -> Tensor:
        """(batch, length, size), likewise returned."""
        for block in self.blocks:
            convolved = block(self._windows(block, x))
            x = convolved if len(self.blocks) == 1 else (convolved + x) * HALF_VARIANCE
        return x

    def _windows(self, block: nn.Module, x: Tensor) -> Tensor:
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
    """The names of those layers that there are: nothing is fused of a score that is no product."""
    pooling = SelfAttention(settings, fused=True).attention.pooling
    return [name for name in LAYERS if name != FUSED or pooling.is_fusible]
