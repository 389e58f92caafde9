"""Alignment scores: by hand, by brute force, and by what must hold for any links."""

from itertools import product

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from attnlab.evaluation.alignment import (
    GoldLinks,
    LinkCounts,
    count_links,
    diagonal_links,
    expect_uniform,
    links_of_attention,
    parse_links,
    score_links,
)
from attnlab.support.errors import AttnlabError

LINKS = st.frozensets(st.tuples(st.integers(0, 4), st.integers(0, 6)))
CORPORA = st.lists(st.tuples(LINKS, LINKS), min_size=1, max_size=5)


def found(text):
    """Links as an aligner gives them, written as Pharaoh text."""
    return parse_links(text).sure


def test_pharaoh_text_puts_the_source_word_first():
    assert parse_links("0-0 1-2 10-3").sure == {(0, 0), (1, 2), (10, 3)}
    assert parse_links("") == GoldLinks(frozenset(), frozenset())


def test_what_is_sure_is_possible_too():
    gold = parse_links("0-0 1p2 10-3")
    assert gold.sure == {(0, 0), (10, 3)}
    assert gold.possible == {(0, 0), (1, 2), (10, 3)}


@pytest.mark.parametrize(
    "text", ["0-0 1", "0:1", "a-b", "0--1", "-1-0", "0-1-2", "²-1", "0p", "0P1", "0-p1"]
)
def test_other_text_is_refused(text):
    with pytest.raises(AttnlabError, match="expected links like '0-0 1-2', found"):
        parse_links(text)


def test_sure_and_possible_links_by_hand():
    # Och & Ney 2003: of three links one is sure and one more is possible; two are sure in all.
    counts = count_links(found("0-0 2-1 2-2"), parse_links("0-0 1-1 2p1"))
    assert counts == LinkCounts(3, sure=2, found_sure=1, found_possible=2, linked=2, hit=2)
    assert counts.precision == pytest.approx(2 / 3)
    assert counts.recall == pytest.approx(1 / 2)
    assert counts.error_rate == pytest.approx(1 - (1 + 2) / (3 + 2))
    assert counts.accuracy == 1


def test_all_sure_by_hand():
    # "You always run." and a reading that has the two crossed words uncrossed.
    counts = score_links([found("0-0 1-1 2-2 3-3")], [parse_links("0-0 1-2 2-1 3-3 3-2")])
    assert (counts.precision, counts.recall) == (2 / 4, 2 / 5)
    assert counts.error_rate == pytest.approx(1 - 4 / 9)
    assert counts.accuracy == 2 / 4


def test_accuracy_asks_only_for_words_that_have_a_link():
    # Target word 2 has none, which precision holds against what looks somewhere from there; word 3
    # attends to nothing, which precision does not mind.
    counts = count_links(found("0-0 4-1 2-2"), parse_links("0-0 1-1 4p1 3-3"))
    assert counts.accuracy == pytest.approx(2 / 3)
    assert counts.precision == pytest.approx(2 / 3)
    counts = count_links(found("0-0 4-1"), parse_links("0-0 1-1 4p1 3-3"))
    assert (counts.accuracy, counts.precision) == (pytest.approx(2 / 3), 1)


def test_a_word_with_two_right_links_is_hit_once():
    counts = count_links(found("0-0 1-0 0-1"), parse_links("0-0 1-0 1-1"))
    assert (counts.linked, counts.hit, counts.found_possible) == (2, 1, 2)


def test_links_of_a_corpus_weigh_the_same_whatever_sentence_they_stand_in():
    short, long = parse_links("0-0"), parse_links("0-0 1-1 2-2 3-3")
    counts = score_links([frozenset(), long.sure], [short, long])
    assert counts.recall == pytest.approx(4 / 5)  # the mean of the sentences' would be 1/2
    assert counts.accuracy == pytest.approx(4 / 5)
    assert counts.precision == 1


