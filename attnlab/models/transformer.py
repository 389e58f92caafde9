"""The Transformer (Vaswani et al. 2017): attention and little else, with any scoring function."""

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import cast

import torch
import torch.nn.functional as F
from jaxtyping import Bool, Float, Int
from torch import Tensor, nn

from attnlab.attention.choices import AttentionConfig
from attnlab.attention.dropout import dropout
from attnlab.attention.multihead import MultiHeadAttention
from attnlab.attention.normalisers import Mask
from attnlab.attention.pooling import Memory
from attnlab.attention.positions import PositionEmbedding, Positions
from attnlab.attention.rounding import for_products
from attnlab.errors import UsageError
from attnlab.models.embedding import embedding_tables
from attnlab.models.interface import (
    MODELS,
    DecoderState,
    EncoderDecoder,
    ModelConfig,
    VocabularySizes,
)

ACTIVATIONS: dict[str, Callable[[Tensor], Tensor]] = {"relu": F.relu, "gelu": F.gelu}
NORMS = ("pre", "post")


@dataclass(kw_only=True)
class TransformerConfig(ModelConfig):
    """Sizes in features; each dropout is the share that training sets to zero.

    `norm`: pre normalises what enters a sublayer (Xiong et al. 2020), post its sum with the
    residual (Vaswani et al. 2017). `activation`: relu or gelu. `tie_embeddings`: none, target
    or all. For `key_value_heads` and a head's `query_size`, `key_size` and `value_size` see
    `MultiHeadAttention`.
    """

    size: int
    feedforward_size: int
    heads: int
    key_value_heads: int | None
    query_size: int | None
    key_size: int | None
    value_size: int | None
    encoder_layers: int
    decoder_layers: int
    norm: str
    activation: str
    dropout: float
    attention_dropout: float
    tie_embeddings: str


class Residual(nn.Module):
    """What surrounds a sublayer: `x + f(norm(x))` in a pre-norm layer, else `norm(x + f(x))`."""

    def __init__(self, config: TransformerConfig) -> None:
        super().__init__()
        if config.norm not in NORMS:
            raise UsageError(f"model.norm={config.norm} is none of: {', '.join(NORMS)}")
        self.norm = nn.LayerNorm(config.size)
        self.norm_first = config.norm == "pre"
        self.dropout = config.dropout

    def enter(self, x: Float[Tensor, "*batch size"]) -> Float[Tensor, "*batch size"]:
        """What the sublayer gets to see of `x`."""
        return for_products(self.norm(x) if self.norm_first else x)

    def leave(
        self, x: Float[Tensor, "*batch size"], answer: Float[Tensor, "*batch size"]
    ) -> Float[Tensor, "*batch size"]:
        """`x` and the sublayer's `answer`, added up."""
        x = x + dropout(answer, self.dropout, self.training)
        return x if self.norm_first else self.norm(x)


class FeedForward(nn.Module):
    """Vaswani et al. 2017, equation 2: `W_2 activation(W_1 x + b_1) + b_2`, token by token."""

    def __init__(self, config: TransformerConfig) -> None:
        super().__init__()
        if config.activation not in ACTIVATIONS:
            raise UsageError(
                f"model.activation={config.activation} is none of: {', '.join(ACTIVATIONS)}"
            )
        self.activation = ACTIVATIONS[config.activation]
        self.dropout = config.dropout
        self.inner = nn.Linear(config.size, config.feedforward_size)
        self.outer = nn.Linear(config.feedforward_size, config.size)
        for linear in (self.inner, self.outer):
            nn.init.xavier_uniform_(linear.weight)
            nn.init.zeros_(linear.bias)

    def forward(self, x: Float[Tensor, "*batch size"]) -> Float[Tensor, "*batch size"]:
        """(…, size) -> (…, feedforward size) -> (…, size)."""
        answer: Tensor = self.outer(
            dropout(self.activation(self.inner(x)), self.dropout, self.training)
        )
        return answer


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


