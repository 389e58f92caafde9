"""Pieces sampled for each epoch: by seed and epoch alone, of the same words, within the budget."""

import pytest
import torch

from attnlab.data import subword_regularization as sampling
from attnlab.data.batching import EncodedPair, TrainingBatches
from attnlab.data.pairs import Layout, SentencePair
from attnlab.data.reading.files import read_pairs
from attnlab.data.subword_regularization import SampledPairs
from attnlab.data.token_store import FlatArray, TokenStore
from attnlab.data.vocabulary import VocabularyPair, encode_pairs
from attnlab.support.folders import shipped_folder
from tests.conftest import vocabulary_config

COUNT = 400


@pytest.fixture(scope="module")
def texts() -> list[SentencePair]:
    pairs, _ = read_pairs(shipped_folder("data") / "valid.tsv", Layout("en", "fr", ("en", "fr")))
    return pairs[:COUNT]


@pytest.fixture(scope="module", params=["bpe", "unigram"])
def model(request) -> str:
    return request.param


@pytest.fixture(scope="module")
def vocabulary(model, texts) -> VocabularyPair:
    return VocabularyPair.train(texts, vocabulary_config(size=300, model=model))


def plain(vocabulary, texts) -> TokenStore:
    pairs = encode_pairs(vocabulary, ((pair.source, pair.target) for pair in texts))
    return TokenStore(
        FlatArray.of(pair.source for pair in pairs),
        FlatArray.of(pair.target for pair in pairs),
    )


def sampled(model, vocabulary, texts, seed=1, source=0.2, target=0.2) -> SampledPairs:
    config = vocabulary_config(model=model, sampling={"source": source, "target": target})
    return SampledPairs(plain(vocabulary, texts), texts, vocabulary, config, seed)


def ids(pairs: TokenStore) -> list[EncodedPair]:
    return [EncodedPair(*sides) for sides in zip(pairs.source, pairs.target, strict=True)]


def test_other_pieces_of_the_same_words(model, vocabulary, texts):
    pairs = ids(sampled(model, vocabulary, texts)(3))
    before = ids(plain(vocabulary, texts))
    assert len(pairs) == len(texts)
    for pair, text in zip(pairs, texts, strict=True):
        assert vocabulary.source.decode(pair.source) == text.source
        assert vocabulary.target.decode(pair.target) == text.target
    for side in ("source", "target"):
        changed = [getattr(a, side) != getattr(b, side) for a, b in zip(pairs, before, strict=True)]
        assert sum(changed) > COUNT / 2


def test_seed_and_epoch_decide_everything(model, vocabulary, texts, monkeypatch):
    monkeypatch.setattr(sampling, "_BLOCK_SENTENCES", 150)
    one = sampled(model, vocabulary, texts)
    first = ids(one(0))
    others = [ids(one(1)), ids(sampled(model, vocabulary, texts, seed=2)(0))]
    assert ids(one(0)) == first, "other draws in between change nothing"
    assert ids(sampled(model, vocabulary, texts)(0)) == first
    assert all(other != first for other in others)


def test_the_two_sides_and_two_blocks_draw_numbers_of_their_own(texts, monkeypatch):
    monkeypatch.setattr(sampling, "_BLOCK_SENTENCES", 100)
    same = [SentencePair(texts[n % 100].source, texts[n % 100].source) for n in range(200)]
    vocabulary = VocabularyPair.train(same, vocabulary_config(size=300))
    pairs = ids(sampled("bpe", vocabulary, same)(0))
    assert [pair.source for pair in pairs] != [pair.target for pair in pairs]
    assert pairs[:100] != pairs[100:]


def test_null_leaves_a_side_as_it_is(model, vocabulary, texts):
    before = plain(vocabulary, texts)
    only_source = sampled(model, vocabulary, texts, target=None)(0)
    only_target = sampled(model, vocabulary, texts, source=None)(0)
    assert list(only_source.target) == list(before.target)
    assert list(only_source.source) != list(before.source)
    assert list(only_target.source) == list(before.source)
    assert list(only_target.source) != list(only_target.target)


def test_batches_of_an_epoch_are_within_the_budget_and_go_on_anywhere(model, vocabulary, texts):
    budget = 200
    batches = TrainingBatches(sampled(model, vocabulary, texts), budget, seed=1)
    counts = []
    for epoch in range(3):
        found = list(batches.epoch(epoch))
        counts.append(sum(len(batch.source) for batch in found))
        assert len(found) == batches.batches_in(epoch)
        for batch in found:
            for tokens in (batch.source, batch.target_input):
                assert tokens.numel() <= budget or len(tokens) == 1
        again = TrainingBatches(sampled(model, vocabulary, texts), budget, seed=1)
        for one, other in zip(found[4:], again.epoch(epoch, start=4), strict=True):
            for name, tensor in vars(one).items():
                assert torch.equal(tensor, getattr(other, name))
    assert counts == [COUNT] * 3


def test_source_and_target_stay_together_in_batches(model, vocabulary, texts):
    pairs = {(text.source, text.target) for text in texts}
    for batch in TrainingBatches(sampled(model, vocabulary, texts), 300, seed=1).epoch(2):
        for source, seen, target in zip(
            batch.source, batch.source_mask, batch.target_output, strict=True
        ):
            both = vocabulary.source.decode(source[seen]), vocabulary.target.decode(target)
            assert both in pairs


def test_no_merge_left_out_gives_the_batches_of_always(texts):
    vocabulary = VocabularyPair.train(texts, vocabulary_config(size=300))
    found = TrainingBatches(
        sampled("bpe", vocabulary, texts, source=0.0, target=0.0), 300, seed=1
    ).epoch(2)
    expected = TrainingBatches(plain(vocabulary, texts), 300, seed=1).epoch(2)
    for one, other in zip(found, expected, strict=True):
        for name, tensor in vars(one).items():
            assert torch.equal(tensor, getattr(other, name))
