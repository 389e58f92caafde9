"""Transformer layers against torch's own, with copied weights."""

import pytest
import torch

from attnlab.models.layers import BatchNorm, RmsNorm, running_statistics
from attnlab.models.transformer import DecoderLayer, EncoderLayer, LayerState, TransformerConfig
from attnlab.support.errors import UsageError
from tests.attention.test_multihead import copied_into_torch
from tests.conftest import SMALL, attention_config, shipped_values, small_model

BATCH, SOURCE, TARGET, SIZE = 2, 5, 7, 12

norms = pytest.mark.parametrize("norm", ["pre", "post", "none"])
normalisations = pytest.mark.parametrize("normalisation", ["layer", "rms", "batch"])
activations = pytest.mark.parametrize("activation", ["relu", "gelu"])


def config_of(norm, normalisation, activation):
    values = shipped_values("model", "transformer") | SMALL["transformer"]
    choices = {"norm": norm, "normalisation": normalisation, "activation": activation}
    return TransformerConfig(**values | choices | {"dropout": 0.0})


def randomised(layer):
    layer = layer.double().eval()
    for parameter in layer.parameters():
        torch.nn.init.normal_(parameter, std=0.5)
    for statistic in running_statistics(layer):
        statistic.uniform_(0.5, 1.5)
    return layer


class TheirBatchNorm(torch.nn.BatchNorm1d):
    """torch's wants features before tokens."""

    def forward(self, x):
        return super().forward(x.transpose(1, 2)).transpose(1, 2)


class NoNorm(torch.nn.Identity):
    eps = None  # torch's layer asks for it


def norm_of(ours):
    """torch's norm, with what ours has learnt; none where there is none."""
    if ours.norm is None:
        return NoNorm()
    if not isinstance(ours.norm, BatchNorm):
        kind = torch.nn.RMSNorm if isinstance(ours.norm, RmsNorm) else torch.nn.LayerNorm
        theirs = kind(SIZE, eps=1e-5, dtype=torch.float64)
        theirs.load_state_dict(ours.norm.state_dict())
        return theirs
    theirs = TheirBatchNorm(SIZE, dtype=torch.float64).eval()
    theirs.weight, theirs.bias = ours.norm.weight, ours.norm.bias
    theirs.running_mean, theirs.running_var = running_statistics(ours.norm)
    return theirs


def scaled(linear, scale):
    """What a sublayer's last matrix is worth where the sum takes only a part of it."""
    other = torch.nn.Linear(linear.in_features, linear.out_features, dtype=torch.float64)
    other.weight = torch.nn.Parameter(scale * linear.weight)
    other.bias = torch.nn.Parameter(scale * linear.bias)
    return other


def attention_of(ours, residual):
    theirs = copied_into_torch(ours)
    theirs.out_proj.weight = torch.nn.Parameter(residual.scale * theirs.out_proj.weight)
    theirs.out_proj.bias = torch.nn.Parameter(residual.scale * theirs.out_proj.bias)
    return theirs


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
    theirs.self_attn = attention_of(ours.self_attention, ours.self_residual)
    theirs.linear1 = ours.feedforward.inner
    theirs.linear2 = scaled(ours.feedforward.outer, ours.feedforward_residual.scale)
    theirs.norm1 = norm_of(ours.self_residual)
    if kind is torch.nn.TransformerDecoderLayer:
        theirs.multihead_attn = attention_of(ours.cross_attention, ours.cross_residual)
        theirs.norm2 = norm_of(ours.cross_residual)
        theirs.norm3 = norm_of(ours.feedforward_residual)
    else:
        theirs.norm2 = norm_of(ours.feedforward_residual)
    return theirs


@activations
@normalisations
@norms
def test_encoder_layer_equals_torch(norm, normalisation, activation):
    config = config_of(norm, normalisation, activation)
    ours = randomised(EncoderLayer(config, attention_config("scaled_dot")))
    theirs = reference(torch.nn.TransformerEncoderLayer, ours, norm, activation)
    x = torch.randn(BATCH, SOURCE, SIZE, dtype=torch.float64)
    mask = torch.arange(SOURCE) < torch.tensor([[5], [3]])
    expected = theirs(x, src_key_padding_mask=~mask)
    answer = ours(x, mask[:, None, None])
    torch.testing.assert_close(answer[mask], expected[mask])


@activations
@normalisations
@norms
def test_decoder_layer_equals_torch(norm, normalisation, activation):
    config = config_of(norm, normalisation, activation)
    ours = randomised(DecoderLayer(config, attention_config("scaled_dot")))
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


def test_layers_that_share_weights_compute_as_copies_do():
    """Their gradient is the sum of the copies' (the chain rule); layers take turns."""
    sizes = {"encoder_layers": 3, "decoder_layers": 3}
    shared = small_model("transformer", distinct_layers=2, **sizes)
    copies = small_model("transformer", **sizes)
    copies.load_state_dict(shared.state_dict())
    tokens = torch.randint(4, 19, (2, 5))
    sums = []
    for model in (shared, copies):
        features = model(tokens, torch.ones(2, 5, dtype=torch.bool), tokens)
        features.square().sum().backward()
        sums.append(features)
    torch.testing.assert_close(*sums)
    for stack in ("encoder", "decoder"):
        one, theirs = (model.get_submodule(stack).layers for model in (shared, copies))
        for name, weight in one[0].named_parameters():
            assert one[2].get_parameter(name) is weight
            assert one[1].get_parameter(name) is not weight
            alike = [theirs[index].get_parameter(name).grad for index in (0, 2)]
            torch.testing.assert_close(weight.grad, alike[0] + alike[1])


def test_more_distinct_layers_than_there_are():
    with pytest.raises(UsageError, match="distinct_layers=3 is more than the encoder's 2"):
        small_model("transformer", distinct_layers=3)
