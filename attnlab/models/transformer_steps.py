"""The Transformer's decoder token by token: caches written into, fused projections, no masks."""

from collections.abc import Callable
from typing import TYPE_CHECKING, cast

import torch
import torch.nn.functional as F
from jaxtyping import Bool, Float, Int
from torch import Tensor, nn

from attnlab.attention.functional import cast_for_matmul, matmul_dtype
from attnlab.attention.multihead import MultiHeadAttention, split_heads
from attnlab.attention.pooling import AttentionPooling, Memory
from attnlab.attention.positions import RelativePositions
from attnlab.attention.scores import Score
from attnlab.models.interface import by_hypothesis, by_sentence
from attnlab.models.layers import LayerNorm, Residual
from attnlab.models.stepping import Logits, StepDecoder, Tokens

if TYPE_CHECKING:
    from attnlab.models.transformer import DecoderLayer, Transformer

_FIRST_CAPACITY = 32
_MANY_ROWS = 64

Rows = Float[Tensor, "rows size"]
Heads = Float[Tensor, "rows heads size"]
Map = Callable[[Tensor], Tensor]


class MemoryCache:
    """Keys and values of earlier tokens, in buffers with room for more, which are written into.

    Tokens are the first axis, so that writing one and reading all are of memory in one piece.
    Two pairs of buffers take turns when hypotheses are reordered.
    """

    def __init__(self) -> None:
        self.length = 0
        self._buffers: list[Tensor] = []  # keys and values: (capacity, rows, heads, size)
        self._spare: list[Tensor] = []

    def append(
        self, key: Heads, value: Float[Tensor, "rows heads value_size"]
    ) -> tuple[Float[Tensor, "length rows heads size"], Float[Tensor, "length rows heads v"]]:
        """Write one more token of each hypothesis; returns the keys and values of all, as views."""
        if not self._buffers or self.length == self._buffers[0].size(0):
            self._grow((key, value))
        for buffer, part in zip(self._buffers, (key, value), strict=True):
            buffer[self.length] = part
        self.length += 1
        keys, values = self._filled()
        return keys, values

    def select(self, rows: Int[Tensor, " rows"]) -> None:
        """Go on with the hypotheses at `rows`."""
        shapes = [(each.size(0), len(rows), *each.shape[2:]) for each in self._buffers]
        if [spare.shape for spare in self._spare] != shapes:
            pairs = zip(self._buffers, shapes, strict=True)
            self._spare = [buffer.new_empty(shape) for buffer, shape in pairs]
        for filled, spare in zip(self._filled(), self._spare, strict=True):
            torch.index_select(filled, 1, rows, out=spare[: self.length])
        self._buffers, self._spare = self._spare, self._buffers

    def _filled(self) -> list[Tensor]:
        return [buffer[: self.length] for buffer in self._buffers]

    def _grow(self, parts: tuple[Tensor, Tensor]) -> None:
        capacity = max(_FIRST_CAPACITY, 2 * self.length)
        filled, self._spare = self._filled(), []
        self._buffers = [part.new_empty(capacity, *part.shape) for part in parts]
        for before, buffer in zip(filled, self._buffers, strict=False):
            buffer[: self.length] = before


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


def _fused(attention: MultiHeadAttention) -> tuple[list[int], Tensor, Tensor]:
    """The projections to query, key if there is one, and value, as one: sizes, weight, bias."""
    parts = (attention.query_weight, attention.key_weight, attention.value_weight)
    projections = [each for each in parts if each is not None]
    weight = cast_for_matmul(torch.cat([each.weight for each in projections]))
    bias = cast_for_matmul(torch.cat([each.bias for each in projections]))
    return [each.out_features for each in projections], weight, bias


class _Layer:
    """A decoder layer with attention of any kind."""

    def __init__(self, layer: "DecoderLayer", source: Memory, mask: Tensor | None) -> None:
        self._layer, self._source, self._mask = layer, source, mask
        self._sizes, *self._projection = _fused(layer.self_attention)
        self.cache = MemoryCache()

    def __call__(self, features: Rows) -> Rows:
        layer = self._layer
        x = features.unsqueeze(1)
        x = layer.self_residual.leave(x, self._attend_before(layer.self_residual.enter(x)))
        queries = by_sentence(layer.cross_residual.enter(x), len(self._source.value))
        attended = layer.cross_attention(queries, self._source, self._mask)
        x = layer.cross_residual.leave(x, by_hypothesis(attended, x))
        y = layer.feedforward(layer.feedforward_residual.enter(x))
        return layer.feedforward_residual.leave(x, y).squeeze(1)

    def _attend_before(self, y: Float[Tensor, "rows 1 size"]) -> Float[Tensor, "rows 1 size"]:
        """Attention of the newest token to itself and those before."""
        attention = self._layer.self_attention
        projected = F.linear(y, *self._projection)
        query, *keys, values = torch.split(projected, self._sizes, dim=-1)
        value = split_heads(values, attention.key_value_heads)
        key = split_heads(keys[0], attention.key_value_heads) if keys else value
        memory = attention.pooling.prepare(key, value, self.cache.length)
        parts = self.cache.append(memory.key.squeeze(2), memory.value.squeeze(2))
        memory = Memory(*(each.permute(1, 2, 0, 3) for each in parts))
        pooled = attention.pooling(split_heads(query, attention.heads), memory)
        output: Tensor = attention.output_weight(pooled.transpose(1, 2).flatten(2))
        return output

    def keep(self, sentences: Int[Tensor, " kept"], mask: Tensor | None) -> None:
        """Go on with these sentences."""
        self._mask = mask
        self._source = Memory(self._source.key[sentences], self._source.value[sentences])


