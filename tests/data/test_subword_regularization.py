"""Both ways to draw pieces, against SentencePiece without chance and against hand arithmetic."""

import gzip
import math
import subprocess
import sys

import numpy as np
import pytest
import sentencepiece
from hypothesis import given, settings
from hypothesis import strategies as st

from attnlab.data.pairs import Layout
from attnlab.data.reading.files import read_pairs
from attnlab.data.reading.lines import normalise
from attnlab.data.subword_regularization import BpeDropout, UnigramSampler
from attnlab.data.vocabulary import Vocabulary
from attnlab.support.folders import shipped_folder
from tests.conftest import shared_data, vocabulary_config
from tests.runs import environment

WITHOUT_CHANCE = {"bpe": (BpeDropout, 0.0), "unigram": (UnigramSampler, 1e6)}
WITH_CHANCE = {"bpe": (BpeDropout, 0.2), "unigram": (UnigramSampler, 0.3)}


def trained(sentences, model="bpe", size=600, **changes) -> Vocabulary:
    return Vocabulary.train(sentences, vocabulary_config(model=model, size=size, **changes))


def drawn(pieces, texts, seed=1) -> list[list[int]]:
    ids, counts = pieces.draw(texts, np.random.default_rng(seed))
    assert len(counts) == len(texts)
    assert counts.sum() == len(ids)
    return [part.tolist() for part in np.split(ids, np.cumsum(counts)[:-1])]


@pytest.fixture(scope="module")
def sentences() -> list[str]:
    pairs, _ = read_pairs(shipped_folder("data") / "valid.tsv", Layout("en", "fr", ("en", "fr")))
    return [text for pair in pairs for text in (pair.source, pair.target)]


@pytest.fixture(scope="module", params=list(WITHOUT_CHANCE))
def model(request) -> str:
    return request.param


@pytest.fixture(scope="module")
def vocabulary(model, sentences) -> Vocabulary:
    return trained(sentences, model, character_coverage=0.999)


def without_chance(model, vocabulary):
    kind, strength = WITHOUT_CHANCE[model]
    return kind(vocabulary, strength)


def with_chance(model, vocabulary):
    kind, strength = WITH_CHANCE[model]
    return kind(vocabulary, strength)


def test_without_chance_they_are_sentencepieces_on_real_text(model, vocabulary, sentences):
    expected = vocabulary.encode_many(sentences)
    assert any(1 in ids for ids in expected), "rare characters are unknown here"
    assert drawn(without_chance(model, vocabulary), sentences) == expected


def test_without_chance_they_are_sentencepieces_on_multi30k(model):
    with gzip.open(shared_data("multi30k") / "val.fr.gz", "rt", encoding="utf-8") as file:
        texts = list(map(normalise, file))
    vocabulary = trained(texts, model, 2000)
    assert drawn(without_chance(model, vocabulary), texts) == vocabulary.encode_many(texts)


words = st.text(st.sampled_from("abcdeéœ’!☃☕▁"), min_size=1, max_size=12)


@settings(deadline=None)
@given(st.lists(st.lists(words, min_size=1, max_size=5).map(" ".join), min_size=1, max_size=8))
def test_without_chance_they_are_sentencepieces_on_any_text(model, texts):
    texts = [text for text in map(normalise, texts) if text.strip("▁ ")]
    if not texts:
        return
    some = ["abcde éœ’! ab cd", "bad cab ’ed œe", "dé! dé! cœ bœ"] * 3
    vocabulary = trained(some, model, 30)
    found, expected = drawn(without_chance(model, vocabulary), texts), vocabulary.encode_many(texts)
    if model == "bpe":
        assert found == expected
    else:  # so small a vocabulary has ways that are equally likely
        scores = dict(vocabulary.scores().values())
        for one, other in zip(found, expected, strict=True):
            totals = [sum(scores.get(token, 0.0) for token in ids) for ids in (one, other)]
            assert totals[0] == pytest.approx(totals[1], abs=1e-4)


