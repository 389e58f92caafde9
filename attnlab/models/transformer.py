"""The Transformer (Vaswani et al. 2017): attention and little else, with any scoring function."""

import math
from dataclasses import dataclass
from typing import cast

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor, nn

from attnlab.attention.casting import cast_for_matmul
from attnlab.attention.choices import AttentionConfig
from attnlab.attention.dropout import dropout
from attnlab.attention.multihead import MultiHeadAttention
from attnlab.attention.normalisers import Mask
from attnlab.attention.pooling import Memory
from attnlab.attention.positions import PositionEmbedding, Positions
from attnlab.data.tokens import PAD
from attnlab.models.embedding import embedding_tables
from attnlab.models.feedforward import FeedForward
from attnlab.models.interface import (
    MODELS,
    DecoderState,
    EncoderDecoder,
    ModelConfig,
    VocabularySizes,
)
from attnlab.models.norms import Tokens
from attnlab.models.residual import Residual, last_norm
from attnlab.support.ranges import Layers, ShareBelowOne, Size


@dataclass(kw_only=True)
class TransformerConfig(ModelConfig):
    """Sizes in features.

    `size`: of each word, in all layers. `feedforward_size`: between the two products of a
    feed-forward sublayer. `heads`: of every attention. `encoder_layers` and `decoder_layers`: how
    many of each. `dropout`: the share of features that training sets to zero. `attention_dropout`:
    of the weights, likewise.

    `norm`: pre normalises what enters a sublayer (Xiong et al. 2020), post its sum with the
    residual (Vaswani et al. 2017), none neither. `normalisation`: layer, rms or batch.
    `activation`: relu, gelu or swiglu, which has a third matrix. `tie_embeddings`: none, target
    or all. For `key_value_heads` and a head's `query_size`, `key_size` and `value_size` see
    `MultiHeadAttention`.
    """

    size: Size
    feedforward_size: Size
    heads: Size
    key_value_heads: Size | None
    query_size: Size | None
    key_size: Size | None
    value_size: Size | None
    encoder_layers: Layers
    decoder_layers: Layers
    norm: str
    normalisation: str
    activation: str
    dropout: ShareBelowOne
    attention_dropout: ShareBelowOne
    tie_embeddings: str


def _attention(
    config: TransformerConfig, attention: AttentionConfig, positions: Positions | None = None
) -> MultiHeadAttention:
    return MultiHeadAttention(
        attention,
        config.size,
        config.heads,
        config.attention_dropout,
        key_value_heads=config.key_value_heads,
        query_size=config.query_size,
        key_size=config.key_size,
        value_size=config.value_size,
        positions=positions,
    )


def _residual(config: TransformerConfig, sublayers: int) -> Residual:
    return Residual(config.norm, config.normalisation, config.size, config.dropout, sublayers)


def _feedforward(config: TransformerConfig) -> FeedForward:
    return FeedForward(config.activation, config.size, config.feedforward_size, config.dropout)


class EncoderLayer(nn.Module):
    """Every source token attends to all of them, then thinks for itself."""

    def __init__(
        self,
        config: TransformerConfig,
        attention: AttentionConfig,
        positions: Positions | None = None,
    ) -> None:
        super().__init__()
        sublayers = 2 * config.encoder_layers
        self.self_attention = _attention(config, attention, positions)
        self.self_residual = _residual(config, sublayers)
        self.feedforward = _feedforward(config)
        self.feedforward_residual = _residual(config, sublayers)

    def forward(
        self,
        x: Float[Tensor, "batch length size"],
        mask: Mask | None = None,
        tokens: Tokens | None = None,
    ) -> Float[Tensor, "batch length size"]:
        """`mask` broadcasts against (batch, heads, queries, keys); for `tokens` see `Norm`."""
        y = self.self_residual.enter(x, tokens)
        memory = self.self_attention.prepare(y, y)
        x = self.self_residual.leave(x, self.self_attention(y, memory, mask), tokens)
        y = self.feedforward_residual.enter(x, tokens)
        return self.feedforward_residual.leave(x, self.feedforward(y), tokens)


@dataclass
class LayerState:
    """What a decoder layer attends to: the target so far (None before its start), the source."""

    past: Memory | None
    source: Memory


class DecoderLayer(nn.Module):
    """Every target token attends to those before it and itself, then to the source."""

    def __init__(
        self,
        config: TransformerConfig,
        attention: AttentionConfig,
        positions: Positions | None = None,
    ) -> None:
        super().__init__()
        sublayers = 3 * config.decoder_layers
        self.self_attention = _attention(config, attention, positions)
        self.self_residual = _residual(config, sublayers)
        self.cross_attention = _attention(config, attention)
        self.cross_residual = _residual(config, sublayers)
        self.feedforward = _feedforward(config)
        self.feedforward_residual = _residual(config, sublayers)

    def forward(
        self,
        x: Float[Tensor, "batch length size"],
        state: LayerState,
        source_mask: Mask | None = None,
        tokens: Tokens | None = None,
    ) -> tuple[Float[Tensor, "batch length size"], LayerState]:
        """Read `x` on from `state`; `source_mask` and `tokens`, those of `x`, as in the encoder."""
        y = self.self_residual.enter(x, tokens)
        if state.past is None:
            past = self.self_attention.prepare(y, y)
        else:
            read = state.past.key.size(-2)
            past = state.past.append(self.self_attention.prepare(y, y, start=read))
        mask = causal_mask(y.size(1), past.key.size(2), y.device)
        x = self.self_residual.leave(x, self.self_attention(y, past, mask), tokens)
        y = self.cross_residual.enter(x, tokens)
        x = self.cross_residual.leave(x, self.cross_attention(y, state.source, source_mask), tokens)
        y = self.feedforward_residual.enter(x, tokens)
        x = self.feedforward_residual.leave(x, self.feedforward(y), tokens)
        return x, LayerState(past, state.source)


