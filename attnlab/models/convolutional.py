"""The convolutional encoder–decoder (Gehring et al. 2017), each of whose decoder layers attends.

A layer sees a few neighbours; a stack of them sees a phrase. Nothing waits for the word before.
"""

from dataclasses import dataclass
from typing import cast

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor, nn

from attnlab.attention.choices import AttentionConfig
from attnlab.attention.dropout import dropout
from attnlab.attention.pooling import Memory
from attnlab.models.convolution import (
    HALF_VARIANCE,
    GatedConvolution,
    PreservingLinear,
    padded,
)
from attnlab.models.embedding import embedding_tables
from attnlab.models.interface import (
    MODELS,
    DecoderState,
    EncoderDecoder,
    ModelConfig,
    VocabularySizes,
)
from attnlab.support.ranges import Layers, ShareBelowOne, Size


@dataclass(kw_only=True)
class ConvolutionalConfig(ModelConfig):
    """Sizes in features, kernel sizes in tokens.

    `embedding_size`: of words and of what is attended to. `hidden_size`: of what is convolved.
    `encoder_layers` and `decoder_layers`: how many of each. `dropout`: the share of features that
    training sets to zero.
    `tie_embeddings`: none, target or all.
    """

    embedding_size: Size
    hidden_size: Size
    encoder_layers: Layers
    decoder_layers: Layers
    encoder_kernel_size: Size
    decoder_kernel_size: Size
    dropout: ShareBelowOne
    tie_embeddings: str


class WordEmbedding(nn.Module):
    """Word vectors, and where each word stands (section 3.1).

    Small ones, of a standard deviation of about 1/√size, 0.1 in the paper: then products of such
    vectors are small too, and at first an attention looks everywhere.
    """

    def __init__(
        self, config: ConvolutionalConfig, attention: AttentionConfig, table: nn.Embedding
    ) -> None:
        super().__init__()
        self.table = table
        self.positions = attention.embedded_positions(config.name, config.embedding_size)
        self.scale = config.embedding_size**0.5
        self.dropout = config.dropout

    def forward(
        self, tokens: Int[Tensor, "batch length"], start: int = 0
    ) -> Float[Tensor, "batch length embedding_size"]:
        """Of tokens, the first of which stands at position `start`."""
        embedded: Tensor = self.table(tokens)
        if self.positions is not None:  # as large as a position is
            embedded = self.positions(embedded * self.scale, start) / self.scale
        return dropout(embedded, self.dropout, self.training)


class Encoder(nn.Module):
    """Gated convolutions around each token, and what can be attended to of them.

    Keys are the outputs z_j. Values are `z_j + e_j` with e_j the embedding: where to look, and what
    exactly stands there (section 3.3).
    """

    def __init__(self, config: ConvolutionalConfig, embedding: WordEmbedding) -> None:
        super().__init__()
        self.embedding = embedding
        self.inward = PreservingLinear(config.embedding_size, config.hidden_size, config.dropout)
        self.layers = nn.ModuleList(
            GatedConvolution(config.hidden_size, config.encoder_kernel_size, config.dropout)
            for _ in range(config.encoder_layers)
        )
        self.outward = PreservingLinear(config.hidden_size, config.embedding_size)
        self.attentions = config.decoder_layers

    def forward(
        self, source: Int[Tensor, "batch length"], mask: Bool[Tensor, "batch length"]
    ) -> tuple[
        Float[Tensor, "batch length embedding_size"], Float[Tensor, "batch length embedding_size"]
    ]:
        """Keys and values; windows see zeros in place of padding, and beyond both ends."""
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
    """`x` itself, whose gradient will be multiplied by `share`.

    Section 3.4: the encoder gets a gradient from each attention, more of it the more there are.
    """
    rest = x.detach()
    return rest + share * (x - rest)


@dataclass
class LayerState:
    """What a decoder layer goes on from: its last inputs, and the source.

    Shape: past (batch, kernel size - 1, hidden size), zeros before the first token.
    """

    past: Tensor
    source: Memory