def test_whatever_is_drawn_spells_the_text(model, vocabulary, sentences):
    texts = [text for text in sentences if 1 not in vocabulary.encode(text)]
    found = drawn(with_chance(model, vocabulary), texts)
    assert [vocabulary.decode(ids) for ids in found] == texts
    changed = [a != b for a, b in zip(found, vocabulary.encode_many(texts), strict=True)]
    assert sum(changed) > len(texts) / 2


def test_the_generator_decides_everything(model, vocabulary, sentences):
    pieces = with_chance(model, vocabulary)
    first = drawn(pieces, sentences[:300])
    assert drawn(pieces, sentences[:300], seed=2) != first
    drawn(pieces, sentences[300:600])
    assert drawn(pieces, sentences[:300]) == first, "other words in between change nothing"
    assert drawn(with_chance(model, vocabulary), sentences[:300]) == first


def test_every_process_draws_the_same(model, tmp_path):
    """SentencePiece itself does not, in 0.2.3, whatever seed it is given."""
    kind, strength = WITH_CHANCE[model]
    (tmp_path / "model").write_bytes(trained(["the cat sat on the mat"] * 9, model, 20).model)
    program = (
        "import sys, numpy\nfrom pathlib import Path\n"
        f"from {kind.__module__} import {kind.__name__} as Kind\n"
        "from attnlab.data.vocabulary import Vocabulary\n"
        f"pieces = Kind(Vocabulary(Path(sys.argv[1]).read_bytes()), {strength})\n"
        "ids, _ = pieces.draw(['the cat sat on the mat'] * 50, numpy.random.default_rng(1))\n"
        "print(ids.tolist())\n"
    )
    command = [sys.executable, "-c", program, str(tmp_path / "model")]
    outputs = {
        subprocess.run(command, env=environment(), capture_output=True, check=True).stdout
        for _ in range(2)
    }
    assert len(outputs) == 1


def test_all_merges_left_out_leaves_characters(sentences):
    vocabulary = trained(sentences)
    found = drawn(BpeDropout(vocabulary, 1.0), sentences)
    # one piece more than characters: the space before the first word
    assert list(map(len, found)) == [len(text) + 1 for text in sentences]


def test_a_single_merge_is_left_out_as_often_as_asked():
    vocabulary = trained(["ab"] * 9, size=8)
    assert len(vocabulary.encode("ab")) == 2  # of ▁, a and b
    found = drawn(BpeDropout(vocabulary, 0.3), ["ab"] * 4000)
    assert sum(len(ids) == 2 for ids in found) / 4000 == pytest.approx(0.7, abs=0.03)


def test_two_merges_by_hand():
    """Provilkov et al. 2020, algorithm 1, on ▁ a b a b, where only a and b can be merged.

    p²: both merges are left out, and that is all. Else one is made, and the other has another coin.
    """
    found = drawn(BpeDropout(trained(["ab"] * 9, size=8), 0.5), ["abab"] * 8000)
    shares = [sum(len(ids) == pieces for ids in found) / 8000 for pieces in (5, 4, 3)]
    assert shares == pytest.approx([0.25, 0.75 * 0.5, 0.75 * 0.5], abs=0.025)


@pytest.mark.parametrize("alpha", [0.0, 0.5, 1.0])
def test_ways_are_drawn_by_their_probability_to_the_power_of_alpha(alpha):
    """Kudo 2018, section 3.2, where there are but two ways: ▁a b and ▁ a b."""
    vocabulary = trained(["ab"] * 50 + ["a b", "b a"] * 50, "unigram", 8)
    model = sentencepiece.SentencePieceProcessor(model_proto=vocabulary.model)
    likely, unlikely = (
        sum(model.get_score(model.piece_to_id(piece)) for piece in way)
        for way in (["▁a", "b"], ["▁", "a", "b"])
    )
    expected = 1 / (1 + math.exp(alpha * (unlikely - likely)))
    found = drawn(UnigramSampler(vocabulary, alpha), ["ab"] * 4000)
    assert {len(ids) for ids in found} == {2, 3}
    assert sum(len(ids) == 2 for ids in found) / 4000 == pytest.approx(expected, abs=0.03)


def test_texts_of_no_words_have_no_pieces(model, vocabulary):
    assert drawn(with_chance(model, vocabulary), ["", "a", ""])[::2] == [[], []]
