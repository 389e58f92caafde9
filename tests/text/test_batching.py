"""Batches: every pair once an epoch, within the budget, the same again from the same seed."""

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from attnlab.errors import UsageError
from attnlab.text.batching import EncodedPair, TrainingBatches, collate, group_by_length

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


def test_groups_by_hand():
    # 2 × 3 = 6 fits, 3 × 4 = 12 does not; 9 is over the budget and stands alone
    assert group_by_length([3, 2, 4, 4, 9, 1], 8) == [[0, 1], [2, 3], [4], [5]]


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
    assert len(first) == batches.batches_per_epoch
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
