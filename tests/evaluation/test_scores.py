"""Scores of a split and its parts: accuracies by hand, tables as they are read."""

import pytest

from attnlab.evaluation.metrics import measure
from attnlab.evaluation.scores import Outcome, Scores, SplitScores, report

SIDES = ("hypothesis", "reference")
OUTCOMES = [
    Outcome("le chat dort ici", "le chat dort ici", contrast=True),
    Outcome("le chien dort là", "le chien mange là", contrast=False, focus=True),
    Outcome("il pleut", "il pleut", contrast=True, focus=False),
]


def test_accuracies_count_only_those_who_were_asked():
    scores = Scores.of(OUTCOMES, ["exact"])
    assert scores.metrics["exact"].score == pytest.approx(200 / 3)
    assert scores.contrast == pytest.approx(200 / 3)
    assert scores.focus == pytest.approx(50)
    alone = Scores.of(OUTCOMES[:1], ["exact"])
    assert alone.focus is None
    assert set(alone.as_json()) == {"sentences", "exact", "contrast"}


def test_groups_are_measured_on_their_own_sentences():
    found = SplitScores.of("test", OUTCOMES, ["bleu", "exact"], {"tag": {"a": [0, 1], "b": [2]}})
    expected = measure("bleu", *([getattr(o, side) for o in OUTCOMES[:2]] for side in SIDES))
    assert found.by["tag"]["a"].metrics["bleu"] == expected
    assert found.by["tag"]["b"].metrics["exact"].score == 100
    assert found.as_json()["by"]["tag"]["b"]["sentences"] == 1


def test_report_of_one_split_is_lines_and_of_several_a_table():
    one = SplitScores.of("test", OUTCOMES, ["exact"], {})
    assert report([one], "greedy").splitlines()[0] == (
        "exact match 66.7 | greedy | % of sentences, to the letter"
    )
    other = SplitScores.of("plain", [Outcome("a", "b")], ["exact"], {"tag": {"x": [0]}})
    whole, recipes, by_tag = report([one, other], "greedy").split("\n\n")
    assert whole.splitlines() == [
        "split  sentences  exact match  contrast  focus",
        "test           3         66.7      66.7   50.0",
        "plain          1          0.0",
    ]
    assert [line.split(" | ")[0] for line in recipes.splitlines()] == [
        *("exact match", "contrast", "focus")
    ]
    assert "greedy" not in recipes.splitlines()[1], "nothing is searched for there"
    assert by_tag.splitlines()[0] == "plain, by tag  sentences  exact match"
