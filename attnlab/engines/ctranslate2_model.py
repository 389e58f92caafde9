"""Transformers in CTranslate2's format, as far as it knows what they are made of."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from attnlab.attention.config import AttentionConfig
from attnlab.attention.multihead import MultiHeadAttention
from attnlab.attention.positions.absolute import LearnedEmbedding, SinusoidalEmbedding
from attnlab.attention.positions.rotary import RotaryConfig
from attnlab.attention.scores.products import GeneralScore
from attnlab.data.tokens import BEGIN, END, UNKNOWN
from attnlab.data.vocabulary import VocabularyPair
from attnlab.models.interface import EncoderDecoder, ModelConfig
from attnlab.models.layers import FeedForward, Norm, Residual
from attnlab.models.transformer import Transformer, TransformerConfig
from attnlab.support.errors import UsageError

LONGEST = 4096
"""Positions that a converted model knows: source or target tokens of the longest sentence."""

_EPSILON = 1e-5  # of all norms in attnlab


def require_ctranslate2() -> None:
    """Refuse to go on without the package of `attnlab[ctranslate2]`.

    Raises:
        UsageError: it is not installed.
    """
    try:
        import ctranslate2  # noqa: F401
    except ImportError as error:
        raise UsageError(
            "CTranslate2 is not installed; install it with: pip install 'attnlab[ctranslate2]'"
        ) from error


def require_convertible(config: ModelConfig, attention: AttentionConfig) -> None:
    """Refuse a model with parts that CTranslate2 does not know.

    Raises:
        UsageError: it has one; the message names all of them.
    """
    reasons = list(_unknown(config, attention))
    if reasons:
        raise UsageError(
            f"CTranslate2 cannot run this model: {'; '.join(reasons)}. Use ONNX, which takes every "
            "model: attnlab export --to onnx, or engine=onnxruntime"
        )


def _unknown(config: ModelConfig, attention: AttentionConfig) -> Sequence[str]:
    if not isinstance(config, TransformerConfig):
        return [f"model={config.name} is no Transformer"]
    found = []
    score, positions = attention.score.name, attention.positions.name
    if score not in ("scaled_dot", "dot", "general"):
        found.append(f"score={score} is no product of query and key")
    if score == "general" and positions == "rotary":
        found.append("score=general has a matrix between rotated queries and keys")
    if attention.normaliser.name not in ("softmax", "temperature"):
        found.append(f"normaliser={attention.normaliser.name} is no softmax")
    if positions not in ("none", "sinusoidal", "learned", "rotary"):
        found.append(f"positions={positions} differ from its own in encoder or decoder")
    if positions == "rotary" and (config.query_size or config.size // config.heads) % 2:
        found.append("positions=rotary leave a feature of each head as it is: its size is odd")
    if config.norm == "none":
        found.append("model.norm=none has no norms")
    if config.normalisation == "batch":
        found.append("model.normalisation=batch is none of its norms")
    if config.key_value_heads not in (None, config.heads):
        found.append(f"model.key_value_heads={config.key_value_heads} share keys with the source")
    sizes = (config.query_size, config.key_size, config.value_size)
    if len({size or config.size // config.heads for size in sizes}) > 1:
        found.append("a head's query_size, key_size and value_size differ")
    return found


def convert(
    model: EncoderDecoder[Any],
    config: ModelConfig,
    attention: AttentionConfig,
    vocabulary: VocabularyPair,
    folder: Path,
    precision: str,
) -> None:
    """Write `model`, which `require_convertible` accepts, to a folder of CTranslate2's files."""
    from ctranslate2.specs import TransformerSpec, common_spec, transformer_spec

    assert isinstance(model, Transformer)
    assert isinstance(config, TransformerConfig)
    gated = config.activation == "swiglu"
    activations = common_spec.Activation
    shared: dict[str, Any] = {
        "pre_norm": config.norm == "pre",
        "activation": {
            "relu": activations.RELU,
            "gelu": activations.GELU,
            "swiglu": activations.SWISH,
        }[config.activation],
        "ffn_glu": gated,
        "rms_norm": config.normalisation == "rms",
    }
    rotary = isinstance(attention.positions, RotaryConfig)
    if isinstance(attention.positions, RotaryConfig):
        base = attention.positions.base
        head_size = config.query_size or config.size // config.heads
        shared |= {"rotary_dim": head_size, "rotary_base": base}
    spec = TransformerSpec(
        transformer_spec.TransformerEncoderSpec(config.encoder_layers, config.heads, **shared),
        transformer_spec.TransformerDecoderSpec(config.decoder_layers, config.heads, **shared),
    )
    spec.encoder.embeddings[0].weight = _array(model.source_embedding.weight)
    spec.decoder.embeddings.weight = _array(model.target_embedding.weight)
    spec.decoder.projection.weight = _array(model.output.weight)
    for stack, side in ((model.encoder, spec.encoder), (model.decoder, spec.decoder)):
        if stack.norm is not None:
            _put_norm(side.layer_norm, stack.norm)
        if not rotary:
            side.position_encodings.encodings = _positions(stack.positions, config.size)
        for module, of_layer in zip(stack.layers, side.layer, strict=True):
            layer: Any = module
            _put_attention(of_layer.self_attention, layer.self_attention, fused=3)
            _put_norm(of_layer.self_attention.layer_norm, layer.self_residual)
            _put_feedforward(of_layer.ffn, layer.feedforward)
            _put_norm(of_layer.ffn.layer_norm, layer.feedforward_residual)
            if stack is model.decoder:
                _put_attention(of_layer.attention, layer.cross_attention, fused=2)
                _put_norm(of_layer.attention.layer_norm, layer.cross_residual)
    for side, register in (
        (vocabulary.source, spec.register_source_vocabulary),
        (vocabulary.target, spec.register_target_vocabulary),
    ):
        register(side.pieces(range(len(side))))
    unknown, begin, end = vocabulary.target.pieces([UNKNOWN, BEGIN, END])
    for name, value in {
        "unk_token": unknown,
        "bos_token": begin,
        "eos_token": end,
        "decoder_start_token": begin,
        "add_source_eos": True,
        "layer_norm_epsilon": _EPSILON,
    }.items():
        spec.config.add_attribute(name, value)
    spec.validate()
    spec.optimize(quantization=precision)
    spec.save(str(folder))


