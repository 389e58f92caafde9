"""Attention maps: what the model really weighed, over words that are really there."""

import numpy as np
import pytest
import torch

from attnlab.attention.recording import record_attention
from attnlab.data.pairs import SentencePair
from attnlab.data.tokens import UNKNOWN
from attnlab.data.vocabulary import VocabularyPair
from attnlab.inspection.maps import attention_maps
from attnlab.models import VocabularySizes
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


@pytest.mark.parametrize("pieces", [False, True])
def test_what_is_unknown_is_labelled_with_its_own_characters(vocabulary, pieces):
    source, target = "the 猫咪 slept, Zoë", "les 猫 ont dormi"
    sizes = VocabularySizes(
        source=len(vocabulary.source), target=len(vocabulary.target), shared=False
    )
    model = small_model("bahdanau", vocabulary=sizes)
    ids = vocabulary.source.encode(source), vocabulary.target.encode(target)
    assert all(UNKNOWN in tokens for tokens in ids)
    (with_text,) = attention_maps(
        model, vocabulary, *ids, pieces=pieces, source=source, target=target
    )
    (without_text,) = attention_maps(model, vocabulary, *ids, pieces=pieces)
    np.testing.assert_array_equal(with_text.weights, without_text.weights)
    for labels, bare, text in (
        (with_text.keys, without_text.keys, source),
        (with_text.queries, without_text.queries, target),
    ):
        joined = "".join(labels[:-1]) if pieces else "▁" + "▁".join(labels[:-1])
        assert joined == "▁" + text.replace(" ", "▁")
        assert any("<unk>" in label for label in bare)
    if not pieces:
        assert with_text.keys == ["the", "猫咪", "slept,", "Zoë", "</s>"]


def test_a_model_without_attention_has_no_maps(vocabulary):
    assert maps_of("rnn", vocabulary)[3] == []
