"""Every task's targets and links, by Python's own sorting, reversing and dictionaries."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from attnlab.data.tasks import MOST_SYMBOLS, TASKS, Draws, Example, alphabet, example
from tests.data.tasks.settings import task

LENGTHS, SEEDS = st.integers(2, 6), st.integers(0, 10_000)


def drawn(name, length, seed, **changes):
    return example(task(name, **changes), length, Draws(str(seed)))


def test_a_line_by_hand():
    found = Example(["b", "a", "b"], ["a", "b"], frozenset({(1, 0), (0, 1)}), frozenset({(2, 1)}))
    assert found.line() == "b a b\ta b\t0-1 1-0 2p1"


def test_symbols_are_as_wide_as_each_other_and_in_order():
    assert alphabet(3) == ["a", "b", "c"]
    for symbols in (26, 27, MOST_SYMBOLS):
        names = alphabet(symbols)
        assert len(set(names)) == symbols
        assert names == sorted(names)
        assert len(set(map(len, names))) == 1


@given(LENGTHS, SEEDS, st.booleans())
def test_copy_and_reverse(length, seed, repeats):
    copied = drawn("copy", length, seed, repeats=repeats)
    assert list(copied.target) == list(copied.source)
    assert copied.sure == {(place, place) for place in range(length)}
    turned = drawn("reverse", length, seed, repeats=repeats)
    assert list(turned.target) == list(reversed(turned.source))
    assert turned.sure == {(length - 1 - place, place) for place in range(length)}
    assert not copied.possible | turned.possible


@given(LENGTHS, SEEDS)
def test_sort_is_stable_and_takes_any_of_equal_symbols(length, seed):
    found = drawn("sort", length, seed, symbols=3, pairs=5, held_out=2, repeats=True)
    assert list(found.target) == sorted(found.source)
    places = [source for source, _ in sorted(found.sure, key=lambda link: link[1])]
    pairs = [(found.source[place], place) for place in places]
    assert pairs == sorted(pairs), "equal symbols keep their order"
    everything = {
        (place, target)
        for target, symbol in enumerate(found.target)
        for place, other in enumerate(found.source)
        if other == symbol
    }
    assert found.sure | found.possible == everything


@given(LENGTHS, SEEDS, st.booleans())
def test_lookup_answers_each_query_with_its_value(length, seed, repeats):
    found = drawn("lookup", length, seed, repeats=repeats)
    source = list(found.source)
    asks = source.index("?")
    values = dict(zip(source[:asks:2], source[1:asks:2], strict=True))
    queries = source[asks + 1 :]
    assert (len(values), len(queries)) == (length, 2)
    assert list(found.target) == [each for key in queries for each in (key, values[key])]
    for target, symbol in enumerate(found.target):
        (sure,) = [place for place, other in found.sure if other == target]
        (possible,) = [place for place, other in found.possible if other == target]
        assert source[sure] == symbol
        key = queries[target // 2]
        assert possible == source.index(key)
        assert (sure == possible + 1) if target % 2 else (source[sure] == key and sure > asks)


@given(LENGTHS, SEEDS, st.sampled_from(TASKS))
def test_without_repeats_no_symbol_stands_twice(length, seed, name):
    source = list(drawn(name, length, seed).source)
    given_once = source[: source.index("?")] if name == "lookup" else source
    assert len(set(given_once)) == len(given_once)


def test_draws_are_even_and_repeat_only_if_they_may():
    chance = Draws("even")
    counts = dict.fromkeys("abc", 0)
    for _ in range(3000):
        first, second = chance.draw("abc", 2, repeats=False)
        assert first != second
        counts[first] += 1
    assert all(count == pytest.approx(1000, abs=120) for count in counts.values())
    twice = sum(len({*chance.draw("abc", 2, repeats=True)}) == 1 for _ in range(3000))
    assert twice == pytest.approx(1000, abs=120)
