"""Any number of pairs: the same for the same seed, none twice, memory flat."""

import tracemalloc
from itertools import chain, islice, repeat

import pytest

from attnlab.grammar import Pair, distinct, pairs


def some(number: int, **choices: int) -> list[Pair]:
    stream = pairs(**choices)
    found = list(islice(stream, number))
    stream.close()
    return found


def test_how_many_work_at_it_changes_nothing():
    assert some(1200, seed=3, workers=2) == some(1200, seed=3)


def test_another_seed_writes_other_sentences():
    assert some(50, seed=1) != some(50, seed=2)


@pytest.mark.parametrize("longest", [8, 20, pytest.param(45, marks=pytest.mark.slow)])
def test_lengths_stay_within_what_was_asked(longest):
    lengths = [pair.length for pair in some(600, seed=4, longest=longest)]
    assert max(lengths) <= longest
    assert max(lengths) > longest * 0.7
    assert min(lengths) >= 3


def test_distinct_yields_everything_new_once():
    made = some(2000, seed=5)
    found = list(distinct(chain(made, made), expected=len(made)))
    english = {pair.english for pair in made}
    assert len({pair.english for pair in found}) == len(found)
    assert len({pair.french for pair in found}) == len(found)
    # What shares a side with an earlier pair is left out too; of the rest, all are there.
    expected, seen = 0, set()
    for pair in made:
        if ("en", pair.english) not in seen and ("fr", pair.french) not in seen:
            expected += 1
            seen |= {("en", pair.english), ("fr", pair.french)}
    assert expected * 0.998 <= len(found) <= expected
    assert len(english) >= len(found)


@pytest.mark.slow
def test_memory_does_not_grow_with_what_was_yielded():
    stream = distinct(pairs(6), expected=100_000)
    list(islice(stream, 1000))  # every table of words has now been read
    tracemalloc.start()
    for _ in islice(stream, 500):
        pass
    before, _ = tracemalloc.get_traced_memory()
    for _ in islice(stream, 3000):
        pass
    after, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert after - before < 1_000_000, "a kept pair takes over a thousand bytes"


def test_a_source_of_nothing_new_yields_nothing_more():
    (pair,) = some(1, seed=1)
    assert list(distinct(islice(repeat(pair), 1000), expected=10)) == [pair]
