"""The feed-forward part, by torch's functions, and the size of the gated one."""

import torch
import torch.nn.functional as F

from attnlab.models.layers import FeedForward
from tests.conftest import small_model

SIZE, INNER = 12, 17


def parameters(activation, size, inner):
    return sum(each.numel() for each in FeedForward(activation, size, inner, 0.0).parameters())


def test_swiglu_by_hand():
    part = FeedForward("swiglu", SIZE, INNER, dropout=0.0).double()
    for parameter in part.parameters():
        torch.nn.init.normal_(parameter)
    x = torch.randn(2, 3, SIZE, dtype=torch.float64)
    passed = x @ part.gate.weight.T + part.gate.bias
    inner = F.silu(x @ part.inner.weight.T + part.inner.bias) * passed
    torch.testing.assert_close(part(x), inner @ part.outer.weight.T + part.outer.bias)


def test_two_thirds_of_the_size_have_as_many_weights():
    assert parameters("relu", 48, 192) == 2 * 48 * 192 + 192 + 48
    assert parameters("swiglu", 48, 192) == 3 * 48 * 192 + 2 * 192 + 48
    biases_more = 2 * 128 - 192
    assert parameters("swiglu", 48, 128) == parameters("relu", 48, 192) + biases_more


def test_the_inner_features_have_a_dropout_of_their_own():
    """0.3 outside and 0 within: only the residual sums lose features, in the published recipe."""
    for within, expected in ((None, 0.3), (0.0, 0.0)):
        model = small_model("transformer", dropout=0.3, feedforward_dropout=within)
        parts = [each for each in model.modules() if isinstance(each, FeedForward)]
        assert [part.dropout for part in parts] == [expected] * 4
