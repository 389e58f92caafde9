"""How far a gradient gets, against whole Jacobians."""

import pytest
import torch

from attnlab.studies.complexity.formulas import (
    CONVOLUTION,
    RECURRENT,
    SELF_ATTENTION,
    layers_to_reach,
)
from attnlab.studies.complexity.layers import Convolution, build_reaching, gradient_shares
from tests.studies.complexity.test_layers import settings

EVERY = (SELF_ATTENTION, RECURRENT, CONVOLUTION)


def jacobian(layer, x):
    """(features of the last output, tokens, features)."""
    return torch.autograd.functional.jacobian(lambda given: layer(given)[0, -1], x)[:, 0]


@pytest.mark.parametrize("name", EVERY)
def test_shares_are_those_of_the_whole_jacobian(name):
    length, found = 9, gradient_shares(name, settings(), 9, seeds=5)
    exact = []
    for seed in range(1, 6):
        torch.manual_seed(seed)
        layer = build_reaching(name, settings(), length).double()
        x = torch.randn(1, length, 24, dtype=torch.float64)
        norms = jacobian(layer, x).square().sum((0, 2)).sqrt()
        exact.append(float(norms[0] / norms[-1]))
    # A few random signs stand for all 24 of the output's features.
    assert found.shares == pytest.approx(exact, rel=0.4)
    assert found.median == pytest.approx(sorted(exact)[2], rel=0.3)


@pytest.mark.parametrize("name", EVERY)
def test_a_sentence_of_one_token_has_all_of_it(name):
    assert gradient_shares(name, settings(), 1, seeds=2).shares == [1.0, 1.0]


@pytest.mark.parametrize("length", [5, 6, 9, 12])
def test_no_fewer_convolutions_lead_from_end_to_end(length):
    layers = layers_to_reach(length, 5)
    x = torch.randn(1, length, 24)
    reaching = jacobian(Convolution(settings(), layers, causal=True), x)
    assert reaching[:, 0].any()
    assert gradient_shares(CONVOLUTION, settings(), length, seeds=1).layers == layers
    if layers > 1:
        assert not jacobian(Convolution(settings(), layers - 1, causal=True), x)[:, 0].any()


def test_convolutions_that_are_causal_know_nothing_of_later_tokens():
    layer, x = Convolution(settings(), 2, causal=True), torch.randn(1, 7, 24)
    changed = x.clone()
    changed[:, 4] += 1
    assert torch.equal(layer(x)[:, :4], layer(changed)[:, :4])
    around = Convolution(settings(), 2)
    assert not torch.equal(around(x)[:, :4], around(changed)[:, :4])
