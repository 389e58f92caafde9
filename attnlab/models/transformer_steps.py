"""The Transformer's decoder token by token: caches written into, fused projections, no masks."""

from typing import TYPE_CHECKING, cast

import torch
import torch.nn.functional as F
from jaxtyping import Bool, Float, Int
from torch import Tensor

from attnlab.attention.functional import cast_for_matmul, matmul_dtype
from attnlab.attention.multihead import MultiHeadAttention, split_heads
from attnlab.attention.pooling import AttentionPooling, Memory
from attnlab.attention.positions import RelativePositions
from attnlab.attention.scores import Score
from attnlab.models.interface import by_hypothesis, by_sentence
from attnlab.models.stepping import Logits, StepDecoder, Tokens

if TYPE_CHECKING:
    from attnlab.models.transformer import DecoderLayer, Transformer

_FIRST_CAPACITY = 32


class MemoryCache:
    """Keys and values of earlier tokens, in buffers with room for more, which are written into.

    Two pairs of buffers take turns when hypotheses are reordered.
    """

    def __init__(self) -> None:
        self.length = 0
        self._buffers: list[Tensor] = []  # keys and values: (rows, heads, capacity, size)
        self._spare: list[Tensor] = []

    def append(
        self, key: Float[Tensor, "rows heads size"], value: Float[Tensor, "rows heads value_size"]
    ) -> Memory:
        """Write one more token of each hypothesis; returns all so far, as views."""
        if not self._buffers or self.length == self._buffers[0].size(2):
            self._grow((key, value))
        for buffer, part in zip(self._buffers, (key, value), strict=True):
            buffer[:, :, self.length] = part
        self.length += 1
        return Memory(*self._filled())

    def select(self, rows: Int[Tensor, " rows"]) -> None:
        """Go on with the hypotheses at `rows`."""
        shapes = [(len(rows), *buffer.shape[1:]) for buffer in self._buffers]
        if [spare.shape for spare in self._spare] != shapes:
            pairs = zip(self._buffers, shapes, strict=True)
            self._spare = [buffer.new_empty(shape) for buffer, shape in pairs]
        for filled, spare in zip(self._filled(), self._spare, strict=True):
            torch.index_select(filled, 0, rows, out=spare[:, :, : self.length])
        self._buffers, self._spare = self._spare, self._buffers

    def _filled(self) -> list[Tensor]:
        return [buffer[:, :, : self.length] for buffer in self._buffers]

    def _grow(self, parts: tuple[Tensor, Tensor]) -> None:
        capacity = max(_FIRST_CAPACITY, 2 * self.length)
        filled, self._spare = self._filled(), []
        self._buffers = [
            part.new_empty(part.size(0), part.size(1), capacity, part.size(2)) for part in parts
        ]
        for before, buffer in zip(filled, self._buffers, strict=False):
            buffer[:, :, : self.length] = before


def product_scale(attention: MultiHeadAttention) -> float | None:
    """The factor of products if the attention is a softmax of nothing but them, else None."""
    pooling, score = attention.pooling, type(attention.pooling.score)
    factor = pooling.normaliser.softmax_factor
    is_plain = (
        pooling.is_fusible
        and isinstance(factor, float)
        and type(pooling.positions) is RelativePositions
        and score.project_query is Score.project_query
        and score.project_key is Score.project_key
        and attention.key_value_heads == attention.heads
        and attention.query_weight.out_features == attention.value_weight.out_features
        and matmul_dtype(attention.query_weight.weight) != torch.bfloat16
    )
    scale = pooling.score.dot_scale
    return scale * factor if is_plain and scale is not None and isinstance(factor, float) else None


def _is_watched(pooling: AttentionPooling) -> bool:
    return bool(pooling.observers or pooling.interventions or pooling.key_observers)