def causal_mask(queries: int, keys: int, device: torch.device) -> Bool[Tensor, "queries keys"]:
    """True where a key stands no later than the query; the last query stands at the last key.

    Padding needs no word here: it stands behind every token, where no query looks.
    """
    return torch.ones(queries, keys, dtype=torch.bool, device=device).tril(keys - queries)


@dataclass
class TransformerState(DecoderState):
    """Each layer's memories, the source's mask (batch, 1, 1, length), target tokens read so far."""

    layers: tuple[LayerState, ...]
    source_mask: Tensor
    length: int


class Encoder(nn.Module):
    """A stack of encoder layers over embeddings."""

    def __init__(self, config: TransformerConfig, attention: AttentionConfig) -> None:
        super().__init__()
        told = attention.build_positions()
        self.positions = told.embedding(config.size)
        self.layers = nn.ModuleList(
            EncoderLayer(config, attention, told) for _ in range(config.encoder_layers)
        )
        self.norm = last_norm(config.norm, config.normalisation, config.size)

    def forward(
        self,
        x: Float[Tensor, "batch length size"],
        mask: Mask | None = None,
        tokens: Tokens | None = None,
    ) -> Float[Tensor, "batch length size"]:
        """See `EncoderLayer`."""
        for layer in self.layers:
            x = layer(x, mask, tokens)
        return x if self.norm is None else self.norm(x, tokens)


class Decoder(nn.Module):
    """A stack of decoder layers over embeddings."""

    def __init__(self, config: TransformerConfig, attention: AttentionConfig) -> None:
        super().__init__()
        told = attention.build_positions(directed=True)
        self.positions = told.embedding(config.size)
        self.layers = nn.ModuleList(
            DecoderLayer(config, attention, told) for _ in range(config.decoder_layers)
        )
        self.norm = last_norm(config.norm, config.normalisation, config.size)

    def prepare(self, annotations: Float[Tensor, "batch length size"]) -> tuple[LayerState, ...]:
        """Each layer's state before the first target token."""
        annotations = cast_for_matmul(annotations)
        attentions = [cast(DecoderLayer, layer).cross_attention for layer in self.layers]
        return tuple(
            LayerState(None, each.prepare(annotations, annotations)) for each in attentions
        )

    def forward(
        self,
        x: Float[Tensor, "batch length size"],
        states: tuple[LayerState, ...],
        source_mask: Mask | None = None,
        tokens: Tokens | None = None,
    ) -> tuple[Float[Tensor, "batch length size"], tuple[LayerState, ...]]:
        """See `DecoderLayer`."""
        read = []
        for layer, state in zip(self.layers, states, strict=True):
            x, state = layer(x, state, source_mask, tokens)
            read.append(state)
        return x if self.norm is None else self.norm(x, tokens), tuple(read)


@MODELS.register("transformer", TransformerConfig)
class Transformer(EncoderDecoder[TransformerState]):
    """Vaswani et al. 2017, figure 1."""

    def __init__(
        self, config: TransformerConfig, attention: AttentionConfig, vocabulary: VocabularySizes
    ) -> None:
        super().__init__()
        self.source_embedding, self.target_embedding, self.output = embedding_tables(
            config.tie_embeddings, vocabulary, config.size
        )
        self.embedding_scale = math.sqrt(config.size)
        self.dropout = config.dropout
        self.encoder = Encoder(config, attention)
        self.decoder = Decoder(config, attention)

    def _embed(
        self,
        table: nn.Embedding,
        positions: PositionEmbedding | None,
        tokens: Int[Tensor, "batch length"],
        start: int,
    ) -> Float[Tensor, "batch length size"]:
        embedded = table(tokens) * self.embedding_scale
        if positions is not None:
            embedded = positions(embedded, start)
        return dropout(embedded, self.dropout, self.training)

    def _tokens(
        self, ids: Int[Tensor, "batch length"], mask: Bool[Tensor, "batch length"] | None = None
    ) -> Tokens | None:
        """Where there is no padding, which is asked in training alone: search is not to wait."""
        if not self.training:
            return None
        return ids != PAD if mask is None else mask & (ids != PAD)

    def encode(
        self, source: Int[Tensor, "batch length"], source_mask: Bool[Tensor, "batch length"]
    ) -> TransformerState:
        """Read the source; prepare it once as each decoder layer's memory."""
        mask, tokens = source_mask[:, None, None], self._tokens(source, source_mask)
        embedded = self._embed(self.source_embedding, self.encoder.positions, source, 0)
        annotations = self.encoder(embedded, mask, tokens)
        return TransformerState(self.decoder.prepare(annotations), mask, length=0)

    def decode_features(
        self, target: Int[Tensor, "batch length"], state: TransformerState
    ) -> tuple[Float[Tensor, "batch length features"], TransformerState]:
        """See `EncoderDecoder`."""
        embedded = self._embed(self.target_embedding, self.decoder.positions, target, state.length)
        tokens = self._tokens(target)
        features, layers = self.decoder(embedded, state.layers, state.source_mask, tokens)
        length = state.length + target.size(1)
        return features, TransformerState(layers, state.source_mask, length)
