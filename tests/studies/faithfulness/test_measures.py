"""Agreement of weights with effects: by hand, by brute force, and where there is none."""

import math
import subprocess
import sys
from itertools import combinations

import numpy as np
import pytest

from attnlab.studies.faithfulness.measures import (
    Estimate,
    kendall,
    nan_mean,
    spearman,
    top_hits,
    total_variation,
)
from tests.runs import REPOSITORY


def tau_by_counting(x, y):
    """Kendall 1945: concordant less discordant pairs, over what ties leave of either."""
    pairs = list(combinations(range(len(x)), 2))
    signs = [(np.sign(x[i] - x[j]), np.sign(y[i] - y[j])) for i, j in pairs]
    of_x, of_y = (sum(sign[side] != 0 for sign in signs) for side in (0, 1))
    return sum(a * b for a, b in signs) / math.sqrt(of_x * of_y)


def rho_by_ranks(x, y):
    ranks = [[sum(each < one for each in z) + z.count(one) / 2 for one in z] for z in (x, y)]
    return float(np.corrcoef(ranks)[0, 1])


def test_correlations_are_what_counting_gives_ties_included():
    generator = np.random.default_rng(5)
    for words in (2, 3, 5, 8):
        weights = generator.integers(0, 4, size=(30, words)).astype(float)
        effects = generator.integers(0, 4, size=(30, words)).astype(float)
        taus, rhos = kendall(weights, effects), spearman(weights, effects)
        for x, y, tau, rho in zip(weights.tolist(), effects.tolist(), taus, rhos, strict=True):
            if len(set(x)) == 1 or len(set(y)) == 1:
                assert math.isnan(tau)
                assert math.isnan(rho)
            else:
                assert tau == pytest.approx(tau_by_counting(x, y), abs=1e-12)
                assert rho == pytest.approx(rho_by_ranks(x, y), abs=1e-12)


def test_leading_axes_are_heads_and_steps():
    generator = np.random.default_rng(6)
    weights, effects = generator.random((3, 5, 7)), generator.random((5, 7))
    found = kendall(weights, effects)
    assert found.shape == (3, 5)
    assert found[2, 4] == pytest.approx(tau_by_counting(weights[2, 4], effects[4]))


def test_one_word_has_no_order():
    assert np.isnan(kendall(np.ones((4, 1)), np.ones((4, 1)))).all()
    assert math.isnan(nan_mean(np.array([math.nan])))
    assert nan_mean(np.array([math.nan, 1.0, 2.0])) == 1.5


def test_total_variation_by_hand():
    first = np.array([[0.5, 0.5, 0.0], [1.0, 0.0, 0.0], [0.2, 0.3, 0.5]])
    second = np.array([[0.25, 0.25, 0.5], [0.0, 0.0, 1.0], [0.2, 0.3, 0.5]])
    np.testing.assert_allclose(total_variation(first, second), [0.5, 1.0, 0.0])


def test_top_hits_by_hand():
    effects = np.array([0.1, 2.0, -1.0, 2.0])
    weights = np.array(
        [[0.1, 0.7, 0.1, 0.1], [0.7, 0.1, 0.1, 0.1], [0.4, 0.4, 0.1, 0.1], [0.25] * 4]
    )
    np.testing.assert_allclose(top_hits(weights, effects), [1, 0, 0.5, 0.5])


def test_an_estimate_leaves_out_what_is_not_known():
    found = Estimate.of([0.2, math.nan, 0.4, 0.6])
    assert (found.sentences, found.mean) == (3, pytest.approx(0.4))
    assert 0.2 <= found.low < found.mean < found.high <= 0.6
    assert Estimate.of([math.nan]).as_json() == {
        "mean": None,
        "low": None,
        "high": None,
        "sentences": 0,
    }
    assert math.isnan(Estimate.of([0.5]).low)


def test_the_interval_is_the_normal_one_where_there_are_many():
    values = np.random.default_rng(8).normal(0.3, 0.2, size=400)
    found = Estimate.of(values.tolist())
    half = 1.96 * values.std(ddof=1) / 20
    assert found.low == pytest.approx(values.mean() - half, abs=0.15 * half)
    assert found.high == pytest.approx(values.mean() + half, abs=0.15 * half)
    assert Estimate.of(values.tolist()) == found


@pytest.mark.parametrize("module", ["attnlab.__main__", "attnlab.inspection.drawing"])
def test_nobody_else_waits_for_scipy(module):
    program = f"import sys, {module}; sys.exit('scipy' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", program], cwd=REPOSITORY, check=False)
    assert done.returncode == 0
