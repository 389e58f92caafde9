"""Links of translations, against maps of one sentence at a time and a loop over characters."""

import numpy as np
import pytest
import torch

from attnlab.data.batching import EncodedPair
from attnlab.inspection.maps import attention_maps
from attnlab.studies.translate.alignment import pharaoh_links
from tests.evaluate.test_alignment import a_run

SOURCES = ["Anna sees the cat.", "", "Do you love Anna 語 the tree?", "I."]
TARGETS = ["Anna voit le chat.", "Le chat", "Anna mange-t-elle\u202f? Le chat dort.", "Je"]


def by_hand(trained, source, target):
    """The most attended word of the source for each word of the target, character by character."""
    vocabulary = trained.vocabulary
    ids = vocabulary.source.encode(source), vocabulary.target.encode(target)
    maps = [
        each.weights
        for each in attention_maps(trained.model, vocabulary, *ids, pieces=True)
        if each.kind == "cross"
    ]
    weights = np.mean(maps, axis=0)
    owners = [owner_shares(vocabulary.source, ids[0], source)]
    owners.append(owner_shares(vocabulary.target, ids[1], target))
    links = []
    for j in range(len(target.split(" "))):
        sums = [
            sum(
                weights[q, k] * owners[0][k].get(i, 0.0) * owners[1][q].get(j, 0.0)
                for q in range(len(ids[1]))
                for k in range(len(ids[0]))
            )
            for i in range(len(source.split(" ")))
        ]
        links.append(f"{np.argmax(sums)}-{j}")
    return links


def owner_shares(vocabulary, ids, text):
    """For each piece, the share of its characters in each word; of one unknown character, all."""
    words = [word for word, part in enumerate(text.split(" ")) for _ in f" {part}"]
    shares, place = [], 0
    for piece in vocabulary.pieces(ids):
        length = 1 if piece == "<unk>" else len(piece)
        owned = [words[at] for at in range(place, place + length) if f" {text}"[at] != " "]
        if not owned:  # a space alone: of the word that it begins
            owned = [words[place]]
        shares.append({word: owned.count(word) / len(owned) for word in owned})
        place += length
    assert place == len(text) + 1
    return shares


@pytest.mark.parametrize("model", ["bahdanau", "transformer"])
def test_each_word_is_linked_with_the_one_that_it_attends_to_most(model, tmp_path):
    torch.manual_seed(3)
    trained = a_run(tmp_path, model)
    vocabulary = trained.vocabulary
    pairs = [
        EncodedPair(vocabulary.source.encode(source), vocabulary.target.encode(target))
        for source, target in zip(SOURCES, TARGETS, strict=True)
    ]
    found = pharaoh_links(trained, pairs, SOURCES)
    assert found[1] == ""
    for place in (0, 2, 3):
        expected = by_hand(trained, SOURCES[place], TARGETS[place])
        assert sorted(found[place].split()) == sorted(expected), SOURCES[place]


def test_pieces_that_spell_no_sentence_have_links_all_the_same(tmp_path):
    trained = a_run(tmp_path, "bahdanau")
    vocabulary = trained.vocabulary
    (space,) = (i for i in range(len(vocabulary.target)) if vocabulary.target.pieces([i]) == ["▁"])
    source = vocabulary.source.encode("Anna sees the cat.")
    target = [space, space, *vocabulary.target.encode("Anna"), space]
    (links,) = pharaoh_links(trained, [EncodedPair(source, target)], ["Anna sees the cat."])
    assert links.split("-")[1:] == ["0"]
