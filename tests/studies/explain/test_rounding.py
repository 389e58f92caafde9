"""Printed numbers follow, with a pocket calculator, from those printed before them."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from attnlab.attention.normalisers import NORMALISERS
from attnlab.studies.explain.rounding import (
    decimals_for_window,
    round_average,
    round_entmax,
    round_scores,
    round_softmax,
    round_sums,
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
    printed = round_softmax(scores, visible, exact, temperature)
    by_hand = read(printed.scores, printed.decimals)
    np.testing.assert_allclose(by_hand, scores, atol=0.51 * 10.0**-printed.decimals)
    tempered = (by_hand / temperature).round(printed.decimals)
    np.testing.assert_array_equal(tempered, printed.steps.get("score/τ", printed.scores))
    differences = (tempered - tempered[visible].max()).round(printed.decimals)
    np.testing.assert_array_equal(differences[visible], printed.steps["difference"][visible])
    exponentials = np.where(visible, np.exp(np.minimum(differences, 0)), 0).round(printed.decimals)
    np.testing.assert_array_equal(exponentials, printed.steps["exp"])
    weights = (exponentials / exponentials.sum().round(printed.decimals)).round(4)
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
    printed = round_entmax(scores, visible, exact, alpha)
    z = (alpha - 1) * read(printed.scores, printed.decimals)
    np.testing.assert_allclose(
        read(printed.steps.get("z", printed.scores), printed.step_decimals), z, atol=1e-12
    )
    greatest = np.sort(z[visible])[::-1][: int(printed.numbers["support"])]
    if alpha == 2:
        threshold = (greatest.sum() - 1) / printed.numbers["support"]
    else:
        assert printed.numbers["mean"] == pytest.approx(
            greatest.mean(), abs=0.51 * 10.0**-printed.decimals
        )
        spread = np.square(greatest - printed.numbers["mean"]).sum()
        assert printed.numbers["spread"] == pytest.approx(
            spread, abs=0.51 * 10.0**-printed.decimals
        )
        threshold = printed.numbers["mean"] - np.sqrt(
            (1 - printed.numbers["spread"]) / printed.numbers["support"]
        )
    assert printed.numbers["threshold"] == pytest.approx(
        threshold, abs=0.51 * 10.0**-printed.step_decimals
    )
    excess = np.where(visible, np.maximum(0, z - printed.numbers["threshold"]), 0).round(
        printed.step_decimals
    )
    np.testing.assert_array_equal(excess, printed.steps["z − τ"])
    np.testing.assert_array_equal((excess ** (1 / (alpha - 1))).round(4), printed.weights)
    np.testing.assert_allclose(printed.weights, exact, atol=0.51e-4)


def test_a_sparsemax_by_hand():
    scores = np.array([1.0, 0.5, -1.0, 9.0])
    visible = np.array([True, True, True, False])
    printed = round_entmax(scores, visible, np.array([0.75, 0.25, 0.0, 0.0]), 2.0)
    assert (printed.decimals, printed.numbers["support"], printed.numbers["threshold"]) == (
        4,
        2,
        0.25,
    )
    assert printed.steps["z − τ"].tolist() == [0.75, 0.25, 0, 0]
    with pytest.raises(ValueError, match=r"1.25-entmax has no closed form"):
        round_entmax(scores, visible, np.zeros(4), 1.25)


def test_a_query_that_may_see_nothing_has_no_weights():
    nothing, scores = np.zeros(3, dtype=bool), np.array([1.0, 2.0, 3.0])
    printed = round_softmax(scores, nothing, np.zeros(3))
    assert printed.numbers["sum"] == 0
    assert not printed.weights.any()
    for alpha in (1.5, 2.0):
        printed = round_entmax(scores, nothing, np.zeros(3), alpha)
        assert printed.numbers["support"] == 0
        assert not printed.weights.any()


def test_four_digits_where_they_are_enough():
    scores = np.log([0.5, 0.25, 0.25])
    assert round_softmax(scores, np.ones(3, bool), np.array([0.5, 0.25, 0.25])).decimals == 4


def test_without_steps_there_are_scores_and_weights():
    printed = round_scores(np.array([0.123456]), np.array([0.98764]), 4)
    assert (printed.scores.tolist(), printed.weights.tolist()) == ([0.1235], [0.9876])


def test_a_window_takes_as_many_digits_as_its_products_need():
    generator = np.random.default_rng(3)
    weights, window = generator.dirichlet(np.ones(9)), generator.uniform(size=9)
    digits = decimals_for_window(weights, window)
    assert 4 < digits <= 9
    product = (weights.round(digits) * window.round(digits)).round(4)
    np.testing.assert_array_equal(product, (weights * window).round(4))
    assert decimals_for_window(np.array([0.5, 0.5]), np.array([1.0, 0.0])) == 4


@pytest.mark.parametrize("factor", [1.0, 1 / np.sqrt(7), -0.5])
def test_terms_add_up_to_the_printed_score(factor):
    terms = np.random.default_rng(2).normal(size=(5, 11)) * 3
    scores = (factor * terms.sum(axis=1)).round(5)
    printed = round_sums(terms, factor, scores, 5, 3)
    assert printed.first.shape == (5, 3)
    np.testing.assert_allclose(printed.first, terms[:, :3], atol=0.51e-5)
    together = printed.first.sum(axis=1) + printed.others
    np.testing.assert_array_equal(together.round(printed.decimals), printed.sums)
    np.testing.assert_array_equal((printed.sums * factor).round(5), scores)


def test_the_average_follows_from_printed_weights_and_values():
    generator = np.random.default_rng(4)
    for _ in range(50):
        exact = generator.dirichlet(np.ones(9))
        values = generator.normal(size=(9, 4))
        weights = exact.round(4)
        printed = round_average(weights, values, exact @ values)
        assert printed.decimals >= 1, "four digits of weights leave more than whole numbers certain"
        by_hand = (weights @ values.round(printed.value_decimals)).round(printed.decimals)
        np.testing.assert_array_equal(by_hand, printed.average)
        np.testing.assert_allclose(
            printed.average, exact @ values, atol=0.51 * 10.0**-printed.decimals
        )
