"""The toy weights against the book's and each other's; the cost of whoever measures."""

import numpy as np
import pytest

from attnlab.attention.normalisers import NORMALISERS
from attnlab.attention.scores import SCORES
from attnlab.studies.scores.cost import AttentionGrowth, Task, measure_costs
from attnlab.studies.scores.figures import draw_costs
from attnlab.studies.scores.report import ScoresReport, Survey
from attnlab.studies.scores.toy import shipped_choices, toy_weights


def measured(attentions, length=17):
    return measure_costs(
        Task(attentions=attentions, batch=2, heads=3, length=length, size=5, rounds=2, seed=1)
    )


@pytest.fixture(scope="module")
def choices():
    return shipped_choices()


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


def test_answers_are_the_averages_that_the_book_prints(toy):
    """English 11.3, Chinese 10.3: the mean of the first two values, and of the first six."""
    for (score, _), found in toy.items():
        if score != "location":
            np.testing.assert_allclose(
                found.answers[:2], [[2, 3, 4, 5], [10, 11, 12, 13]], atol=1e-4
            )
        first = np.nansum(found.weights * 4 * np.arange(10), axis=1)
        np.testing.assert_allclose(found.answers[:, 0], first, atol=1e-4)


def test_at_length_1_the_distance_is_a_product(choices):
    """‖q - k‖² = 2 - 2 q·k, and the Gaussian's w² begins at the scaled product's 1/√d."""
    found = {
        (each.score, each.normaliser): each.weights
        for each in toy_weights(*choices, seed=1, unit_length=True)
    }
    for normaliser in NORMALISERS:
        np.testing.assert_allclose(
            found["gaussian", normaliser], found["scaled_dot", normaliser], atol=1e-5
        )
    odds = {score: np.log(found[score, "softmax"][3, :6]) for score in ("cosine", "dot")}
    sharpness = np.ptp(odds["cosine"]) / np.ptp(odds["dot"])
    assert sharpness == pytest.approx(np.sqrt(2), abs=1e-4)


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


def test_what_must_hold_for_costs(choices):
    scores, normalisers = choices
    costs = measured([(score, normalisers[0]) for score in scores])
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
    assert all(each.explicit.peak_bytes >= matrix for each in costs)
    assert found["additive"].training.peak_bytes >= 5 * matrix
    assert all(0 < way.fastest <= way.median for way in (costs[0].training, costs[0].explicit))
    sparse = measured([(scores[1], each) for each in normalisers])
    assert [each.fused for each in sparse] == [True, True, False, False]


def test_what_is_fused_writes_no_weights_down(choices):
    """Memory of a product in training grows with the length; step by step with its square."""
    scores, normalisers = choices
    attentions = [(score, normalisers[0]) for score in scores]
    lengths = (64, 128, 256)
    for costs in zip(*(measured(attentions, length) for length in lengths), strict=True):
        growth = AttentionGrowth(costs=costs)
        fused = costs[0].fused
        assert growth.training.memory_exponent == pytest.approx(1 if fused else 2, abs=0.2), costs
        assert growth.explicit.memory_exponent > 1.6


def test_the_report_and_the_figure_say_all_of_it(choices, toy, tmp_path):
    scores, normalisers = choices
    attentions = [(scores[1], each) for each in normalisers] + [(scores[3], normalisers[0])]
    costs = [measured(attentions, length) for length in (4, 8, 16)]
    growths = [AttentionGrowth(costs=of_one) for of_one in zip(*costs, strict=True)]
    survey = Survey(
        batch=2,
        heads=3,
        size=5,
        shortest=4,
        longest=16,
        rounds=2,
        seed=1,
        unit_length=False,
    )
    report = ScoresReport(
        survey=survey,
        toy=list(toy.values()),
        growths=growths,
        files=[tmp_path / "scores.png"],
    )
    text = str(report)
    assert "2 sentences · 3 heads of 5 features" in text
    rows = [line.split() for line in text.splitlines() if line.startswith("additive · softmax")]
    kind, trained, *_, peaks = (row[3:] for row in rows)
    assert kind == ["55", "no"]
    assert trained[:3] == [f"{1000 * cost[-1].training.fastest:.3g}" for cost in costs]
    assert peaks[:3] == [f"{cost[-1].explicit.peak_bytes / 1e6:.3g}" for cost in costs]
    assert trained[3].startswith("n^")
    assert ["additive", "2.0", "3.0", "4.0", "5.0", "10.0"] in [
        line.split()[:6] for line in text.splitlines()
    ]
    values = report.as_json()
    assert len(values["costs"]) == 5 * 3
    assert values["costs"][0]["training"]["peak_bytes"] == costs[0][0].training.peak_bytes
    assert values["toy"]["weights"][0]["weights"][0] == pytest.approx([0.5, 0.5, *[None] * 8])
    assert values["toy"]["weights"][0]["answers"][0] == pytest.approx([2, 3, 4, 5])
    figure = draw_costs([growths[0], growths[-1]], growths[:-1], survey.heading)
    legends = [[text.get_text() for text in legend.get_texts()] for legend in figure.legends]
    assert legends == [["scaled_dot", "additive"], list(NORMALISERS)]
    drawn = figure.axes[1].lines[1].get_ydata()
    np.testing.assert_allclose(drawn, [cost[-1].training.peak_bytes / 1e6 for cost in costs])
