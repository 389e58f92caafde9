"""Batches: every pair once an epoch, within the budget, the same again from the same seed."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from attnlab.data.batching import (
    EncodedPair,
    TrainingBatches,
    collate,
    collate_stored,
    group_by_length,
    group_ends,
)
from attnlab.data.token_store import FlatArray, TokenStore
from attnlab.support.errors import UsageError

sentences = st.lists(st.integers(4, 50), max_size=9)
corpora = st.lists(st.builds(EncodedPair, sentences, sentences), min_size=1, max_size=40)


def test_collate_by_hand():
    batch = collate([EncodedPair([5, 6], [7]), EncodedPair([8], [9, 10, 11])])
    assert batch.source.tolist() == [[5, 6, 3], [8, 3, 0]]
    assert batch.source_mask.tolist() == [[True, True, True], [True, True, False]]
    assert batch.target_input.tolist() == [[2, 7, 0, 0], [2, 9, 10, 11]]
    assert batch.target_output.tolist() == [[7, 3, 0, 0], [9, 10, 11, 3]]
    assert batch.target_mask.tolist() == [[True, True, False, False], [True] * 4]
    assert batch.target_tokens == 6


def groups_by_loop(lengths, batch_tokens):
    groups, longest = [], 0
    for index, length in enumerate(lengths):
        longest = max(longest, length)
        if not groups or longest * (len(groups[-1]) + 1) > batch_tokens:
            groups.append([])
            longest = length
        groups[-1].append(index)
    return groups


def test_groups_by_hand():
    # 2 × 3 = 6 fits, 3 × 4 = 12 does not; 9 is over the budget and stands alone
    assert groups_by_loop([3, 2, 4, 4, 9, 1], 8) == [[0, 1], [2, 3], [4], [5]]


@settings(deadline=None)
@given(corpora, st.integers(1, 60), st.integers(0, 5))
def test_an_epoch_has_every_pair_once_within_the_budget(pairs, batch_tokens, seed):
    batches = list(TrainingBatches(pairs, batch_tokens, seed).epoch(3))
    seen = []
    for batch in batches:
        for tokens in (batch.source, batch.target_input):
            assert tokens.numel() <= batch_tokens or len(tokens) == 1
        for source, source_mask, target, target_mask in zip(
            batch.source, batch.source_mask, batch.target_output, batch.target_mask, strict=True
        ):
            seen.append((source[source_mask].tolist()[:-1], target[target_mask].tolist()[:-1]))
    assert sorted(seen) == sorted((pair.source, pair.target) for pair in pairs)


def same(one, other):
    return len(one) == len(other) and all(
        torch.equal(a.source, b.source) and torch.equal(a.target_output, b.target_output)
        for a, b in zip(one, other, strict=True)
    )


def test_seed_and_epoch_decide_everything_and_any_batch_can_be_the_first():
    pairs = [EncodedPair(list(range(4, 5 + n % 7)), list(range(4, 6 + n % 5))) for n in range(200)]
    pairs = [EncodedPair([*pair.source, 100 + n], pair.target) for n, pair in enumerate(pairs)]
    batches = TrainingBatches(pairs, 64, seed=1)
    first = list(batches.epoch(0))
    assert len(first) == batches.batches_in(0)
    assert same(first, list(TrainingBatches(pairs, 64, seed=1).epoch(0)))
    assert same(first[5:], list(batches.epoch(0, start=5)))
    assert not same(first, list(batches.epoch(1)))
    assert not same(first, list(TrainingBatches(pairs, 64, seed=2).epoch(0)))


def test_like_lengths_stand_together():
    pairs = [EncodedPair([5] * (n % 20 + 1), [6] * (n % 20 + 1)) for n in range(2000)]
    batches = list(TrainingBatches(pairs, 512, seed=1).epoch(0))
    cells = sum(batch.target_mask.numel() for batch in batches)
    assert sum(batch.target_tokens for batch in batches) / cells > 0.95


def test_an_impossible_budget_is_refused():
    with pytest.raises(UsageError, match="batch_tokens=0 must be at least 1"):
        TrainingBatches([EncodedPair([5], [6])], 0, seed=1)


def stored(pairs):
    return TokenStore(
        FlatArray.of(pair.source for pair in pairs),
        FlatArray.of(pair.target for pair in pairs),
    )


def simple_plan(pairs, batch_tokens, seed, number):
    """An epoch's batches by a loop over the pairs: by target, to and fro by source, by chance."""
    generator = np.random.default_rng([seed, number])
    chance = generator.permutation(len(pairs))
    lengths = [(len(pair.target) + 1, len(pair.source) + 1) for pair in pairs]
    turns = [source if target % 2 else -source for target, source in lengths]
    order = sorted(
        range(len(pairs)), key=lambda place: (lengths[place][0], turns[place], chance[place])
    )
    groups = groups_by_loop([max(lengths[place]) for place in order], batch_tokens)
    return [[order[place] for place in groups[i]] for i in generator.permutation(len(groups))]