class EncoderLayer(nn.Module):
    """Every source token attends to all of them, then thinks for itself."""

    def __init__(
        self,
        config: TransformerConfig,
        attention: AttentionConfig,
        positions: Positions | None = None,
    ) -> None:
        super().__init__()
        self.self_attention = _attention(config, attention, positions)
        self.self_residual = Residual(config)
        self.feedforward = FeedForward(config)
        self.feedforward_residual = Residual(config)

    def forward(
        self, x: Float[Tensor, "batch length size"], mask: Mask | None = None
    ) -> Float[Tensor, "batch length size"]:
        """`mask` broadcasts against (batch, heads, queries, keys)."""
        y = self.self_residual.enter(x)
        memory = self.self_attention.prepare(y, y)
        x = self.self_residual.leave(x, self.self_attention(y, memory, mask))
        y = self.feedforward_residual.enter(x)
        return self.feedforward_residual.leave(x, self.feedforward(y))


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
        self.self_attention = _attention(config, attention, positions)
        self.self_residual = Residual(config)
        self.cross_attention = _attention(config, attention)
        self.cross_residual = Residual(config)
        self.feedforward = FeedForward(config)
        self.feedforward_residual = Residual(config)

    def forward(
        self,
        x: Float[Tensor, "batch length size"],
        state: LayerState,
        source_mask: Mask | None = None,
    ) -> tuple[Float[Tensor, "batch length size"], LayerState]:
        """Read `x` on from `state`; `source_mask` as in the encoder."""
        y = self.self_residual.enter(x)
        if state.past is None:
            past = self.self_attention.prepare(y, y)
        else:
            read = state.past.key.size(-2)
            past = state.past.append(self.self_attention.prepare(y, y, start=read))
        mask = causal_mask(y.size(1), past.key.size(2), y.device)
        x = self.self_residual.leave(x, self.self_attention(y, past, mask))
        y = self.cross_residual.enter(x)
        x = self.cross_residual.leave(x, self.cross_attention(y, state.source, source_mask))
        y = self.feedforward_residual.enter(x)
        x = self.feedforward_residual.leave(x, self.feedforward(y))
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
        told = attention.told_positions()
        self.positions = told.embedding(config.size)
        self.layers = nn.ModuleList(
            EncoderLayer(config, attention, told) for _ in range(config.encoder_layers)
        )
        # A pre-norm stack leaves its sum as it is; somebody has to normalise it in the end.
        self.norm = nn.LayerNorm(config.size) if config.norm == "pre" else nn.Identity()

    def forward(
        self, x: Float[Tensor, "batch length size"], mask: Mask | None = None
    ) -> Float[Tensor, "batch length size"]:
        """See `EncoderLayer`."""
        for layer in self.layers:
            x = layer(x, mask)
        normalised: Tensor = self.norm(x)
        return normalised


class Decoder(nn.Module):
    """A stack of decoder layers over embeddings."""

    def __init__(self, config: TransformerConfig, attention: AttentionConfig) -> None:
        super().__init__()
        told = attention.told_positions(directed=True)
        self.positions = told.embedding(config.size)
        self.layers = nn.ModuleList(
            DecoderLayer(config, attention, told) for _ in range(config.decoder_layers)
        )
        self.norm = nn.LayerNorm(config.size) if config.norm == "pre" else nn.Identity()

    def prepare(self, annotations: Float[Tensor, "batch length size"]) -> tuple[LayerState, ...]:
        """Each layer's state before the first target token."""
        annotations = for_products(annotations)
        attentions = [cast(DecoderLayer, layer).cross_attention for layer in self.layers]
        return tuple(
            LayerState(None, each.prepare(annotations, annotations)) for each in attentions
        )

    def forward(
        self,
        x: Float[Tensor, "batch length size"],
        states: tuple[LayerState, ...],
        source_mask: Mask | None = None,
    ) -> tuple[Float[Tensor, "batch length size"], tuple[LayerState, ...]]:
        """See `DecoderLayer`."""
        read = []
        for layer, state in zip(self.layers, states, strict=True):
            x, state = layer(x, state, source_mask)
            read.append(state)
        return self.norm(x), tuple(read)


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

    def encode(
        self, source: Int[Tensor, "batch length"], source_mask: Bool[Tensor, "batch length"]
    ) -> TransformerState:
        """Read the source; prepare it once as each decoder layer's memory."""
        mask = source_mask[:, None, None]
        embedded = self._embed(self.source_embedding, self.encoder.positions, source, 0)
        annotations = self.encoder(embedded, mask)
        return TransformerState(self.decoder.prepare(annotations), mask, length=0)

    def decode_features(
        self, target: Int[Tensor, "batch length"], state: TransformerState
    ) -> tuple[Float[Tensor, "batch length features"], TransformerState]:
        """See `EncoderDecoder`."""
        embedded = self._embed(self.target_embedding, self.decoder.positions, target, state.length)
        features, layers = self.decoder(embedded, state.layers, state.source_mask)
        length = state.length + target.size(1)
        return features, TransformerState(layers, state.source_mask, length)