class _ProductLayer(_Layer):
    """A decoder layer whose attentions are softmaxes of nothing but products, without an observer.

    It calls no modules. `make bench-search`, against a decoder of modules: 26 % less time for a
    sentence alone, 15 % less for 64.
    """

    def __init__(self, layer: "DecoderLayer", source: Memory, mask: Tensor | None) -> None:
        super().__init__(layer, source, mask)
        before, across, feedforward = layer.self_attention, layer.cross_attention, layer.feedforward
        scales = product_scale(before), product_scale(across)
        assert scales[0] is not None
        assert scales[1] is not None
        self._heads, self._scales = (before.heads, across.heads), (scales[0], scales[1])
        self._output = _parameters(before.output_weight)
        self._query, self._across = (
            _parameters(across.query_weight),
            _parameters(across.output_weight),
        )
        self._inner, self._outer = _parameters(feedforward.inner), _parameters(feedforward.outer)
        self._activation = feedforward.activation
        self._gate = None if feedforward.gate is None else _parameters(feedforward.gate)
        residuals = (layer.self_residual, layer.cross_residual, layer.feedforward_residual)
        self._enter = [_entered(each) for each in residuals]
        self._leave = [_left(each) for each in residuals]

    def __call__(self, features: Rows) -> Rows:
        x, rows = features, len(features)
        y = F.linear(self._enter[0](x), *self._projection)
        query, key, value = y.view(rows, 3, self._heads[0], -1).unbind(1)
        pooled = _weighted(query, *self.cache.append(key, value), self._scales[0])
        x = self._leave[0](x, F.linear(pooled.view(rows, -1), *self._output))
        y = F.linear(self._enter[1](x), *self._query)
        queries = y.view(len(self._source.value), -1, self._heads[1], y.size(1) // self._heads[1])
        pooled = F.scaled_dot_product_attention(
            queries.transpose(1, 2),
            self._source.key,
            self._source.value,
            self._mask,
            scale=self._scales[1],
        )
        y = F.linear(pooled.transpose(1, 2).reshape(rows, -1), *self._across)
        x = self._leave[1](x, y)
        y = self._enter[2](x)
        inner = self._activation(F.linear(y, *self._inner))
        if self._gate is not None:
            inner = inner * F.linear(y, *self._gate)
        return self._leave[2](x, F.linear(inner, *self._outer))


def _weighted(
    query: Heads,
    keys: Float[Tensor, "length rows heads size"],
    values: Float[Tensor, "length rows heads value_size"],
    scale: float,
) -> Float[Tensor, "rows heads value_size"]:
    """`F.scaled_dot_product_attention` of one query of each row.

    For many rows with few tokens that takes twice as long as products by element.
    """
    if len(query) >= _MANY_ROWS and query.device.type == "cpu":
        weights = (query * keys).sum(-1).mul_(scale).softmax(0)
        return (weights.unsqueeze(-1) * values).sum(0)
    key, value = keys.permute(1, 2, 0, 3), values.permute(1, 2, 0, 3)
    return F.scaled_dot_product_attention(query.unsqueeze(2), key, value, scale=scale).squeeze(2)


def _parameters(linear: nn.Linear) -> tuple[Tensor, Tensor]:
    return linear.weight, linear.bias


def _normalised(norm: nn.Module) -> Map:
    if not isinstance(norm, LayerNorm):
        return norm
    shape, weight, bias, eps = list(norm.normalized_shape), norm.weight, norm.bias, norm.eps
    return lambda x: torch.layer_norm(x, shape, weight, bias, eps)


def _entered(residual: Residual) -> Map:
    """`Residual.enter` in evaluation."""
    if residual.norm is None or not residual.norm_first:
        return lambda x: x
    return _normalised(residual.norm)


def _left(residual: Residual) -> Callable[[Tensor, Tensor], Tensor]:
    """`Residual.leave` in evaluation."""
    if residual.norm is None or residual.norm_first:
        return lambda x, output: torch.add(x, output, alpha=residual.scale)
    normalise = _normalised(residual.norm)
    return lambda x, output: normalise(x + output)


class TransformerSteps(StepDecoder):
    """See `StepDecoder`. Numbers are those of `Transformer.decode`, up to rounding.

    Observers and interventions are those that are there when it is made.
    """

    def __init__(
        self,
        model: "Transformer",
        source: Int[Tensor, "batch length"],
        source_mask: Bool[Tensor, "batch length"],
    ) -> None:
        state = model.encode(source, source_mask)
        self._model, self._length = model, 0
        self._mask = None if bool(source_mask.all()) else state.source_mask
        self._layers: list[_Layer] = []
        for module, each in zip(model.decoder.layers, state.layers, strict=True):
            layer = cast("DecoderLayer", module)
            attentions = (layer.self_attention, layer.cross_attention)
            is_plain = all(
                product_scale(attention) is not None and not _is_watched(attention.pooling)
                for attention in attentions
            )
            kind = _ProductLayer if is_plain else _Layer
            self._layers.append(kind(layer, each.source, self._mask))

    def decode(self, tokens: Tokens) -> Logits:
        """See `StepDecoder`."""
        model = self._model
        x = model.embed_target(tokens.unsqueeze(1), self._length).squeeze(1)
        for layer in self._layers:
            x = layer(x)
        if model.decoder.norm is not None:
            x = model.decoder.norm(x)
        self._length += 1
        return model.output_step(x)

    def select(self, rows: Tensor | None, sentences: Tensor | None = None) -> None:
        """See `StepDecoder`."""
        if sentences is not None and self._mask is not None:
            self._mask = self._mask[sentences]
        for layer in self._layers:
            if rows is not None:
                layer.cache.select(rows)
            if sentences is not None:
                layer.keep(sentences, self._mask)
