"""The convolutional encoder–decoder (Gehring et al. 2017), with attention in each decoder layer."""

import math
from dataclasses import dataclass, field, replace
from typing import cast

import torch
import torch.nn.functional as F
from jaxtyping import Bool, Float, Int
from torch import Tensor, nn

from attnlab.attention.config import AttentionConfig
from attnlab.attention.functional import cast_for_matmul, dropout
from attnlab.attention.pooling import Memory
from attnlab.models.interface import (
    MODELS,
    PER_SENTENCE,
    DecoderState,
    EncoderDecoder,
    Features,
    ModelConfig,
    Source,
    SourceMask,
    Target,
    VocabularySizes,
    by_hypothesis,
    by_sentence,
)
from attnlab.models.layers import embedding_tables
from attnlab.support.ranges import Layers, ShareBelowOne, Size

Embedded = Float[Tensor, "batch length embedding_size"]
Hidden = Float[Tensor, "batch length hidden_size"]

HALF_VARIANCE = math.sqrt(0.5)
"""Factor of a sum of two, which keeps the variance of one of them (section 3.4)."""


class VariancePreservingLinear(nn.Linear):
    """Gehring et al. 2017, section 3.5: a projection initialised to preserve its input's variance.

    Weights are drawn from N(0, √(gain p / n)) and biases are zero, for n inputs of which training
    keeps a share p = 1 - `dropout`. A gated linear unit behind it needs a `gain` of 4.
    """

    def __init__(self, inputs: int, outputs: int, dropout: float = 0.0, gain: float = 1.0) -> None:
        super().__init__(inputs, outputs)
        nn.init.normal_(self.weight, std=math.sqrt(gain * (1 - dropout) / inputs))
        nn.init.zeros_(self.bias)


class GatedConvolution(nn.Module):
    """Gehring et al. 2017, section 3.2: a convolution with a gated linear unit.

    `v([A; B]) = A ∘ σ(B)` with `[A; B] = W [x_{i-k+1}; …; x_i] + b`, W of 2d × kd
    (Dauphin et al. 2017); x are tokens of d = `size` features, k is the kernel size, `width`.
    `dropout` is that of its input.
    """

    def __init__(self, size: int, width: int, dropout: float = 0.0) -> None:
        super().__init__()
        self.width = width
        self.dropout = dropout
        self.window_weight = VariancePreservingLinear(width * size, 2 * size, dropout, gain=4.0)

    def drop(self, x: Float[Tensor, "*batch size"]) -> Float[Tensor, "*batch size"]:
        """Apply dropout to the input `x`, and cast it for the product."""
        return cast_for_matmul(dropout(x, self.dropout, self.training))

    def forward(
        self, x: Float[Tensor, "batch width_minus_1_more size"]
    ) -> Float[Tensor, "batch length size"]:
        """A token for each whole window of `x`, which are `width` - 1 fewer than `x` has tokens.

        One product of all windows, which on a CPU trains a fifth faster than torch's convolution.
        """
        length = x.size(1) - self.width + 1
        # (batch, length + width - 1, size) -> (batch, length, width · size)
        windows = torch.cat([x[:, first : first + length] for first in range(self.width)], dim=-1)
        return F.glu(self.window_weight(windows), dim=-1)


