"""Alignment scores: by hand, by brute force, and by what must hold for any links."""

from itertools import product

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from attnlab.errors import AttnlabError
from attnlab.evaluation.alignment import (
    LinkCounts,
    count_links,
    diagonal_links,
    expect_uniform,
    links_of_attention,
    parse_links,
    score_links,
)

LINKS = st.frozensets(st.tuples(st.integers(0, 4), st.integers(0, 6)))
CORPORA = st.lists(st.tuples(LINKS, LINKS), min_size=1, max_size=5)


def test_pharaoh_text_puts_the_source_word_first():
    assert parse_links("0-0 1-2 10-3") == {(0, 0), (1, 2), (10, 3)}
    assert parse_links("") == frozenset()


@pytest.mark.parametrize("text", ["0-0 1", "0:1", "a-b", "0--1", "-1-0", "0-1-2", "²-1"])
def test_other_text_is_refused(text):
    with pytest.raises(AttnlabError, match="expected links like '0-0 1-2', found"):
        parse_links(text)


def test_sure_and_possible_links_by_hand():
    # Och & Ney 2003: of three links one is sure and one more is possible; two are sure in all.
    found = count_links(parse_links("0-0 2-1 2-2"), parse_links("0-0 1-1"), parse_links("2-1"))
    assert found == LinkCounts(found=3, sure=2, found_sure=1, found_possible=2)
    assert found.precision == pytest.approx(2 / 3)
    assert found.recall == pytest.approx(1 / 2)
    assert found.error_rate == pytest.approx(1 - (1 + 2) / (3 + 2))


def test_all_sure_by_hand():
    # "You always run." and a reading that has the two crossed words uncrossed.
    counts = score_links([parse_links("0-0 1-1 2-2 3-3")], [parse_links("0-0 1-2 2-1 3-3 3-2")])
    assert (counts.precision, counts.recall) == (2 / 4, 2 / 5)
    assert counts.error_rate == pytest.approx(1 - 4 / 9)


def test_links_of_a_corpus_weigh_the_same_whatever_sentence_they_stand_in():
    short, long = parse_links("0-0"), parse_links("0-0 1-1 2-2 3-3")
    counts = score_links([frozenset(), long], [short, long])
    assert counts.recall == pytest.approx(4 / 5)  # the mean of the sentences' would be 1/2
    assert counts.precision == 1


def test_nothing_found_and_nothing_to_find():
    nothing = count_links(frozenset(), frozenset())
    assert (nothing.precision, nothing.recall, nothing.error_rate) == (0, 1, 0)
    missed = count_links(frozenset(), parse_links("0-0"))
    assert (missed.precision, missed.recall, missed.error_rate) == (0, 0, 1)
    invented = count_links(parse_links("0-0"), frozenset())
    assert (invented.precision, invented.recall, invented.error_rate) == (0, 1, 1)


def test_a_corpus_and_its_gold_have_as_many_sentences():
    with pytest.raises(ValueError, match=r"zip\(\)"):
        score_links([frozenset()], [frozenset(), frozenset()])


@given(CORPORA)
def test_gold_against_itself_has_no_error(corpus):
    gold = [sure for _, sure in corpus]
    assert score_links(gold, gold).error_rate == 0


@given(CORPORA, st.randoms())
def test_the_order_of_sentences_does_not_matter(corpus, random):
    shuffled = list(corpus)
    random.shuffle(shuffled)
    assert score_links(*zip(*shuffled, strict=True)) == score_links(*zip(*corpus, strict=True))


@given(CORPORA)
def test_where_all_is_sure_the_error_rate_is_what_f1_lacks(corpus):
    counts = score_links(*zip(*corpus, strict=True))
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
    sure = frozenset({(0, 0), (1, 0), (1, target_words - 1)})
    expected = expect_uniform(source_words, target_words, sure)
    drawn = [
        count_links(frozenset((source, target) for target, source in enumerate(choice)), sure)
        for choice in product(range(source_words), repeat=target_words)
    ]
    for measure in ("found", "found_sure", "precision", "recall", "error_rate"):
        mean = np.mean([getattr(counts, measure) for counts in drawn])
        assert getattr(expected, measure) == pytest.approx(mean)
    assert expect_uniform(0, 2, frozenset()) == LinkCounts(0, 0, 0, 0)
