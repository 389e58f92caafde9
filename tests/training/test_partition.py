"""The chunked sum of log partitions against torch's logsumexp, and its gradients."""

import pytest
import torch

from attnlab.training import partition
from attnlab.training.partition import total_log_partition

ROWS, SIZE, VOCABULARY = 13, 5, 29


@pytest.fixture(params=[1, 4 * VOCABULARY, 1 << 22], autouse=True)
def _pieces(request, monkeypatch):
    """One row, four rows (the last piece shorter) and all rows at a time."""
    monkeypatch.setattr(partition, "_LOGITS_AT_A_TIME", request.param)


def random_inputs():
    features = torch.randn(ROWS, SIZE, dtype=torch.float64, requires_grad=True)
    weight = torch.randn(VOCABULARY, SIZE, dtype=torch.float64, requires_grad=True)
    return features, weight


def test_value_and_gradients():
    features, weight = random_inputs()
    total = total_log_partition(features, weight)
    expected = (features @ weight.t()).logsumexp(-1).sum()
    torch.testing.assert_close(total, expected)
    wanted = torch.autograd.grad(3 * expected, (features, weight))
    torch.testing.assert_close(torch.autograd.grad(3 * total, (features, weight)), wanted)


def test_finite_differences():
    assert torch.autograd.gradcheck(total_log_partition, random_inputs())


def test_without_gradients():
    features, weight = random_inputs()
    with torch.no_grad():
        total = total_log_partition(features, weight)
    assert not total.requires_grad
    torch.testing.assert_close(total, (features @ weight.t()).logsumexp(-1).sum())


def test_large_logits_overflow_nothing():
    features, weight = random_inputs()
    total = total_log_partition(1e4 * features, weight)
    torch.testing.assert_close(total, (1e4 * features @ weight.t()).logsumexp(-1).sum())


def test_in_bfloat16_under_autocast():
    features, weight = (x.detach().float().requires_grad_() for x in random_inputs())
    expected = (features @ weight.t()).logsumexp(-1).sum()
    with torch.autocast("cpu", dtype=torch.bfloat16):
        total = total_log_partition(features, weight)
    assert total.dtype == torch.float32
    torch.testing.assert_close(total, expected, rtol=5e-3, atol=0)
    wanted = torch.autograd.grad(expected, (features, weight))
    for ours, theirs in zip(torch.autograd.grad(total, (features, weight)), wanted, strict=True):
        assert ours.dtype == torch.float32
        assert (ours - theirs).norm() / theirs.norm() < 0.02
