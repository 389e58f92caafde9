"""Dropout: which share falls, that the sum stays, and that the seed decides."""

import pytest
import torch

from attnlab.attention.functional import dropout


@pytest.mark.parametrize("share", [0.1, 0.5, 0.9])
def test_share_and_scale(share):
    x = torch.full((1000, 301), 2.0)
    dropped = dropout(x, share, training=True)
    # 301,000 draws: a standard deviation is under 0.001; the share itself is rounded to 1/256
    assert (dropped == 0).float().mean().item() == pytest.approx(share, abs=0.007)
    assert dropped.mean().item() == pytest.approx(2.0, abs=0.03)
    assert len(dropped.unique()) == 2


def test_every_position_in_a_word_is_as_likely():
    falls = torch.stack([dropout(torch.ones(64), 0.5, training=True) == 0 for _ in range(4000)])
    # Five standard deviations of 4,000 draws
    assert (falls.float().mean(0) - 0.5).abs().max().item() < 5 * 0.5 / 4000**0.5


def test_gradient_passes_where_features_were_kept():
    x = torch.ones(7, 11, dtype=torch.float64, requires_grad=True)
    dropped = dropout(x, 0.3, training=True)
    dropped.sum().backward()
    torch.testing.assert_close(x.grad, dropped.detach())


def test_the_seed_decides():
    x = torch.ones(5, 7)
    draws = []
    for seed in (1, 1, 2):
        torch.manual_seed(seed)
        draws.append(dropout(x, 0.5, training=True))
    assert torch.equal(draws[0], draws[1])
    assert not torch.equal(draws[0], draws[2])


def test_extremes_and_evaluation():
    x = torch.randn(5, 7)
    assert dropout(x, 0.5, training=False) is x
    assert dropout(x, 0.0, training=True) is x
    assert not dropout(x, 1.0, training=True).any()
