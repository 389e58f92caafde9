"""Words removed: all shortened sources in one batch as each alone."""

import numpy as np
import pytest
import torch

from attnlab.data.batching import EncodedPair, collate
from attnlab.data.words import Word
from attnlab.studies.faithfulness.removal import remove_words, without
from tests.conftest import small_model

PAIRS = [
    EncodedPair([5, 9, 11, 7], [6, 12, 8, 21, 5, 9]),
    EncodedPair([8, 4], [13, 7, 15]),
    EncodedPair([10, 6, 17, 5, 12, 9, 4], [20, 5, 11, 10]),
]
WORDS = [
    [Word("a", 0, 1), Word("b", 1, 3), Word("c", 3, 4)],
    [Word("d", 0, 1), Word("e", 1, 2)],
    [Word("f", 0, 4), Word("g", 4, 5), Word("h", 5, 7)],
]


def spread_alone(model, source, target):
    batch = collate([EncodedPair(source, target)])
    with torch.no_grad():
        logits, _ = model.decode(batch.target_input, model.encode(batch.source, batch.source_mask))
    return logits[0, :-1].softmax(-1).numpy()


@pytest.mark.parametrize("batch_tokens", [1, 60, 10_000])
@pytest.mark.parametrize("family", ["bahdanau", "transformer"])
def test_together_as_one_by_one(family, batch_tokens):
    model = small_model(family)
    found = {each.index: each for each in remove_words(model, PAIRS, WORDS, batch_tokens)}
    assert sorted(found) == [0, 1, 2]
    for index, (pair, words) in enumerate(zip(PAIRS, WORDS, strict=True)):
        real = spread_alone(model, pair.source, pair.target)
        assert found[index].drops.shape == (len(pair.target), len(words))
        for column, word in enumerate(words):
            rest = [id for n, id in enumerate(pair.source) if not word.start <= n < word.stop]
            spread = spread_alone(model, rest, pair.target)
            steps = np.arange(len(pair.target))
            drops = np.log(real[steps, pair.target]) - np.log(spread[steps, pair.target])
            np.testing.assert_allclose(found[index].drops[:, column], drops, atol=1e-5)
            distances = np.abs(real - spread).sum(axis=1) / 2
            np.testing.assert_allclose(found[index].distances[:, column], distances, atol=1e-5)


def test_all_pieces_of_a_word_go_and_the_target_stays():
    pair = EncodedPair([5, 9, 11, 7], [6, 12])
    assert without(pair, Word("b", 1, 3)) == EncodedPair([5, 7], [6, 12])
