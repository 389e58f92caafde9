from itertools import combinations

from hypothesis import given
from hypothesis import strategies as st

from attnlab.data.pairs import SentencePair
from attnlab.studies.describe.statistics import repeated_within, shared_between

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
