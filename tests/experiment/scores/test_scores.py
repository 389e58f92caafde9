"""The toy weights against the book's and each other's; the cost of whoever measures."""

import numpy as np
import pytest
import torch

from attnlab.attention.normalisers import NORMALISERS
from attnlab.attention.scores import SCORES
from attnlab.experiment.scores.choices import shipped_normalisers, shipped_scores
from attnlab.experiment.scores.cost import Sizes, measure_costs
from attnlab.experiment.scores.memory import peak_bytes
from attnlab.experiment.scores.report import ScoresReport
from attnlab.experiment.scores.toy import toy_weights

SIZES = Sizes(batch=2, heads=3, length=17, size=5, rounds=2)


@pytest.fixture(scope="module")
def choices():
    return list(shipped_scores()), list(shipped_normalisers())


@pytest.fixture(scope="module")
def toy(choices):
    return {(each.score, each.normaliser): each for each in toy_weights(*choices, seed=1)}


def test_every_score_meets_every_normaliser(toy):
    assert list(toy) == [(score, normaliser) for score in SCORES for normaliser in NORMALISERS]
    wide = {score for score, normaliser in toy if toy[score, normaliser].query_size == 20}
    assert wide == {"general", "additive", "location"}


def test_keys_that_are_alike_share_what_the_mask_leaves(toy):
    """The book's figure: a half each of two, a sixth each of six, nothing behind them."""
    expected = np.full((2, 10), np.nan)
    expected[0, :2], expected[1, :6] = 1 / 2, 1 / 6
    for (score, _), found in toy.items():
        np.testing.assert_array_equal(np.isnan(found.weights[:2]), np.isnan(expected))
        np.testing.assert_array_equal(np.isnan(found.weights[2:]), np.isnan(expected))
        np.testing.assert_allclose(np.nansum(found.weights, axis=1), 1, atol=1e-6)
        if score == "location":
            np.testing.assert_array_equal(found.weights[:2], found.weights[2:])
        else:
            np.testing.assert_allclose(found.weights[:2], expected, atol=1e-6)


def test_weights_of_keys_that_differ_are_in_known_ratios(toy):
    def odds(score, normaliser):
        logarithms = np.log(toy[score, normaliser].weights[3, :6])
        return logarithms - logarithms[0]

    scaled = odds("scaled_dot", "softmax")
    assert np.ptp(scaled) > 0.5
    np.testing.assert_allclose(odds("dot", "softmax"), np.sqrt(2) * scaled, atol=1e-5)
    np.testing.assert_allclose(odds("scaled_dot", "temperature"), scaled / 0.5, atol=1e-4)


def test_a_seed_decides(choices, toy):
    again = toy_weights(*choices, seed=1)
    assert all(
        np.array_equal(each.weights, toy[each.score, each.normaliser].weights, equal_nan=True)
        for each in again
    )
    other = toy_weights(*choices, seed=2)
    assert not np.allclose(other[0].weights[3, :6], again[0].weights[3, :6])


def test_the_peak_is_what_is_there_at_once():
    kept = []

    def work():
        kept.append(torch.ones(250))  # 1000 bytes
        first = torch.ones(1000)
        del first
        second = torch.ones(500)
        del second

    work()
    assert peak_bytes(work) == 1000 + 4000
    assert peak_bytes(lambda: None) == 0


def test_what_must_hold_for_costs(choices):
    scores, normalisers = choices
    costs = measure_costs([(score, normalisers[0]) for score in scores], SIZES, seed=1)
    found = {each.score: each for each in costs}
    assert {name: each.parameters for name, each in found.items()} == {
        "dot": 0,
        "scaled_dot": 0,
        "general": 5 * 5,
        "additive": 2 * 5 * 5 + 5,
        "cosine": 1,
        "gaussian": 1,
        "location": 100 * 5,
    }
    assert {name for name, each in found.items() if not each.fused} == {"additive", "location"}
    matrix = 4 * 2 * 3 * 17 * 17  # bytes of weights
    assert all(each.watched.peak_bytes >= matrix for each in costs)
    assert found["additive"].trained.peak_bytes >= 5 * matrix
    assert all(0 < way.fastest <= way.milliseconds for way in (costs[0].trained, costs[0].watched))
    sparse = measure_costs([(scores[1], each) for each in normalisers], SIZES, seed=1)
    assert [each.fused for each in sparse] == [True, True, False, False]


def test_the_report_says_all_of_it(choices, toy, tmp_path):
    scores, normalisers = choices
    costs = measure_costs([(scores[3], normalisers[0])], SIZES, seed=1)
    report = ScoresReport(
        seed=1,
        toy=list(toy.values()),
        figure=tmp_path / "scores.png",
        sizes=SIZES,
        of_scores=costs,
        of_normalisers=costs,
    )
    text = str(report)
    assert "2 sentences, 3 heads, 17 queries and keys" in text
    assert f"{costs[0].trained.fastest:.2f}" in text
    assert f"{costs[0].watched.peak_bytes / 1e6:.1f}" in text
    values = report.as_json()
    assert values["scores"][0]["trained"]["peak_bytes"] == costs[0].trained.peak_bytes
    assert values["toy"]["weights"][0]["weights"][0] == pytest.approx([0.5, 0.5, *[None] * 8])