class DecoderLayer(nn.Module):
    """A gated convolution over a token and those before it, then a look at the source."""

    def __init__(self, config: ConvolutionalConfig, attention: AttentionConfig) -> None:
        super().__init__()
        size = config.embedding_size
        self.convolution = GatedConvolution(
            config.hidden_size, config.decoder_kernel_size, config.dropout
        )
        self.query_weight = PreservingLinear(config.hidden_size, size)
        self.cross_attention = attention.pooling(size, size)
        self.context_weight = PreservingLinear(size, config.hidden_size)

    def forward(
        self,
        x: Float[Tensor, "batch length hidden_size"],
        embedded: Float[Tensor, "batch length embedding_size"],
        state: LayerState,
        source_mask: Bool[Tensor, "batch 1 source_length"],
    ) -> tuple[Float[Tensor, "batch length hidden_size"], LayerState]:
        """Read `x` on from `state`; `embedded` are the words themselves.

        Equations 1 and 2: the query is `d_i = W h_i + b + g_i`, g_i the embedding; the context
        `c_i = Σ_j a_ij (z_j + e_j)` is added to h_i.
        """
        entering = self.convolution.drop(x)
        windows = torch.cat([state.past.to(entering.dtype), entering], dim=1)
        hidden = self.convolution(windows)
        query = (self.query_weight(hidden) + embedded) * HALF_VARIANCE
        context = self.cross_attention(query, state.source, source_mask)
        # An average of m vectors that vary alike varies √m times less (section 3.4).
        context = context * source_mask.sum(-1, keepdim=True).sqrt()
        hidden = (hidden + self.context_weight(context)) * HALF_VARIANCE
        past = windows[:, windows.size(1) - state.past.size(1) :]
        return (hidden + x) * HALF_VARIANCE, LayerState(past, state.source)


class Decoder(nn.Module):
    """A stack of decoder layers over embeddings."""

    def __init__(
        self, config: ConvolutionalConfig, attention: AttentionConfig, embedding: WordEmbedding
    ) -> None:
        super().__init__()
        self.embedding = embedding
        self.inward = PreservingLinear(config.embedding_size, config.hidden_size, config.dropout)
        self.layers = nn.ModuleList(
            DecoderLayer(config, attention) for _ in range(config.decoder_layers)
        )
        self.outward = PreservingLinear(config.hidden_size, config.embedding_size)
        self.dropout = config.dropout

    def prepare(
        self,
        key: Float[Tensor, "batch length embedding_size"],
        value: Float[Tensor, "batch length embedding_size"],
    ) -> tuple[LayerState, ...]:
        """Each layer's state before the first target token."""
        states = []
        for module in self.layers:
            layer = cast(DecoderLayer, module)
            size = self.inward.out_features
            past = key.new_zeros(len(key), layer.convolution.width - 1, size)
            states.append(LayerState(past, layer.cross_attention.prepare(key, value)))
        return tuple(states)

    def forward(
        self, target: Int[Tensor, "batch length"], state: "ConvolutionalState"
    ) -> tuple[Float[Tensor, "batch length embedding_size"], tuple[LayerState, ...]]:
        """Read `target` on from `state`."""
        embedded = self.embedding(target, state.length)
        x, read = self.inward(embedded), []
        for layer, before in zip(self.layers, state.layers, strict=True):
            x, after = layer(x, embedded, before, state.source_mask)
            read.append(after)
        return dropout(self.outward(x), self.dropout, self.training), tuple(read)


@dataclass
class ConvolutionalState(DecoderState):
    """Each layer's state, the source's mask (batch, 1, length), target tokens read so far."""

    layers: tuple[LayerState, ...]
    source_mask: Tensor
    length: int


@MODELS.register("convolutional", ConvolutionalConfig)
class Convolutional(EncoderDecoder[ConvolutionalState]):
    """Gehring et al. 2017, figure 1, with any scoring function; without weight normalisation."""

    def __init__(
        self, config: ConvolutionalConfig, attention: AttentionConfig, vocabulary: VocabularySizes
    ) -> None:
        super().__init__()
        source, target, self.output = embedding_tables(
            config.tie_embeddings, vocabulary, config.embedding_size
        )
        self.encoder = Encoder(config, WordEmbedding(config, attention, source))
        self.decoder = Decoder(config, attention, WordEmbedding(config, attention, target))

    def encode(
        self, source: Int[Tensor, "batch length"], source_mask: Bool[Tensor, "batch length"]
    ) -> ConvolutionalState:
        """Read the source; prepare it once as each decoder layer's memory."""
        layers = self.decoder.prepare(*self.encoder(source, source_mask))
        return ConvolutionalState(layers, source_mask.unsqueeze(1), length=0)

    def decode_features(
        self, target: Int[Tensor, "batch length"], state: ConvolutionalState
    ) -> tuple[Float[Tensor, "batch length features"], ConvolutionalState]:
        """See `EncoderDecoder`."""
        features, layers = self.decoder(target, state)
        length = state.length + target.size(1)
        return features, ConvolutionalState(layers, state.source_mask, length)