def test_nothing_found_and_nothing_to_find():
    empty, one = GoldLinks.of(frozenset()), parse_links("0-0")
    nothing = count_links(frozenset(), empty)
    assert (nothing.precision, nothing.recall, nothing.error_rate) == (0, 1, 0)
    assert nothing.accuracy == 1
    missed = count_links(frozenset(), one)
    assert (missed.precision, missed.recall, missed.error_rate) == (0, 0, 1)
    assert missed.accuracy == 0
    invented = count_links(one.sure, empty)
    assert (invented.precision, invented.recall, invented.error_rate) == (0, 1, 1)


def test_a_corpus_and_its_gold_have_as_many_sentences():
    empty = GoldLinks.of(frozenset())
    with pytest.raises(ValueError, match=r"zip\(\)"):
        score_links([frozenset()], [empty, empty])


def score(corpus):
    return score_links((mine for mine, _ in corpus), (GoldLinks.of(sure) for _, sure in corpus))


@given(CORPORA)
def test_gold_against_itself_has_no_error(corpus):
    sure = [links for _, links in corpus]
    counts = score_links(sure, map(GoldLinks.of, sure))
    assert (counts.error_rate, counts.accuracy) == (0, 1)


@given(CORPORA, st.randoms())
def test_the_order_of_sentences_does_not_matter(corpus, random):
    shuffled = list(corpus)
    random.shuffle(shuffled)
    assert score(shuffled) == score(corpus)


@given(LINKS, LINKS, LINKS)
def test_more_that_is_possible_is_never_worse(mine, sure, others):
    strict, lenient = (
        count_links(mine, GoldLinks.of(sure, more)) for more in (frozenset(), others)
    )
    assert lenient.error_rate <= strict.error_rate
    assert lenient.recall == strict.recall


@given(CORPORA)
def test_where_all_is_sure_the_error_rate_is_what_f1_lacks(corpus):
    counts = score(corpus)
    if counts.found_sure:
        precision, recall = counts.precision, counts.recall
        f1 = 2 * precision * recall / (precision + recall)
        assert counts.error_rate == pytest.approx(1 - f1)
    assert 0 <= counts.error_rate <= 1


def test_a_target_word_is_linked_with_what_it_attends_to_most():
    weights = np.array([[0.1, 0.7, 0.2], [0.4, 0.2, 0.4], [0.0, 0.0, 0.0], [0.0, 0.0, 1e-9]])
    # The second has two equals: the leftmost. The third attends to nothing.
    assert links_of_attention(weights) == {(1, 0), (0, 1), (2, 3)}
    assert links_of_attention(np.zeros((3, 0))) == frozenset()
    assert links_of_attention(np.zeros((0, 3))) == frozenset()


def test_the_diagonal():
    assert diagonal_links(3, 3) == {(0, 0), (1, 1), (2, 2)}
    assert diagonal_links(2, 5) == {(0, 0), (0, 1), (1, 2), (1, 3), (1, 4)}
    assert diagonal_links(5, 2) == {(1, 0), (3, 1)}
    assert diagonal_links(0, 2) == diagonal_links(2, 0) == frozenset()


@pytest.mark.parametrize(("source_words", "target_words"), [(2, 3), (3, 2), (4, 1)])
def test_uniform_attention_is_the_mean_over_all_that_can_be_drawn(source_words, target_words):
    last = target_words - 1
    gold = GoldLinks.of(frozenset({(0, 0), (1, last)}), frozenset({(1, 0)}))
    expected = expect_uniform(source_words, target_words, gold)
    drawn = [
        count_links(frozenset((source, target) for target, source in enumerate(choice)), gold)
        for choice in product(range(source_words), repeat=target_words)
    ]
    measures = ("found", "found_sure", "precision", "recall", "error_rate", "linked", "accuracy")
    for measure in measures:
        mean = np.mean([getattr(counts, measure) for counts in drawn])
        assert getattr(expected, measure) == pytest.approx(mean)
    assert expect_uniform(0, 2, GoldLinks.of(frozenset())) == LinkCounts(0, 0, 0, 0, 0, 0)