def _array(weight: Tensor) -> np.ndarray[Any, Any]:
    return weight.detach().float().numpy().copy()  # quantisation writes into it


def _positions(positions: nn.Module | None, size: int) -> np.ndarray[Any, Any]:
    """The rows that are added to embeddings at the first positions; zeros for none."""
    zeros = torch.zeros(1, LONGEST, size)
    if positions is None:
        return _array(zeros[0])
    assert isinstance(positions, LearnedEmbedding | SinusoidalEmbedding)
    with torch.no_grad():
        return _array(positions(zeros)[0])


def _put_norm(spec: Any, norm: Norm | Residual) -> None:
    if isinstance(norm, Residual):
        assert norm.norm is not None
        norm = norm.norm
    spec.gamma = _array(norm.weight)
    if isinstance(norm, nn.LayerNorm):
        spec.beta = _array(norm.bias)


def _put_linear(spec: Any, parts: Sequence[tuple[Tensor, Tensor]]) -> None:
    """One linear layer that computes all of `parts`, weights and biases, side by side."""
    spec.weight = np.concatenate([_array(weight) for weight, _ in parts])
    spec.bias = np.concatenate([_array(bias) for _, bias in parts])


def _put_attention(spec: Any, attention: MultiHeadAttention, fused: int) -> None:
    """`fused`: how many of queries, keys and values, the last ones, are in one linear layer."""
    query, value = attention.query_weight, attention.value_weight
    key = attention.key_weight
    assert key is not None
    score, factor = attention.pooling.score, attention.pooling.normaliser.softmax_factor
    assert score.dot_scale is not None
    assert factor is not None
    keys: tuple[Tensor, Tensor] = key.weight, key.bias
    if isinstance(score, GeneralScore):  # k' = W (K x + b), in each head
        inner = score.key_weight.weight.detach()
        by_head = key.weight.detach().view(attention.heads, -1, key.in_features)
        biases = key.bias.detach().view(attention.heads, -1)
        keys = (inner @ by_head).flatten(0, 1), (biases @ inner.T).flatten()
    scale = float(score.dot_scale * factor)
    parts = [(query.weight, query.bias), keys, (value.weight, value.bias)]
    spec.queries_scale = np.float32(scale)
    split = len(parts) - fused
    for at, group in enumerate([*([each] for each in parts[:split]), parts[split:]]):
        _put_linear(spec.linear[at], group)
    output = attention.output_weight
    _put_linear(spec.linear[-1], [(output.weight, output.bias)])


def _put_feedforward(spec: Any, feedforward: FeedForward) -> None:
    _put_linear(spec.linear_0, [(feedforward.inner.weight, feedforward.inner.bias)])
    if feedforward.gate is not None:
        gate = feedforward.gate
        _put_linear(spec.linear_0_noact, [(gate.weight, gate.bias)])
    _put_linear(spec.linear_1, [(feedforward.outer.weight, feedforward.outer.bias)])
