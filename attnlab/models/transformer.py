"""The Transformer (Vaswani et al. 2017), with any scoring function."""

import math
from dataclasses import dataclass, field, replace
from typing import cast

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor, nn

from attnlab.attention.config import AttentionConfig
from attnlab.attention.functional import cast_for_matmul, dropout
from attnlab.attention.multihead import MultiHeadAttention
from attnlab.attention.normalisers import Mask
from attnlab.attention.pooling import Memory
from attnlab.attention.positions import PositionEmbedding, Positions
from attnlab.data.tokens import PAD
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
from attnlab.models.layers import (
    FeedForward,
    Residual,
    TokenMask,
    embedding_tables,
    last_norm,
    share_layers,
)
from attnlab.models.stepping import StepDecoder
from attnlab.models.transformer_steps import TransformerSteps
from attnlab.support.errors import UsageError
from attnlab.support.ranges import Layers, ShareBelowOne, Size

Hidden = Float[Tensor, "batch length size"]


@dataclass(kw_only=True)
class TransformerConfig(ModelConfig):
    """Sizes in features.

    `size`: of each token, in all layers. `feedforward_size`: of the inner features of a
    feed-forward sublayer. `heads`: of every attention. `encoder_layers` and `decoder_layers`: how
    many of each. `distinct_layers`: how many of each have weights of their own, see `share_layers`;
    null is all. `dropout`: the share of features that training sets to zero. `attention_dropout`:
    of the weights, likewise. `feedforward_dropout`: of the inner features of a feed-forward
    sublayer; null is `dropout`.

    `norm`: pre normalises the input of a sublayer (Xiong et al. 2020), post its sum with the
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
    distinct_layers: Layers | None = None
    norm: str
    normalisation: str
    activation: str
    dropout: ShareBelowOne
    attention_dropout: ShareBelowOne
    feedforward_dropout: ShareBelowOne | None = None
    tie_embeddings: str

    def __post_init__(self) -> None:
        most = max(self.encoder_layers, self.decoder_layers)
        if self.distinct_layers is not None and self.distinct_layers > most:
            raise UsageError(
                f"model.distinct_layers={self.distinct_layers} is more than the encoder's "
                f"{self.encoder_layers} and the decoder's {self.decoder_layers} layers; "
                "give fewer, or null, with which no layers share weights"
            )


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
    inner = config.dropout if config.feedforward_dropout is None else config.feedforward_dropout
    return FeedForward(config.activation, config.size, config.feedforward_size, inner)


class EncoderLayer(nn.Module):
    """Self-attention of source tokens, then a feed-forward network."""

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
        self, x: Hidden, mask: Mask | None = None, token_mask: TokenMask | None = None
    ) -> Hidden:
        """`mask` broadcasts against (batch, heads, queries, keys); `token_mask` is for norms."""
        y = self.self_residual.enter(x, token_mask)
        memory = self.self_attention.prepare(y, y)
        x = self.self_residual.leave(x, self.self_attention(y, memory, mask), token_mask)
        y = self.feedforward_residual.enter(x, token_mask)
        return self.feedforward_residual.leave(x, self.feedforward(y), token_mask)


@dataclass
class LayerState:
    """The memories of a decoder layer: earlier target tokens (None: none) and the source."""

    past: Memory | None
    source: Memory = field(metadata=PER_SENTENCE)


class DecoderLayer(nn.Module):
    """Causal self-attention of target tokens, attention to the source, a feed-forward network."""

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
        x: Hidden,
        state: LayerState,
        source_mask: Mask | None = None,
        token_mask: TokenMask | None = None,
    ) -> tuple[Hidden, LayerState]:
        """Decode `x` from `state`; masks as in `EncoderLayer`, `token_mask` for `x`."""
        y = self.self_residual.enter(x, token_mask)
        if state.past is None:
            past = self.self_attention.prepare(y, y)
        else:
            read = state.past.key.size(-2)
            past = state.past.append(self.self_attention.prepare(y, y, start=read))
        mask = causal_mask(y.size(1), past.key.size(2), y.device)
        x = self.self_residual.leave(x, self.self_attention(y, past, mask), token_mask)
        y = self.cross_residual.enter(x, token_mask)
        queries = by_sentence(y, state.source.value.size(0))
        attended = by_hypothesis(self.cross_attention(queries, state.source, source_mask), y)
        x = self.cross_residual.leave(x, attended, token_mask)
        y = self.feedforward_residual.enter(x, token_mask)
        x = self.feedforward_residual.leave(x, self.feedforward(y), token_mask)
        return x, LayerState(past, state.source)


def causal_mask(queries: int, keys: int, device: torch.device) -> Bool[Tensor, "queries keys"]:
    """True where a key is not later than the query; the last query is at the last key.

    It masks padding, too, which follows all tokens.
    """
    return torch.ones(queries, keys, dtype=torch.bool, device=device).tril(keys - queries)


@dataclass(kw_only=True)
class TransformerState(DecoderState):
    """The memories of each layer, the mask (batch, 1, 1, length), the number of decoded tokens."""

    layers: tuple[LayerState, ...]
    source_mask: Tensor = field(metadata=PER_SENTENCE)
    length: int


class Encoder(nn.Module):
    """A stack of encoder layers over embeddings."""

    def __init__(self, config: TransformerConfig, attention: AttentionConfig) -> None:
        super().__init__()
        positions = attention.build_positions()
        self.positions = positions.embedding(config.size)
        layers = (EncoderLayer(config, attention, positions) for _ in range(config.encoder_layers))
        self.layers = share_layers(nn.ModuleList(layers), config.distinct_layers)
        self.norm = last_norm(config.norm, config.normalisation, config.size)

    def forward(
        self, x: Hidden, mask: Mask | None = None, token_mask: TokenMask | None = None
    ) -> Hidden:
        """See `EncoderLayer`."""
        for layer in self.layers:
            x = layer(x, mask, token_mask)
        return x if self.norm is None else self.norm(x, token_mask)


class Decoder(nn.Module):
    """A stack of decoder layers over embeddings."""

    def __init__(self, config: TransformerConfig, attention: AttentionConfig) -> None:
        super().__init__()
        positions = attention.build_positions(causal=True)
        self.positions = positions.embedding(config.size)
        layers = (DecoderLayer(config, attention, positions) for _ in range(config.decoder_layers))
        self.layers = share_layers(nn.ModuleList(layers), config.distinct_layers)
        self.norm = last_norm(config.norm, config.normalisation, config.size)

    def prepare(self, annotations: Hidden) -> tuple[LayerState, ...]:
        """The state of each layer before the first target token."""
        annotations = cast_for_matmul(annotations)
        attentions = [cast(DecoderLayer, layer).cross_attention for layer in self.layers]
        return tuple(
            LayerState(None, each.prepare(annotations, annotations)) for each in attentions
        )

    def forward(
        self,
        x: Hidden,
        states: tuple[LayerState, ...],
        source_mask: Mask | None = None,
        token_mask: TokenMask | None = None,
    ) -> tuple[Hidden, tuple[LayerState, ...]]:
        """See `DecoderLayer`."""
        read = []
        for layer, state in zip(self.layers, states, strict=True):
            x, state = layer(x, state, source_mask, token_mask)
            read.append(state)
        return x if self.norm is None else self.norm(x, token_mask), tuple(read)


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

    def embed_target(self, tokens: Int[Tensor, "batch length"], start: int) -> Hidden:
        """Embed target tokens, the first of which is at position `start`."""
        return self._embed(self.target_embedding, self.decoder.positions, tokens, start)

    def _embed(
        self,
        table: nn.Embedding,
        positions: PositionEmbedding | None,
        tokens: Int[Tensor, "batch length"],
        start: int,
    ) -> Hidden:
        embedded = table(tokens) * self.embedding_scale
        if positions is not None:
            embedded = positions(embedded, start)
        return dropout(embedded, self.dropout, self.training)

    def _token_mask(
        self, ids: Int[Tensor, "batch length"], mask: Bool[Tensor, "batch length"] | None = None
    ) -> TokenMask | None:
        """The token mask for norms, which need it in training only."""
        if not self.training:
            return None
        return ids != PAD if mask is None else mask & (ids != PAD)

    def encode(self, source: Source, source_mask: SourceMask) -> TransformerState:
        """See `EncoderDecoder`; projects keys and values once for the whole translation."""
        mask, token_mask = source_mask[:, None, None], self._token_mask(source, source_mask)
        embedded = self._embed(self.source_embedding, self.encoder.positions, source, 0)
        annotations = self.encoder(embedded, mask, token_mask)
        layers = self.decoder.prepare(annotations)
        return TransformerState(layers=layers, source_mask=mask, length=0)

    def decode_features(
        self, target: Target, state: TransformerState
    ) -> tuple[Features, TransformerState]:
        """See `EncoderDecoder`."""
        embedded = self.embed_target(target, state.length)
        token_mask = self._token_mask(target)
        features, layers = self.decoder(embedded, state.layers, state.source_mask, token_mask)
        length = state.length + target.size(1)
        return features, replace(state, layers=layers, length=length)

    def step_decoder(self, source: Source, source_mask: SourceMask) -> StepDecoder:
        """See `EncoderDecoder`."""
        return TransformerSteps(self, source, source_mask)