def padded(
    x: Float[Tensor, "batch length size"], width: int
) -> Float[Tensor, "batch width_minus_1_more size"]:
    """Pad `x` with zeros on both sides, for a window of `width` tokens around each token."""
    return F.pad(x, (0, 0, (width - 1) // 2, width // 2))


@dataclass(kw_only=True)
class ConvolutionalConfig(ModelConfig):
    """Sizes in features, kernel sizes in tokens.

    `embedding_size`: of tokens, keys and values. `hidden_size`: of convolutions. `encoder_layers`
    and `decoder_layers`: how many of each. `dropout`: the share of features that training sets to
    zero. `tie_embeddings`: none, target or all.
    """

    embedding_size: Size
    hidden_size: Size
    encoder_layers: Layers
    decoder_layers: Layers
    encoder_kernel_size: Size
    decoder_kernel_size: Size
    dropout: ShareBelowOne
    tie_embeddings: str


class TokenEmbedding(nn.Module):
    """Token embeddings with positions (section 3.1), of standard deviation 1/√size.

    In the paper it is 0.1. Products of such small vectors are small, so that attention is close to
    uniform at first.
    """

    def __init__(
        self, config: ConvolutionalConfig, attention: AttentionConfig, table: nn.Embedding
    ) -> None:
        super().__init__()
        self.table = table
        self.positions = attention.position_embedding(config.name, config.embedding_size)
        self.scale = config.embedding_size**0.5
        self.dropout = config.dropout

    def forward(self, tokens: Int[Tensor, "batch length"], start: int = 0) -> Embedded:
        """Embed tokens, the first of which is at position `start`."""
        embedded: Tensor = self.table(tokens)
        if self.positions is not None:  # scaled to the size of positions
            embedded = self.positions(embedded * self.scale, start) / self.scale
        return dropout(embedded, self.dropout, self.training)


class Encoder(nn.Module):
    """A stack of gated convolutions around each token, with residual connections.

    Its outputs z_j are keys, and `z_j + e_j` values, with the token embeddings e_j (section 3.3).
    """

    def __init__(self, config: ConvolutionalConfig, embedding: TokenEmbedding) -> None:
        super().__init__()
        self.embedding = embedding
        self.inward = VariancePreservingLinear(
            config.embedding_size, config.hidden_size, config.dropout
        )
        self.layers = nn.ModuleList(
            GatedConvolution(config.hidden_size, config.encoder_kernel_size, config.dropout)
            for _ in range(config.encoder_layers)
        )
        self.outward = VariancePreservingLinear(config.hidden_size, config.embedding_size)
        self.attentions = config.decoder_layers

    def forward(self, source: Source, mask: SourceMask) -> tuple[Embedded, Embedded]:
        """Keys and values; windows contain zeros in place of padding and beyond both ends."""
        embedded = self.embedding(source)
        x = self.inward(embedded)
        padding = ~mask.unsqueeze(-1)
        for module in self.layers:
            layer = cast(GatedConvolution, module)
            windows = padded(layer.drop(x.masked_fill(padding, 0.0)), layer.width)
            x = (layer(windows) + x) * HALF_VARIANCE
        key = scaled_gradient(self.outward(x), 1 / self.attentions)
        return key, (key + embedded) * HALF_VARIANCE


def scaled_gradient(x: Float[Tensor, "*axes"], share: float) -> Float[Tensor, "*axes"]:
    """`x`, with its gradient multiplied by `share`.

    Section 3.4: by 1 / the number of attentions, whose gradients the encoder sums.
    """
    rest = x.detach()
    return rest + share * (x - rest)


@dataclass
class LayerState:
    """The last inputs of a decoder layer, and the source.

    Shape: past (batch, kernel size - 1, hidden size); zeros before the first token.
    """

    past: Tensor
    source: Memory = field(metadata=PER_SENTENCE)


class DecoderLayer(nn.Module):
    """A gated convolution over a token and those before it, then attention to the source."""

    def __init__(self, config: ConvolutionalConfig, attention: AttentionConfig) -> None:
        super().__init__()
        size = config.embedding_size
        self.convolution = GatedConvolution(
            config.hidden_size, config.decoder_kernel_size, config.dropout
        )
        self.query_weight = VariancePreservingLinear(config.hidden_size, size)
        self.cross_attention = attention.pooling(size, size)
        self.context_weight = VariancePreservingLinear(size, config.hidden_size)

    def forward(
        self,
        x: Hidden,
        embedded: Embedded,
        state: LayerState,
        source_mask: Bool[Tensor, "sentences 1 source_length"],
    ) -> tuple[Hidden, LayerState]:
        """Decode `x` from `state`; `embedded` are the token embeddings.

        Equations 1 and 2: the query is `d_i = W h_i + b + g_i` with the embedding g_i; the context
        `c_i = Σ_j a_ij (z_j + e_j)` is added to h_i.
        """
        entering = self.convolution.drop(x)
        windows = torch.cat([state.past.to(entering.dtype), entering], dim=1)
        hidden = self.convolution(windows)
        query = (self.query_weight(hidden) + embedded) * HALF_VARIANCE
        query = by_sentence(query, source_mask.size(0))
        context = self.cross_attention(query, state.source, source_mask)
        # An average of m vectors has 1/√m of their standard deviation (section 3.4).
        context = by_hypothesis(context * source_mask.sum(-1, keepdim=True).sqrt(), x)
        hidden = (hidden + self.context_weight(context)) * HALF_VARIANCE
        past = windows[:, windows.size(1) - state.past.size(1) :]
        return (hidden + x) * HALF_VARIANCE, LayerState(past, state.source)


class Decoder(nn.Module):
    """A stack of decoder layers over embeddings."""

    def __init__(
        self, config: ConvolutionalConfig, attention: AttentionConfig, embedding: TokenEmbedding
    ) -> None:
        super().__init__()
        self.embedding = embedding
        self.inward = VariancePreservingLinear(
            config.embedding_size, config.hidden_size, config.dropout
        )
        self.layers = nn.ModuleList(
            DecoderLayer(config, attention) for _ in range(config.decoder_layers)
        )
        self.outward = VariancePreservingLinear(config.hidden_size, config.embedding_size)
        self.dropout = config.dropout

    def prepare(self, key: Embedded, value: Embedded) -> tuple[LayerState, ...]:
        """The state of each layer before the first target token."""
        states = []
        for module in self.layers:
            layer = cast(DecoderLayer, module)
            size = self.inward.out_features
            past = key.new_zeros(key.size(0), layer.convolution.width - 1, size)
            states.append(LayerState(past, layer.cross_attention.prepare(key, value)))
        return tuple(states)

    def forward(
        self, target: Int[Tensor, "batch length"], state: "ConvolutionalState"
    ) -> tuple[Embedded, tuple[LayerState, ...]]:
        """Decode `target` from `state`."""
        embedded = self.embedding(target, state.length)
        x, read = self.inward(embedded), []
        for layer, before in zip(self.layers, state.layers, strict=True):
            x, after = layer(x, embedded, before, state.source_mask)
            read.append(after)
        return dropout(self.outward(x), self.dropout, self.training), tuple(read)


@dataclass(kw_only=True)
class ConvolutionalState(DecoderState):
    """The state of each layer, the mask (batch, 1, length), and the number of decoded tokens."""

    layers: tuple[LayerState, ...]
    source_mask: Tensor = field(metadata=PER_SENTENCE)
    length: int


@MODELS.register("convolutional", ConvolutionalConfig)
class Convolutional(EncoderDecoder[ConvolutionalState]):
    """Gehring et al. 2017, figure 1, without weight normalisation; with any scoring function."""

    def __init__(
        self, config: ConvolutionalConfig, attention: AttentionConfig, vocabulary: VocabularySizes
    ) -> None:
        super().__init__()
        source, target, self.output = embedding_tables(
            config.tie_embeddings, vocabulary, config.embedding_size
        )
        self.encoder = Encoder(config, TokenEmbedding(config, attention, source))
        self.decoder = Decoder(config, attention, TokenEmbedding(config, attention, target))

    def encode(self, source: Source, source_mask: SourceMask) -> ConvolutionalState:
        """See `EncoderDecoder`; projects keys once for the whole translation."""
        layers = self.decoder.prepare(*self.encoder(source, source_mask))
        return ConvolutionalState(layers=layers, source_mask=source_mask.unsqueeze(1), length=0)

    def decode_features(
        self, target: Target, state: ConvolutionalState
    ) -> tuple[Features, ConvolutionalState]:
        """See `EncoderDecoder`."""
        features, layers = self.decoder(target, state)
        length = state.length + target.size(1)
        return features, replace(state, layers=layers, length=length)
