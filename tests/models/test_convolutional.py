"""Gehring et al. 2017 against torch's own convolutions, and the paper's equations word by word."""

import pytest
import torch
import torch.nn.functional as F

from attnlab.attention.recording import record_attention
from attnlab.models.convolutional import (
    GatedConvolution,
    VariancePreservingLinear,
    padded,
    scaled_gradient,
)
from tests.conftest import small_model

BATCH, LENGTH, SIZE = 3, 11, 6


@pytest.mark.filterwarnings("ignore:Using padding='same' with even kernel lengths")
@pytest.mark.parametrize("width", [1, 2, 3, 4, 5])
def test_a_gated_convolution_is_torchs_and_a_gated_linear_unit(width):
    layer = GatedConvolution(SIZE, width).double()
    torch.nn.init.normal_(layer.window_weight.bias)
    x = torch.randn(BATCH, LENGTH, SIZE).double()
    # (2 size, width · size) -> (2 size, size, width), as torch has it
    kernel = layer.window_weight.weight.view(2 * SIZE, width, SIZE).transpose(1, 2)
    convolved = F.conv1d(x.transpose(1, 2), kernel, layer.window_weight.bias).transpose(1, 2)
    values, gates = convolved.chunk(2, dim=-1)
    torch.testing.assert_close(layer(x), values * gates.sigmoid())
    around = F.conv1d(
        x.transpose(1, 2), kernel, layer.window_weight.bias, padding="same"
    ).transpose(1, 2)
    torch.testing.assert_close(layer(padded(x, width)), F.glu(around, dim=-1))


@pytest.mark.parametrize("dropout", [0.0, 0.4])
def test_first_weights_keep_the_variance(dropout):
    torch.manual_seed(1)
    x = F.dropout(torch.randn(2000, 200), dropout)  # training scales up what it keeps
    linear, gated = VariancePreservingLinear(200, 300, dropout), GatedConvolution(200, 1, dropout)
    assert linear(x).var().item() == pytest.approx(1, rel=0.1)
    # The gain of 4 takes σ(B) for ½; of a B of variance 4 its mean square is 0.349 in truth.
    assert gated(x.unsqueeze(1)).var().item() == pytest.approx(4 * 0.349, rel=0.1)


def test_gradients_are_shared_out_and_values_are_not():
    x = torch.randn(4, 5, dtype=torch.float64, requires_grad=True)
    shared = scaled_gradient(x, 1 / 3)
    torch.testing.assert_close(shared, x)
    (gradient,) = torch.autograd.grad((shared**2).sum(), x)
    torch.testing.assert_close(gradient, 2 * x / 3)


@pytest.mark.parametrize(("layers", "width"), [(1, 3), (2, 3), (3, 5), (2, 4)])
def test_a_stack_sees_so_many_neighbours_and_no_more(layers, width):
    model = small_model("convolutional", encoder_layers=layers, encoder_kernel_size=width)
    source, mask = torch.randint(4, 19, (1, 25)), torch.ones(1, 25).bool()
    changed = source.clone()
    changed[0, 12] = 4 + (source[0, 12] - 3) % 15
    difference = (model.encoder(source, mask)[0] - model.encoder(changed, mask)[0])[0].abs().sum(-1)
    seen = difference.nonzero().flatten()
    behind, before = layers * ((width - 1) // 2), layers * (width // 2)
    assert seen.tolist() == list(range(12 - before, 12 + behind + 1))


def test_a_decoder_layer_is_equations_1_and_2():
    model = small_model("convolutional", "dot", decoder_layers=1)
    batch, source, target = (
        2,
        torch.tensor([[5, 6, 7, 8], [9, 4, 0, 0]]),
        torch.randint(4, 23, (2, 5)),
    )
    mask = source > 0
    keys, values = model.encoder(source, mask)
    embedded = model.encoder.embedding(source)
    root_half = 0.5**0.5
    torch.testing.assert_close(values, (keys + embedded) * root_half)
    state = model.encode(source, mask)
    with record_attention(model) as record:
        features, _ = model.decode_features(target, state)
    weights = record["decoder.layer1.cross"][:, 0]

    decoder, g = model.decoder, model.decoder.embedding(target)
    layer = decoder.layers[0]
    x = decoder.inward(g)
    width = layer.convolution.width
    h = layer.convolution(F.pad(x, (0, 0, width - 1, 0)))
    d = (layer.query_weight(h) + g) * root_half
    a = (d @ keys.mT).masked_fill(~mask[:, None], -torch.inf).softmax(-1)
    torch.testing.assert_close(a, weights)
    m = mask.sum(-1).double().view(batch, 1, 1)
    c = layer.context_weight((a @ values) * m.sqrt())
    expected = decoder.outward(((h + c) * root_half + x) * root_half)
    torch.testing.assert_close(expected, features)


def test_dropout_is_in_training_alone_and_before_each_convolution():
    model = small_model("convolutional", dropout=0.5)
    source, mask = torch.randint(4, 19, (2, 6)), torch.ones(2, 6).bool()
    assert torch.equal(model.encoder(source, mask)[0], model.encoder(source, mask)[0])
    seen = []
    for layer in model.encoder.layers:
        layer.register_forward_hook(
            lambda _, given, __: seen.append((given[0] == 0).double().mean())
        )
    model.train()
    assert not torch.equal(model.encoder(source, mask)[0], model.encoder(source, mask)[0])
    assert all(share > 0.4 for share in seen)
