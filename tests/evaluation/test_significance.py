"""Paired tests: the scores are sacreBLEU's own, and p says what it is to say."""

import random

import numpy as np
import pytest
from sacrebleu import corpus_bleu
from sacrebleu.metrics.bleu import BLEU
from sacrebleu.significance import PairedTest
from scipy import stats

from attnlab.evaluation.metrics import measure
from attnlab.evaluation.significance import (
    compare,
    compare_runs,
    compare_systems,
    holm,
    score_interval,
    statistics,
)

REFERENCES = [f"the cat number {n} sleeps on the old red mat" for n in range(40)]


def spoilt(share, seed):
    """References, some of which lack a word."""
    chance = random.Random(seed)
    return [text.replace(" old", "") if chance.random() < share else text for text in REFERENCES]


def test_scores_and_differences_are_sacrebleus():
    baseline, other = spoilt(0.1, 1), spoilt(0.5, 2)
    found = compare("bleu", baseline, {"other": other}, REFERENCES)["other"]
    whole, mine = (corpus_bleu(texts, [REFERENCES]).score for texts in (baseline, other))
    assert found.score == pytest.approx(mine)
    assert found.difference == pytest.approx(mine - whole)
    assert isinstance(found.p_value, float)


def test_what_chance_makes_of_it():
    baseline = spoilt(0.3, 1)
    found = compare(
        "bleu",
        baseline,
        {"the same": baseline, "much the same": spoilt(0.3, 5), "worse": spoilt(1.0, 2)},
        REFERENCES,
    )
    assert found["the same"].p_value == 1.0
    assert found["the same"].difference == 0.0
    assert found["worse"].p_value == pytest.approx(1 / 1001), "no trial is as bad"
    assert found["much the same"].p_value > 0.05
    again = compare("bleu", baseline, {"much the same": spoilt(0.3, 5)}, REFERENCES)
    assert again["much the same"] == found["much the same"]
    assert compare("bleu", baseline, {}, REFERENCES) == {}


def test_p_is_fair():
    """Of pairs of systems that are equally good, one in five has p of 0.2 or less."""
    low = sum(
        compare("bleu", spoilt(0.4, seed), {"": spoilt(0.4, seed + 1000)}, REFERENCES)[""].p_value
        <= 0.2
        for seed in range(60)
    )
    assert 4 <= low <= 20  # twelve are expected, with a standard deviation of three


@pytest.mark.parametrize("differing", [1, 2, 3, 5])
def test_few_sentences_prove_little(differing):
    """Of n that are all worse, the coins fall alike in 2 of 2^n trials."""
    other = [text.replace(" old", "") for text in REFERENCES[:differing]]
    found = compare("bleu", REFERENCES, {"": other + REFERENCES[differing:]}, REFERENCES)[""]
    assert found.difference < 0
    assert found.p_value == pytest.approx(2 / 2**differing, abs=0.05)


@pytest.mark.parametrize("metric", ["bleu", "chrf", "ter", "exact"])
def test_statistics_of_sentences_sum_to_the_corpus_score(metric):
    texts = spoilt(0.4, 3)
    others = [text.replace("cat", "dog") for text in REFERENCES]
    for references in ([REFERENCES], [REFERENCES, others]):
        whole = measure(metric, texts, *references).score
        assert statistics(metric, texts, *references).corpus_score == pytest.approx(whole)


def test_the_bootstrap_interval_is_scipys():
    """Of exact matches, whose difference is the mean of a difference of each sentence."""
    baseline, other = spoilt(0.2, 1), spoilt(0.6, 2)
    found = compare("exact", baseline, {"": other}, REFERENCES)[""]
    hits = [
        100.0 * ((b == wanted) - (a == wanted))
        for a, b, wanted in zip(baseline, other, REFERENCES, strict=True)
    ]
    theirs = stats.bootstrap(
        (hits,), np.mean, n_resamples=20_000, method="percentile", random_state=1
    ).confidence_interval
    assert found.interval == pytest.approx((theirs.low, theirs.high), abs=3)
    assert found.interval[0] < found.difference < found.interval[1]


def test_without_ties_p_is_near_sacrebleus():
    """Every sentence differs in its own way, so that no two trials are alike."""
    chance = random.Random(3)
    references = [
        " ".join(chance.choices("abcdefghijklmnop", k=12 + number % 7)) for number in range(80)
    ]

    def system(seed, share):
        chance = random.Random(seed)
        return [
            " ".join(word for word in text.split() if chance.random() > share)
            for text in references
        ]

    baseline, other = system(1, 0.10), system(2, 0.13)
    found = compare("bleu", baseline, {"": other}, references)[""]
    for kind, ours in (("ar", found.p_value), ("bs", found.bootstrap_p_value)):
        test = PairedTest(
            [("baseline", baseline), ("other", other)],
            {"BLEU": BLEU()},
            [references],
            test_type=kind,
            n_samples=1000,
        )
        theirs = test()[1]["BLEU"][1]
        assert theirs.score == pytest.approx(found.score, abs=0.1)
        assert ours == pytest.approx(theirs.p_value, abs=0.05)


def test_several_runs_of_one_setting_are_tested_together():
    baseline = [statistics("bleu", spoilt(0.3, seed), REFERENCES) for seed in (1, 2, 3)]
    other = [statistics("bleu", spoilt(0.7, seed), REFERENCES) for seed in (4, 5, 6)]
    found = compare_systems(baseline, other)
    assert found.score == pytest.approx(np.mean([each.corpus_score for each in other]))
    alone = compare_systems(baseline[:1], other[:1])
    assert found.interval[1] - found.interval[0] < alone.interval[1] - alone.interval[0]
    assert compare_systems(baseline, baseline).p_value == 1.0
    with pytest.raises(ValueError, match="zip"):
        compare_systems(baseline, other[:2])


@pytest.mark.parametrize("runs", [([1.0, 2, 3], [4.0, 5, 7]), ([1.0, 5, 2, 8], [3.0, 9, 4])])
def test_a_test_over_runs_is_scipys_permutation_test(runs):
    theirs = stats.permutation_test(
        runs, lambda a, b: abs(np.mean(a) - np.mean(b)), alternative="greater"
    )
    assert compare_runs(*runs) == pytest.approx(theirs.pvalue)
    assert compare_runs([1.0], [2.0, 3.0]) is None


def test_holm_by_hand():
    assert holm([0.01, 0.04, 0.03]) == pytest.approx([0.03, 0.06, 0.06])
    assert holm([0.5, 0.9]) == pytest.approx([1.0, 1.0])
    assert holm([]) == []


def test_the_interval_of_a_score_is_that_of_a_binomial_share():
    right = [True] * 140 + [False] * 60
    found = statistics("exact", ["a" if each else "b" for each in right], ["a"] * len(right))
    low, high = score_interval(found, trials=20_000)
    expected = [100 * share / 200 for share in stats.binom(200, 0.7).ppf([0.025, 0.975])]
    assert [low, high] == pytest.approx(expected, abs=0.6)
    assert found.corpus_score == 70
