"""The Transformer's decoder token by token: caches written into, fused projections, no masks."""

from typing import TYPE_CHECKING, cast

import torch
import torch.nn.functional as F
from jaxtyping import Bool, Float, Int
from torch import Tensor

from attnlab.attention.functional import cast_for_matmul
from attnlab.attention.multihead import MultiHeadAttention, split_heads
from attnlab.attention.pooling import Memory
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

    def append(self, later: Memory) -> Memory:
        """Write one more token of each hypothesis; returns all so far, as views."""
        parts = (later.key, later.value)
        if not self._buffers or self.length == self._buffers[0].size(2):
            self._grow(parts)
        for buffer, part in zip(self._buffers, parts, strict=True):
            buffer[:, :, self.length] = part.squeeze(2)
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
            part.new_empty(part.size(0), part.size(1), capacity, part.size(3)) for part in parts
        ]
        for before, buffer in zip(filled, self._buffers, strict=False):
            buffer[:, :, : self.length] = before


class _SelfAttention:
    """Attention of the newest token to itself and those before; one product projects it."""

    def __init__(self, attention: MultiHeadAttention) -> None:
        projections = [attention.query_weight, attention.value_weight]
        if attention.key_weight is not None:
            projections.insert(1, attention.key_weight)
        self._attention = attention
        self._weight = cast_for_matmul(torch.cat([each.weight for each in projections]))
        self._bias = cast_for_matmul(torch.cat([each.bias for each in projections]))
        self._sizes = [each.out_features for each in projections]
        self.cache = MemoryCache()

    def __call__(self, y: Float[Tensor, "rows 1 size"]) -> Float[Tensor, "rows 1 size"]:
        attention = self._attention
        projected = F.linear(y, self._weight, self._bias)
        query, *keys, values = torch.split(projected, self._sizes, dim=-1)
        value = split_heads(values, attention.key_value_heads)
        key = split_heads(keys[0], attention.key_value_heads) if keys else value
        memory = attention.pooling.prepare(key, value, self.cache.length)
        pooled = attention.pooling(split_heads(query, attention.heads), self.cache.append(memory))
        output: Tensor = attention.output_weight(pooled.transpose(1, 2).flatten(2))
        return output


class _Layer:
    def __init__(self, layer: "DecoderLayer", source: Memory, mask: Tensor | None) -> None:
        self._layer, self._source, self._mask = layer, source, mask
        self.self_attention = _SelfAttention(layer.self_attention)

    def __call__(self, x: Float[Tensor, "rows 1 size"]) -> Float[Tensor, "rows 1 size"]:
        layer = self._layer
        x = layer.self_residual.leave(x, self.self_attention(layer.self_residual.enter(x)))
        queries = by_sentence(layer.cross_residual.enter(x), len(self._source.value))
        attended = layer.cross_attention(queries, self._source, self._mask)
        x = layer.cross_residual.leave(x, by_hypothesis(attended, x))
        y = layer.feedforward(layer.feedforward_residual.enter(x))
        return layer.feedforward_residual.leave(x, y)

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
