import statistics
from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from attnlab.data.pairs import SentencePair, longest_side
from attnlab.studies.describe.statistics import Lengths, count_split

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
    assert (lengths.sentences, lengths.shortest, lengths.longest, lengths.mean) == (5, 1, 10, 4.0)
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
    assert lengths.mean == pytest.approx(statistics.fmean(values))
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
