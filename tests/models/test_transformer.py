"""Transformer layers against torch's own, with copied weights."""

import pytest
import torch

from attnlab.models.transformer import DecoderLayer, EncoderLayer, LayerState, TransformerConfig
from tests.attention.test_multihead import copied_into_torch
from tests.conftest import SMALL, attention_config, shipped_values

BATCH, SOURCE, TARGET, SIZE = 2, 5, 7, 12

norms = pytest.mark.parametrize("norm", ["pre", "post"])
activations = pytest.mark.parametrize("activation", ["relu", "gelu"])


def config_of(norm, activation):
    values = shipped_values("model", "transformer") | SMALL["transformer"]
    return TransformerConfig(**values | {"norm": norm, "activation": activation, "dropout": 0.0})


def randomised(layer):
    layer = layer.double().eval()
    for parameter in layer.parameters():
        torch.nn.init.normal_(parameter, std=0.5)
    return layer


def reference(kind, ours, norm, activation):
    """torch's layer with our weights in it."""
    theirs = kind(
        SIZE,
        SMALL["transformer"]["heads"],
        SMALL["transformer"]["feedforward_size"],
        dropout=0.0,
        activation=activation,
        norm_first=norm == "pre",
        batch_first=True,
        dtype=torch.float64,
    ).eval()
    theirs.self_attn = copied_into_torch(ours.self_attention)
    theirs.linear1, theirs.linear2 = ours.feedforward.inner, ours.feedforward.outer
    theirs.norm1 = ours.self_residual.norm
    if kind is torch.nn.TransformerDecoderLayer:
        theirs.multihead_attn = copied_into_torch(ours.cross_attention)
        theirs.norm2 = ours.cross_residual.norm
        theirs.norm3 = ours.feedforward_residual.norm
    else:
        theirs.norm2 = ours.feedforward_residual.norm
    return theirs


@activations
@norms
def test_encoder_layer_equals_torch(norm, activation):
    ours = randomised(EncoderLayer(config_of(norm, activation), attention_config("scaled_dot")))
    theirs = reference(torch.nn.TransformerEncoderLayer, ours, norm, activation)
    x = torch.randn(BATCH, SOURCE, SIZE, dtype=torch.float64)
    mask = torch.arange(SOURCE) < torch.tensor([[5], [3]])
    with torch.no_grad():
        expected = theirs(x, src_key_padding_mask=~mask)
        answer = ours(x, mask[:, None, None])
    torch.testing.assert_close(answer[mask], expected[mask])


@activations
@norms
def test_decoder_layer_equals_torch(norm, activation):
    ours = randomised(DecoderLayer(config_of(norm, activation), attention_config("scaled_dot")))
    theirs = reference(torch.nn.TransformerDecoderLayer, ours, norm, activation)
    source = torch.randn(BATCH, SOURCE, SIZE, dtype=torch.float64)
    x = torch.randn(BATCH, TARGET, SIZE, dtype=torch.float64)
    mask = torch.arange(SOURCE) < torch.tensor([[5], [3]])
    expected = theirs(
        x,
        source,
        tgt_mask=torch.ones(TARGET, TARGET, dtype=torch.bool).triu(1),
        memory_key_padding_mask=~mask,
    )
    state = LayerState(None, ours.cross_attention.prepare(source, source))
    answer, _ = ours(x, state, mask[:, None, None])
    torch.testing.assert_close(answer, expected)
