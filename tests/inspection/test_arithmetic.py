"""What is printed leads, with a pocket calculator, to what is printed next."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from attnlab.inspection.arithmetic import print_average, print_softmax, print_sums

SCORES = st.lists(st.floats(-40, 40, allow_nan=False), min_size=1, max_size=30)


def softmax(scores, visible):
    exponentials = np.where(visible, np.exp(scores - scores[visible].max()), 0)
    return exponentials / exponentials.sum()


@given(SCORES, st.integers(1, 30))
@settings(max_examples=100, deadline=None)
def test_weights_follow_from_printed_scores(scores, seen):
    scores = np.array(scores)
    visible = np.arange(len(scores)) < seen
    printed = print_softmax(scores, visible, softmax(scores, visible))
    texts = [f"{score:.{printed.digits}f}" for score in printed.scores]
    by_hand = np.array([float(text) for text in texts])
    np.testing.assert_allclose(by_hand, scores, atol=0.51 * 10.0**-printed.digits)
    differences = (by_hand - by_hand[visible].max()).round(printed.digits)
    np.testing.assert_array_equal(differences[visible], printed.differences[visible])
    exponentials = np.where(visible, np.exp(np.minimum(differences, 0)), 0).round(printed.digits)
    np.testing.assert_array_equal(exponentials, printed.exponentials)
    weights = (exponentials / exponentials.sum().round(printed.digits)).round(4)
    np.testing.assert_array_equal(weights, printed.weights)
    np.testing.assert_allclose(printed.weights, softmax(scores, visible), atol=0.51e-4)


def test_a_query_that_may_see_nothing_has_no_weights():
    nothing = np.zeros(3, dtype=bool)
    printed = print_softmax(np.array([1.0, 2.0, 3.0]), nothing, np.zeros(3))
    assert printed.sum == 0
    assert not printed.weights.any()


def test_four_digits_where_they_are_enough():
    scores = np.log([0.5, 0.25, 0.25])
    assert print_softmax(scores, np.ones(3, bool), np.array([0.5, 0.25, 0.25])).digits == 4


@pytest.mark.parametrize("factor", [1.0, 1 / np.sqrt(7), -0.5])
def test_terms_add_up_to_the_printed_score(factor):
    terms = np.random.default_rng(2).normal(size=(5, 11)) * 3
    scores = (factor * terms.sum(axis=1)).round(5)
    printed = print_sums(terms, factor, scores, 5, 3)
    assert printed.first.shape == (5, 3)
    np.testing.assert_allclose(printed.first, terms[:, :3], atol=0.51e-5)
    together = printed.first.sum(axis=1) + printed.others
    np.testing.assert_array_equal(together.round(printed.digits), printed.sums)
    np.testing.assert_array_equal((printed.sums * factor).round(5), scores)


def test_the_average_follows_from_printed_weights_and_values():
    generator = np.random.default_rng(4)
    for _ in range(50):
        exact = generator.dirichlet(np.ones(9))
        values = generator.normal(size=(9, 4))
        weights = exact.round(4)
        printed = print_average(weights, values, exact @ values)
        assert printed.digits >= 1, "four digits of weights leave more than whole numbers certain"
        by_hand = (weights @ values.round(printed.value_digits)).round(printed.digits)
        np.testing.assert_array_equal(by_hand, printed.average)
        np.testing.assert_allclose(
            printed.average, exact @ values, atol=0.51 * 10.0**-printed.digits
        )
