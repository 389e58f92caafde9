"""Counts by hand arithmetic and against the standard library: words, lengths, repetition."""

import statistics
from collections import Counter
from itertools import combinations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from attnlab.data.pairs import SentencePair, longest_side
from attnlab.studies.describe.statistics import (
    Lengths,
    count_split,
    repeated_within,
    shared_between,
)

TRAIN = [
    SentencePair("the cat sleeps", "le chat dort", tags=("present",)),
    SentencePair("the dog ate the cat", "le chien a mangé le chat", tags=("perfect", "animal")),
]
TEST = [
    SentencePair("the cat sleeps .", "le chat dort\u202f!", tags=("present",)),
    SentencePair("go", "va", tags=("command", "present")),
    SentencePair("go now", "va donc", tags=()),
]


def test_words_and_forms_by_hand():
    train = count_split(TRAIN)
    assert (train.pairs, train.source.words, train.target.words) == (2, 8, 9)
    # the 3, cat 2, sleeps, dog, ate; le 3, chat 2, dort, chien, a, mangé
    assert (len(train.source.forms), len(train.target.forms)) == (5, 6)
    assert train.source.forms["the"] == 3
    assert train.ratio == 9 / 8
    assert train.source.unseen is None
    assert train.source.unseen_words is train.source.unseen_forms is None


def test_what_training_lacks_by_hand():
    test = count_split(TEST, count_split(TRAIN))
    # Of 7 English words, "." and twice "go" and "now" are new: 4; of 6 forms 3.
    assert test.source.unseen == Counter({"go": 2, ".": 1, "now": 1})
    assert test.source.unseen_words == 4 / 7
    assert test.source.unseen_forms == 3 / 6
    # No space but a no-break one: "dort !" is one word, which training lacks.
    assert test.target.unseen == Counter({"va": 2, "dort\u202f!": 1, "donc": 1})
    assert test.target.unseen_words == 4 / 6


def test_phenomena_are_counted_by_pair_the_most_frequent_first():
    assert list(count_split(TEST).phenomena.items()) == [("present", 2), ("command", 1)]


def test_the_longer_side():
    assert [longest_side(pair) for pair in TRAIN] == [3, 6]
    assert count_split(TRAIN).longer.counts == {3: 1, 6: 1}


def test_lengths_by_hand():
    lengths = Lengths.of([5, 1, 2, 2, 10])
    assert lengths.counts == {1: 1, 2: 2, 5: 1, 10: 1}
    assert list(lengths.counts) == [1, 2, 5, 10]
    assert (lengths.sentences, lengths.shortest, lengths.longest, lengths.summary()["mean"]) == (
        5,
        1,
        10,
        4.0,
    )
    # Ranks of 5: one in five is 20 percent.
    assert [lengths.quantile(percent) for percent in (20, 21, 50, 80, 81, 95)] == [
        1,
        2,
        2,
        5,
        10,
        10,
    ]
    assert lengths.between(2, 5) == 3
    assert lengths.between(3, None) == 2


@given(st.lists(st.integers(1, 40), min_size=1))
def test_lengths_agree_with_the_standard_library(values):
    lengths = Lengths.of(values)
    assert lengths.summary()["mean"] == pytest.approx(statistics.fmean(values))
    assert lengths.quantile(50) == statistics.median_low(values)
    assert (lengths.quantile(1), lengths.quantile(100)) == (
        sorted(values)[(len(values) - 1) // 100],
        max(values),
    )


def test_characters_are_the_words_of_a_script_without_spaces():
    train = count_split([SentencePair("the cat drinks", "猫喝水。")])
    test = count_split([SentencePair("cat", "猫吃水。")], train)
    assert (train.target.words, test.target.lengths.counts) == (4, {4: 1})
    assert test.target.unseen == Counter({"吃": 1})


A1, A2, B1, B2, C3 = (
    SentencePair(*texts)
    for texts in (("a", "un"), ("a", "deux"), ("b", "un"), ("b", "deux"), ("c", "trois"))
)


def test_planted_leaks():
    train, valid, test = [A1, A2, C3], [A2, B1], [B2, B1, B1]
    train_valid, train_test, valid_test = shared_between(
        {"train": train, "valid": valid, "test": test}
    )
    assert train_valid.splits == ("train", "valid")
    # Source a; targets un and deux; the pair a-deux, first in train and valid alike.
    assert (train_valid.sources, train_valid.targets, train_valid.pairs) == (1, 2, 1)
    assert train_valid.examples == [(A2, A2)]
    assert (train_test.sources, train_test.targets, train_test.pairs) == (0, 2, 0)
    assert train_test.examples == []
    assert (valid_test.sources, valid_test.targets, valid_test.pairs) == (1, 2, 1)


def test_a_source_with_another_target_is_shown_as_either_has_it():
    (shared,) = shared_between({"train": [A1, B1, B2], "test": [B2, A2]})
    assert (shared.sources, shared.pairs) == (2, 1)
    assert shared.examples == [(B2, B2), (A1, A2)], "the same pair before the same source"


def test_nothing_in_common():
    assert shared_between({"train": [A1], "test": [C3]}) == []


def test_copies_and_variants_by_hand():
    found = repeated_within([A1, B1, A2, A1, C3, A1, B1])
    assert (found.copies, found.variants) == (3, 1)  # a-un twice more, b-un once more
    assert found.copy_examples == [A1, B1]
    assert found.variant_examples == [(A1, A2)]


def test_no_more_examples_than_asked_for():
    pairs = [SentencePair(f"source {i}", f"cible {j}") for i in range(9) for j in (0, 1, 1)]
    found = repeated_within(pairs)
    assert (found.copies, found.variants) == (9, 9)
    assert len(found.copy_examples) == len(found.variant_examples) == 3
    (shared,) = shared_between({"train": pairs, "test": pairs})
    assert (shared.sources, shared.targets, shared.pairs) == (9, 2, 18)
    assert len(shared.examples) == 3


PAIRS = st.lists(st.builds(SentencePair, st.sampled_from("abcd"), st.sampled_from("uvwx")))


@given(PAIRS, PAIRS)
def test_against_every_pair_of_pairs(train, test):
    """The quadratic way, which no corpus would bear."""
    copies = sum(any(pair == earlier for earlier in train[:i]) for i, pair in enumerate(train))
    variants = {
        one.source
        for one, other in combinations(train, 2)
        if one.source == other.source and one.target != other.target
    }
    found = repeated_within(train)
    assert (found.copies, found.variants) == (copies, len(variants))
    expected = {
        key: len({key(one) for one in train for other in test if key(one) == key(other)})
        for key in (lambda p: p.source, lambda p: p.target, lambda p: (p.source, p.target))
    }
    shared = shared_between({"train": train, "test": test})
    counts = [(each.sources, each.targets, each.pairs) for each in shared] or [(0, 0, 0)]
    assert counts == [tuple(expected.values())]
    for each in shared:
        for one, other in each.examples:
            assert one in train
            assert other in test
            assert one.source == other.source
