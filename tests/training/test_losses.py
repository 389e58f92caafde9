"""The chunked cross-entropy against torch's, and its gradients."""

import pytest
import torch
import torch.nn.functional as F

from attnlab.training import losses
from attnlab.training.losses import summed_cross_entropy

ROWS, SIZE, VOCABULARY = 13, 5, 29

smoothed = pytest.mark.parametrize("smoothing", [0.0, 0.1])


@pytest.fixture(params=[1, 4 * VOCABULARY, 1 << 22], autouse=True)
def _pieces(request, monkeypatch):
    """One row, four rows (the last piece shorter) and all rows at a time."""
    monkeypatch.setattr(losses, "_LOGITS_AT_A_TIME", request.param)


def random_inputs(dtype=torch.float64):
    features = torch.randn(ROWS, SIZE, dtype=torch.float64).to(dtype).requires_grad_()
    weight = torch.randn(VOCABULARY, SIZE, dtype=torch.float64).to(dtype).requires_grad_()
    return features, weight, torch.randint(VOCABULARY, (ROWS,))


def reference(features, weight, tokens, smoothing):
    logits = features @ weight.t()
    return F.cross_entropy(logits, tokens, reduction="sum", label_smoothing=smoothing)


@smoothed
def test_value_and_gradients(smoothing):
    features, weight, tokens = random_inputs()
    total = summed_cross_entropy(features, weight, tokens, smoothing)
    expected = reference(features, weight, tokens, smoothing)
    torch.testing.assert_close(total, expected)
    wanted = torch.autograd.grad(3 * expected, (features, weight))
    torch.testing.assert_close(torch.autograd.grad(3 * total, (features, weight)), wanted)


@smoothed
def test_finite_differences(smoothing):
    features, weight, tokens = random_inputs()
    assert torch.autograd.gradcheck(
        lambda x, w: summed_cross_entropy(x, w, tokens, smoothing),
        (features, weight),
        fast_mode=True,
    )


@smoothed
def test_without_gradients(smoothing):
    features, weight, tokens = random_inputs()
    with torch.no_grad():
        total = summed_cross_entropy(features, weight, tokens, smoothing)
    assert not total.requires_grad
    torch.testing.assert_close(total, reference(features, weight, tokens, smoothing).detach())


def test_no_rows_at_all():
    features, weight, tokens = random_inputs()
    total = summed_cross_entropy(features[:0], weight, tokens[:0], 0.1)
    assert total == 0
    for gradient in torch.autograd.grad(total, (features, weight)):
        assert not gradient.any()


def test_large_logits_overflow_nothing():
    features, weight, tokens = random_inputs()
    total = summed_cross_entropy(1e4 * features, weight, tokens)
    torch.testing.assert_close(total, reference(1e4 * features, weight, tokens, 0.0))


@smoothed
def test_in_bfloat16_under_autocast(smoothing):
    features, weight, tokens = random_inputs(torch.float32)
    expected = reference(features, weight, tokens, smoothing)
    with torch.autocast("cpu", dtype=torch.bfloat16):
        total = summed_cross_entropy(features, weight, tokens, smoothing)
    assert total.dtype == torch.float32
    torch.testing.assert_close(total, expected, rtol=5e-3, atol=0)
    wanted = torch.autograd.grad(expected, (features, weight))
    for ours, theirs in zip(torch.autograd.grad(total, (features, weight)), wanted, strict=True):
        assert ours.dtype == torch.float32
        assert (ours - theirs).norm() / theirs.norm() < 0.02
