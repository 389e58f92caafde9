"""Metrics by hand, and signatures that say how."""

import math

import pytest

from attnlab.evaluation.metrics import METRICS, exact_match, holds_word, measure, percentage


def test_bleu_by_hand():
    # 13a tokens: hypothesis "a b c d e f ." against "a b c d x f ."
    # 1-grams 6/7, 2-grams 4/6, 3-grams 2/5 ("a b c", "b c d"), 4-grams 1/4 ("a b c d");
    # equally long, so no brevity penalty
    expected = 100 * math.exp(sum(math.log(p) for p in (6 / 7, 4 / 6, 2 / 5, 1 / 4)) / 4)
    found = measure("bleu", ["a b c d e f."], ["a b c d x f."])
    assert found.score == pytest.approx(expected)
    assert found.signature.startswith("nrefs:1|case:mixed|eff:no|tok:13a|smooth:exp|version:")


def test_ter_by_hand():
    # one substitution in four words
    assert measure("ter", ["a b c d"], ["a b x d"]).score == pytest.approx(25.0)


@pytest.mark.parametrize("metric", list(METRICS))
def test_perfect_and_of_a_plain_number(metric):
    texts = ["Le chat dort sur le lit .", "Il ne l'a pas vu , hier ."]
    found = measure(metric, texts, texts)
    assert found.score == pytest.approx(0.0 if metric == "ter" else 100.0)
    assert type(found.score) is float


def test_no_break_spaces_count_as_spaces():
    assert measure("bleu", ["Où vas - tu donc\u202f?"], ["Où vas - tu donc ?"]).score > 99.9


def test_unequal_numbers_are_refused():
    with pytest.raises(ValueError, match="1 hypotheses for 2 references"):
        measure("bleu", ["a"], ["a", "b"])


def test_exact_match():
    assert exact_match(["a", "b", "c", "d"], ["a", "x", "c", "y"]) == 50.0


def test_a_word_is_found_whole_and_in_capitals():
    assert holds_word("L'écureuil mange.", "écureuil")
    assert holds_word("Écureuil !", "écureuil")
    assert not holds_word("Les écureuils mangent.", "écureuil")
    assert not holds_word("", "écureuil")


def test_a_share_of_nothing_is_refused():
    assert percentage([True, False, False, False]) == 25.0
    with pytest.raises(ValueError, match="nothing"):
        percentage([])
