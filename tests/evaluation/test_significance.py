"""Paired tests of BLEU: the scores are sacreBLEU's own, and p says what it is to say."""

import random

import pytest
from sacrebleu import corpus_bleu

from attnlab.evaluation.significance import compare_bleu

REFERENCES = [f"the cat number {n} sleeps on the old red mat" for n in range(40)]


def spoilt(share, seed):
    """References, some of which lack a word."""
    chance = random.Random(seed)
    return [text.replace(" old", "") if chance.random() < share else text for text in REFERENCES]


def test_scores_and_differences_are_sacrebleus():
    baseline, other = spoilt(0.1, 1), spoilt(0.5, 2)
    found = compare_bleu(baseline, {"other": other}, REFERENCES)["other"]
    whole, mine = (corpus_bleu(texts, [REFERENCES]).score for texts in (baseline, other))
    assert found.bleu == pytest.approx(mine)
    assert found.difference == pytest.approx(mine - whole)
    assert isinstance(found.p_value, float)


def test_what_chance_makes_of_it():
    baseline = spoilt(0.3, 1)
    found = compare_bleu(
        baseline,
        {"the same": baseline, "much the same": spoilt(0.3, 5), "worse": spoilt(1.0, 2)},
        REFERENCES,
    )
    assert found["the same"].p_value == 1.0
    assert found["the same"].difference == 0.0
    assert found["worse"].p_value == pytest.approx(1 / 1001), "no trial is as bad"
    assert found["much the same"].p_value > 0.05
    again = compare_bleu(baseline, {"much the same": spoilt(0.3, 5)}, REFERENCES)
    assert again["much the same"] == found["much the same"]
    assert compare_bleu(baseline, {}, REFERENCES) == {}


def test_p_is_fair():
    """Of pairs of systems that are equally good, one in five has p of 0.2 or less."""
    low = sum(
        compare_bleu(spoilt(0.4, seed), {"": spoilt(0.4, seed + 1000)}, REFERENCES)[""].p_value
        <= 0.2
        for seed in range(60)
    )
    assert 4 <= low <= 20  # twelve are expected, with a standard deviation of three


@pytest.mark.parametrize("differing", [1, 2, 3, 5])
def test_few_sentences_prove_little(differing):
    """Of n that are all worse, the coins fall alike in 2 of 2^n trials."""
    other = [text.replace(" old", "") for text in REFERENCES[:differing]]
    found = compare_bleu(REFERENCES, {"": other + REFERENCES[differing:]}, REFERENCES)[""]
    assert found.difference < 0
    assert found.p_value == pytest.approx(2 / 2**differing, abs=0.05)