class _SelfAttention:
    """Attention of the newest token to itself and those before; one product projects it."""

    def __init__(self, attention: MultiHeadAttention) -> None:
        projections = [attention.query_weight, attention.value_weight]
        if attention.key_weight is not None:
            projections.insert(1, attention.key_weight)
        self._attention, self._scale = attention, product_scale(attention)
        self._weight = cast_for_matmul(torch.cat([each.weight for each in projections]))
        self._bias = cast_for_matmul(torch.cat([each.bias for each in projections]))
        self._sizes = [each.out_features for each in projections]
        self.cache = MemoryCache()

    def __call__(self, y: Float[Tensor, "rows 1 size"]) -> Float[Tensor, "rows 1 size"]:
        attention = self._attention
        projected = F.linear(y, self._weight, self._bias)
        if self._scale is None or _is_watched(attention.pooling):
            pooled = self._pooled(projected)
        else:
            # (rows, 1, 3 · heads · head size) -> three times (rows, heads, head size)
            query, key, value = projected.view(len(y), 3, attention.heads, -1).unbind(1)
            memory = self.cache.append(key, value)
            pooled = F.scaled_dot_product_attention(
                query.unsqueeze(2), memory.key, memory.value, scale=self._scale
            )
        output: Tensor = attention.output_weight(pooled.transpose(1, 2).flatten(2))
        return output

    def _pooled(self, projected: Tensor) -> Tensor:
        attention = self._attention
        query, *keys, values = torch.split(projected, self._sizes, dim=-1)
        value = split_heads(values, attention.key_value_heads)
        key = split_heads(keys[0], attention.key_value_heads) if keys else value
        memory = attention.pooling.prepare(key, value, self.cache.length)
        memory = self.cache.append(memory.key.squeeze(2), memory.value.squeeze(2))
        pooled: Tensor = attention.pooling(split_heads(query, attention.heads), memory)
        return pooled


class _Layer:
    def __init__(self, layer: "DecoderLayer", source: Memory, mask: Tensor | None) -> None:
        self._layer, self._source, self._mask = layer, source, mask
        self._scale = product_scale(layer.cross_attention)
        self.self_attention = _SelfAttention(layer.self_attention)

    def __call__(self, x: Float[Tensor, "rows 1 size"]) -> Float[Tensor, "rows 1 size"]:
        layer = self._layer
        x = layer.self_residual.leave(x, self.self_attention(layer.self_residual.enter(x)))
        queries = by_sentence(layer.cross_residual.enter(x), len(self._source.value))
        attended = self._attend(layer.cross_attention, queries)
        x = layer.cross_residual.leave(x, by_hypothesis(attended, x))
        y = layer.feedforward(layer.feedforward_residual.enter(x))
        return layer.feedforward_residual.leave(x, y)

    def _attend(
        self, attention: MultiHeadAttention, queries: Float[Tensor, "sentences beams size"]
    ) -> Float[Tensor, "sentences beams size"]:
        """See `MultiHeadAttention`, to the source."""
        attended: Tensor
        if self._scale is None or _is_watched(attention.pooling):
            attended = attention(queries, self._source, self._mask)
            return attended
        pooled = F.scaled_dot_product_attention(
            split_heads(attention.query_weight(queries), attention.heads),
            self._source.key,
            self._source.value,
            self._mask,
            scale=self._scale,
        )
        attended = attention.output_weight(pooled.transpose(1, 2).flatten(2))
        return attended

    def keep(self, sentences: Int[Tensor, " kept"], mask: Tensor | None) -> None:
        """Go on with these sentences."""
        self._mask = mask
        self._source = Memory(self._source.key[sentences], self._source.value[sentences])


class TransformerSteps(StepDecoder):
    """See `StepDecoder`. Numbers are those of `Transformer.decode`, up to rounding."""

    def __init__(
        self,
        model: "Transformer",
        source: Int[Tensor, "batch length"],
        source_mask: Bool[Tensor, "batch length"],
    ) -> None:
        state = model.encode(source, source_mask)
        self._model, self._length = model, 0
        self._mask = None if bool(source_mask.all()) else state.source_mask
        layers = zip(model.decoder.layers, state.layers, strict=True)
        self._layers = [
            _Layer(cast("DecoderLayer", layer), each.source, self._mask) for layer, each in layers
        ]

    def decode(self, tokens: Tokens) -> Logits:
        """See `StepDecoder`."""
        model = self._model
        x = model.embed_target(tokens.unsqueeze(1), self._length)
        for layer in self._layers:
            x = layer(x)
        if model.decoder.norm is not None:
            x = model.decoder.norm(x)
        self._length += 1
        return model.output_step(x.squeeze(1))

    def select(self, rows: Tensor | None, sentences: Tensor | None = None) -> None:
        """See `StepDecoder`."""
        if sentences is not None and self._mask is not None:
            self._mask = self._mask[sentences]
        for layer in self._layers:
            if rows is not None:
                layer.self_attention.cache.select(rows)
            if sentences is not None:
                layer.keep(sentences, self._mask)
