"""Attention maps: what the model really weighed, over words that are really there."""

import numpy as np
import pytest
import torch

from attnlab.attention.recording import record_attention
from attnlab.inspection import attention_maps, record_pairs
from attnlab.models import VocabularySizes
from attnlab.text.pairs import SentencePair
from attnlab.text.vocabulary import VocabularyPair
from attnlab.tokenised.batching import EncodedPair
from tests.conftest import small_model, vocabulary_config

SOURCE, TARGET = "the children slept", "les enfants ont dormi"


@pytest.fixture(scope="module")
def vocabulary():
    pairs = [SentencePair(SOURCE, TARGET), SentencePair("the cats ate", "les chats ont mangé")]
    return VocabularyPair.train(pairs, vocabulary_config("separate", size=30))


def maps_of(name, vocabulary, **options):
    sizes = VocabularySizes(
        source=len(vocabulary.source), target=len(vocabulary.target), shared=False
    )
    model = small_model(name, vocabulary=sizes)
    source, target = vocabulary.source.encode(SOURCE), vocabulary.target.encode(TARGET)
    return model, source, target, attention_maps(model, vocabulary, source, target, **options)


def test_the_transformer_has_a_map_for_every_kind_layer_and_head(vocabulary):
    _, _, _, maps = maps_of("transformer", vocabulary)
    names = [(each.kind, each.layer, each.head) for each in maps]
    assert sorted(names) == sorted(
        (kind, layer, head)
        for kind in ("encoder", "decoder", "cross")
        for layer in (1, 2)
        for head in (1, 2, 3)
    )
    words = {
        "encoder": (["the", "children", "slept", "</s>"],) * 2,
        "decoder": (["<s>", "les", "enfants", "ont", "dormi"],) * 2,
        "cross": (
            ["les", "enfants", "ont", "dormi", "</s>"],
            ["the", "children", "slept", "</s>"],
        ),
    }
    for each in maps:
        assert (each.queries, each.keys) == words[each.kind]
        np.testing.assert_allclose(each.weights.sum(axis=1), 1, atol=1e-5)


@pytest.mark.parametrize("name", ["bahdanau", "transformer"])
def test_piece_maps_are_the_models_weights(name, vocabulary):
    model, source, target, maps = maps_of(name, vocabulary, pieces=True)
    with torch.no_grad(), record_attention(model) as record:
        state = model.encode(torch.tensor([[*source, 3]]), torch.ones(1, len(source) + 1).bool())
        model.decode(torch.tensor([[2, *target]]), state)
    recorded = [head for weights in record.values() for head in weights[0].numpy()]
    assert len(maps) == len(recorded)
    for each, weights in zip(maps, recorded, strict=True):
        np.testing.assert_allclose(each.weights, weights, atol=1e-6)
        assert each.weights.shape == (len(each.queries), len(each.keys))


def test_word_maps_merge_piece_maps(vocabulary):
    _, source, _, pieces = maps_of("bahdanau", vocabulary, pieces=True)
    torch.manual_seed(1)
    _, _, _, words = maps_of("bahdanau", vocabulary)
    spelt = vocabulary.source.pieces(source)
    assert len(spelt) > 3, "some word has several pieces"
    first_word = 1 + next(i for i, piece in enumerate(spelt[1:]) if piece.startswith("▁"))
    torch.manual_seed(1)
    _, _, _, pieces = maps_of("bahdanau", vocabulary, pieces=True)
    end_row = pieces[0].weights[-1]  # </s> is one piece, so its row is merged over keys alone
    assert words[0].weights[-1][0] == pytest.approx(end_row[:first_word].sum(), abs=1e-6)


def test_a_model_without_attention_has_no_maps(vocabulary):
    assert maps_of("rnn", vocabulary)[3] == []


@pytest.mark.parametrize("name", ["bahdanau", "transformer"])
def test_many_pairs_are_recorded_as_each_alone(name):
    model = small_model(name)
    generator = torch.Generator().manual_seed(2)
    pairs = [
        EncodedPair(*(torch.randint(4, 19, (n,), generator=generator).tolist() for n in lengths))
        for lengths in [(5, 2), (1, 1), (3, 11), (9, 4), (2, 2), (7, 6), (4, 3), (0, 5), (3, 0)]
    ]
    together = {each.index: each.weights for each in record_pairs(model, pairs, batch_tokens=24)}
    assert sorted(together) == list(range(len(pairs)))
    for index, pair in enumerate(pairs):
        (alone,) = record_pairs(model, [pair])
        assert alone.weights.keys() == together[index].keys()
        for (kind, layer), weights in alone.weights.items():
            sides = {"source": len(pair.source) + 1, "target": len(pair.target) + 1}
            of_kind = {"encoder": "source source", "decoder": "target target"}
            sizes = tuple(sides[side] for side in of_kind.get(kind, "target source").split())
            assert weights.shape[1:] == sizes
            np.testing.assert_allclose(weights.sum(axis=-1), 1, atol=1e-6)
            np.testing.assert_allclose(together[index][kind, layer], weights, atol=1e-6)


def test_only_the_kinds_asked_for_and_nobody_watches_afterwards():
    model = small_model("transformer").train()
    (recorded,) = record_pairs(model, [EncodedPair([5, 6], [7])], kinds=("cross",))
    assert sorted(recorded.weights) == [("cross", 1), ("cross", 2)]
    assert model.training
    assert not any(getattr(module, "observers", []) for module in model.modules())
    assert list(record_pairs(model, [])) == []