@settings(deadline=None)
@given(corpora, st.integers(1, 60), st.integers(0, 3), st.integers(0, 3), st.integers(0, 50))
def test_batches_are_those_of_the_simple_plan(pairs, batch_tokens, seed, number, start):
    expected = simple_plan(pairs, batch_tokens, seed, number)
    for given_pairs in (pairs, stored(pairs)):
        batches = TrainingBatches(given_pairs, batch_tokens, seed)
        assert batches.batches_in(0) == len(expected)
        found = list(batches.epoch(number, start))
        assert len(found) == len(expected[start:])
        for batch, places in zip(found, expected[start:], strict=True):
            for name, tensor in vars(collate([pairs[place] for place in places])).items():
                one = getattr(batch, name)
                assert one.dtype == tensor.dtype
                assert torch.equal(one, tensor)


@given(st.lists(st.integers(1, 30), max_size=60), st.integers(1, 100))
def test_groups_found_at_once_are_those_found_by_the_loop(lengths, batch_tokens):
    ends = group_ends(np.array(lengths, np.int64), batch_tokens)
    assert [0, *ends][:-1] == [group[0] for group in groups_by_loop(lengths, batch_tokens)]
    assert not lengths or ends[-1] == len(lengths)
    order = sorted(range(len(lengths)), key=lengths.__getitem__)
    groups = groups_by_loop([lengths[place] for place in order], batch_tokens)
    assert group_by_length(lengths, batch_tokens) == [
        [order[place] for place in group] for group in groups
    ]


def test_stored_pairs_collate_by_hand():
    pairs = stored([EncodedPair([9], [9]), EncodedPair([5, 6], [7]), EncodedPair([8], [9, 10, 11])])
    batch = collate_stored(pairs, np.array([1, 2]))
    assert batch.source.tolist() == [[5, 6, 3], [8, 3, 0]]
    assert batch.source_mask.tolist() == [[True, True, True], [True, True, False]]
    assert batch.target_input.tolist() == [[2, 7, 0, 0], [2, 9, 10, 11]]
    assert batch.target_output.tolist() == [[7, 3, 0, 0], [9, 10, 11, 3]]
    assert batch.target_mask.tolist() == [[True, True, False, False], [True] * 4]


@settings(deadline=None)
@given(corpora, st.integers(1, 15))
def test_batches_of_so_many_sentences(pairs, sentences):
    batches = TrainingBatches(pairs, 1, seed=2, batch_sentences=sentences)
    for epoch in (0, 1):
        found = list(batches.epoch(epoch))
        assert len(found) == batches.batches_in(epoch)
        sizes = sorted(len(batch.source) for batch in found)
        assert sum(sizes) == len(pairs)
        assert set(sizes[1:]) <= {sentences}
        seen = sorted(
            target[mask].tolist()[:-1]
            for batch in found
            for target, mask in zip(batch.target_output, batch.target_mask, strict=True)
        )
        assert seen == sorted(pair.target for pair in pairs)
    again = TrainingBatches(pairs, 1, seed=2, batch_sentences=sentences)
    for one, other in zip(list(batches.epoch(1))[1:], again.epoch(1, start=1), strict=True):
        assert torch.equal(one.source, other.source)


def test_batches_of_sentences_mix_lengths_and_differ_from_epoch_to_epoch():
    pairs = [EncodedPair([5] * (1 + n % 9), [6] * (1 + n % 9)) for n in range(90)]
    batches = TrainingBatches(pairs, 1, seed=1, batch_sentences=30)
    for batch in batches.epoch(0):
        assert len(set(batch.source_mask.sum(1).tolist())) > 3
    first, second = (next(batches.epoch(epoch)).source for epoch in (0, 1))
    assert first.shape != second.shape or not torch.equal(first, second)
    with pytest.raises(UsageError, match="batch_sentences=0 must be at least 1"):
        TrainingBatches(pairs, 1, seed=1, batch_sentences=0)


@pytest.mark.parametrize("sentences", [None, 40])
def test_a_sample_of_the_largest_batch_is_padded_as_the_batch(sentences):
    """Wherever the longest source and target are: in different rows, and in a random order."""
    pairs = [EncodedPair([5] * (1 + n % 7), [6] * (1 + n % 5)) for n in range(40)]
    pairs[17] = EncodedPair([5] * 60, [6])
    pairs[31] = EncodedPair([5], [6] * 50)
    batches = TrainingBatches(pairs, 10_000, seed=1, batch_sentences=sentences)
    (whole,) = batches.epoch(0)
    sample, rows = batches.sample_of_largest(200)
    assert (rows, len(sample.source)) == (40, 3)
    assert sample.source.shape[1] == whole.source.shape[1] == 61
    assert sample.target_input.shape[1] == whole.target_input.shape[1] == 51
