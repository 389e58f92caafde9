"""Entropies of attention: by hand, and against torch's own distribution."""

import math

import numpy as np
import pytest
import torch

from attnlab.inspection.forced import head_entropies, row_entropies

BATCH, HEADS, QUERIES, KEYS = 2, 3, 5, 7


def test_one_key_has_none_and_evenly_spread_weights_have_the_most():
    weights = np.array([[1, 0, 0, 0], [0.5, 0.5, 0, 0], [0.25, 0.25, 0.25, 0.25], [0, 0, 0, 0]])
    assert row_entropies(weights) == pytest.approx([0, math.log(2), math.log(4), 0])


def test_as_torch_has_it():
    scores = torch.randn(BATCH, HEADS, QUERIES, KEYS, dtype=torch.float64)
    expected = torch.distributions.Categorical(logits=scores).entropy()
    np.testing.assert_allclose(row_entropies(scores.softmax(-1).numpy()), expected.numpy())


def test_means_over_the_queries_that_have_a_choice_by_hand():
    weights = np.zeros((1, 2, 4, 4))
    weights[0, 0] = [[1, 0, 0, 0], [0.5, 0.5, 0, 0], [0.5, 0.5, 0, 0], [9, 9, 9, 9]]
    weights[0, 1] = [[1, 0, 0, 0], [0, 1, 0, 0], [1 / 3, 1 / 3, 1 / 3, 0], [9, 9, 9, 9]]
    visible = np.tril(np.ones((1, 4, 4), bool))
    visible[0, 3] = False  # padding: whatever weights are there do not count
    first, second = head_entropies(weights, visible)
    assert first.nats == pytest.approx((math.log(2) + math.log(2)) / 2)
    assert first.normalised == pytest.approx((1 + math.log(2) / math.log(3)) / 2)
    assert second.nats == pytest.approx((0 + math.log(3)) / 2)
    assert second.normalised == pytest.approx((0 + 1) / 2)


def test_even_weights_are_1_whatever_the_lengths():
    visible = np.zeros((BATCH, QUERIES, KEYS), bool)
    visible[0, :, :3] = visible[1, :4, :6] = True
    even = visible / np.maximum(visible.sum(-1, keepdims=True), 1)
    heads = head_entropies(np.repeat(even[:, None], HEADS, axis=1), visible)
    assert [each.normalised for each in heads] == pytest.approx([1.0] * HEADS)
    assert [each.nats for each in heads] == pytest.approx(
        [(5 * math.log(3) + 4 * math.log(6)) / 9] * HEADS
    )


def test_without_a_choice_there_is_no_entropy():
    (only,) = head_entropies(np.ones((1, 1, 1, 1)), np.ones((1, 1, 1), bool))
    assert (only.nats, only.normalised) == (0.0, 0.0)
