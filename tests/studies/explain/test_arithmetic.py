"""What is printed leads, with a pocket calculator, to what is printed next."""

import numpy as np
import pytest

from attnlab.studies.explain.arithmetic import print_average, print_sums


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
