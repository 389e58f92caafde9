"""Printed steps lead, with a pocket calculator, to the printed weights."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from attnlab.attention.normalisers import NORMALISERS
from attnlab.studies.explain.normalising import (
    digits_for_window,
    print_entmax,
    print_plain,
    print_softmax,
)
from tests.conftest import normaliser_config

SCORES = st.lists(st.floats(-40, 40, allow_nan=False), min_size=1, max_size=30)


def read(numbers, digits):
    """What a reader has before them: the digits as they are printed."""
    return np.array([float(f"{number:.{digits}f}") for number in numbers])


@pytest.mark.parametrize("temperature", [1.0, 0.3, 7.0])
@given(scores=SCORES, seen=st.integers(1, 30))
@settings(max_examples=60, deadline=None)
def test_weights_follow_from_printed_scores(temperature, scores, seen):
    scores = np.array(scores)
    visible = np.arange(len(scores)) < seen
    exact = np.where(visible, np.exp((scores - scores[visible].max()) / temperature), 0)
    exact /= exact.sum()
    printed = print_softmax(scores, visible, exact, temperature)
    by_hand = read(printed.scores, printed.digits)
    np.testing.assert_allclose(by_hand, scores, atol=0.51 * 10.0**-printed.digits)
    tempered = (by_hand / temperature).round(printed.digits)
    np.testing.assert_array_equal(tempered, printed.tempered)
    differences = (tempered - tempered[visible].max()).round(printed.digits)
    np.testing.assert_array_equal(differences[visible], printed.differences[visible])
    exponentials = np.where(visible, np.exp(np.minimum(differences, 0)), 0).round(printed.digits)
    np.testing.assert_array_equal(exponentials, printed.exponentials)
    weights = (exponentials / exponentials.sum().round(printed.digits)).round(4)
    np.testing.assert_array_equal(weights, printed.weights)
    np.testing.assert_allclose(printed.weights, exact, atol=0.51e-4)


@pytest.mark.parametrize(("name", "alpha"), [("sparsemax", 2.0), ("entmax15", 1.5)])
@given(
    scores=st.lists(st.floats(-3, 3, allow_nan=False), min_size=1, max_size=30),
    seen=st.integers(1, 30),
)
@settings(max_examples=60, deadline=None)
def test_sparse_weights_follow_from_printed_scores(name, alpha, scores, seen):
    scores = np.array(scores)
    visible = np.arange(len(scores)) < seen
    normaliser = NORMALISERS.build(normaliser_config(name))
    exact = normaliser(torch.from_numpy(scores[None]), torch.from_numpy(visible))[0].numpy()
    printed = print_entmax(scores, visible, exact, alpha)
    z = (alpha - 1) * read(printed.scores, printed.digits)
    np.testing.assert_allclose(read(printed.scaled, printed.scaled_digits), z, atol=1e-12)
    greatest = np.sort(z[visible])[::-1][: printed.support]
    if alpha == 2:
        threshold = (greatest.sum() - 1) / printed.support
    else:
        assert printed.mean == pytest.approx(greatest.mean(), abs=0.51 * 10.0**-printed.digits)
        spread = np.square(greatest - printed.mean).sum()
        assert printed.spread == pytest.approx(spread, abs=0.51 * 10.0**-printed.digits)
        threshold = printed.mean - np.sqrt((1 - printed.spread) / printed.support)
    assert printed.threshold == pytest.approx(threshold, abs=0.51 * 10.0**-printed.scaled_digits)
    excess = np.where(visible, np.maximum(0, z - printed.threshold), 0).round(printed.scaled_digits)
    np.testing.assert_array_equal(excess, printed.excess)
    np.testing.assert_array_equal((excess ** (1 / (alpha - 1))).round(4), printed.weights)
    np.testing.assert_allclose(printed.weights, exact, atol=0.51e-4)


def test_a_sparsemax_by_hand():
    scores = np.array([1.0, 0.5, -1.0, 9.0])
    visible = np.array([True, True, True, False])
    printed = print_entmax(scores, visible, np.array([0.75, 0.25, 0.0, 0.0]), 2.0)
    assert (printed.digits, printed.support, printed.threshold) == (4, 2, 0.25)
    assert printed.excess.tolist() == [0.75, 0.25, 0, 0]
    with pytest.raises(ValueError, match=r"1.25-entmax has no closed form"):
        print_entmax(scores, visible, np.zeros(4), 1.25)


def test_a_query_that_may_see_nothing_has_no_weights():
    nothing, scores = np.zeros(3, dtype=bool), np.array([1.0, 2.0, 3.0])
    printed = print_softmax(scores, nothing, np.zeros(3))
    assert printed.sum == 0
    assert not printed.weights.any()
    for alpha in (1.5, 2.0):
        printed = print_entmax(scores, nothing, np.zeros(3), alpha)
        assert printed.support == 0
        assert not printed.weights.any()


def test_four_digits_where_they_are_enough():
    scores = np.log([0.5, 0.25, 0.25])
    assert print_softmax(scores, np.ones(3, bool), np.array([0.5, 0.25, 0.25])).digits == 4


def test_without_steps_there_are_scores_and_weights():
    printed = print_plain(np.array([0.123456]), np.array([0.98764]), 4)
    assert (printed.scores.tolist(), printed.weights.tolist()) == ([0.1235], [0.9876])


def test_a_window_takes_as_many_digits_as_its_products_need():
    generator = np.random.default_rng(3)
    weights, window = generator.dirichlet(np.ones(9)), generator.uniform(size=9)
    digits = digits_for_window(weights, window)
    assert 4 < digits <= 9
    product = (weights.round(digits) * window.round(digits)).round(4)
    np.testing.assert_array_equal(product, (weights * window).round(4))
    assert digits_for_window(np.array([0.5, 0.5]), np.array([1.0, 0.0])) == 4
