"""Tokens and pieces of one text, against SentencePiece's own offsets and on real French."""

from itertools import pairwise

import numpy as np
import pytest
import sentencepiece
from hypothesis import given
from hypothesis import strategies as st

from attnlab.data.pairs import Layout
from attnlab.data.project_alignment import locate_pieces, merge_to_tokens, token_shares
from attnlab.data.reading.files import read_pairs
from attnlab.data.reading.lines import normalise
from attnlab.data.vocabulary import VocabularyPair
from attnlab.data.words import ENGLISH_TOKEN, FRENCH_TOKEN
from attnlab.support.folders import shipped_folder
from tests.conftest import vocabulary_config

LAYOUT = Layout("en", "fr", ["en", "fr", "alignment", "tags"])
ODD = [
    "Où est l'arbre ?",
    "Mange-t-il ?",
    "Il dit\u202f: «\u202fbonjour\u202f!\u202f»",
    "Le 1er mai, 10\u202f000 amis.",
    "Aujourd'hui, donne-le-moi.",
    "日本 et 中国人, ☃☃ ☃",
    "☃",
    "\u202f!",
    "a_b __ c",
]


@pytest.fixture(scope="module")
def pairs():
    return read_pairs(shipped_folder("data") / "test.tsv", LAYOUT)[0]


@pytest.fixture(scope="module", params=["bpe", "unigram"])
def vocabulary(request, pairs):
    return VocabularyPair.train(pairs, vocabulary_config(size=600, model=request.param)).source


def spans(pattern, text):
    return [match.span() for match in pattern.finditer(text)]


def pieces_of(vocabulary, text):
    return vocabulary.pieces(vocabulary.encode(text))


def test_pieces_stand_where_sentencepiece_says(vocabulary, pairs):
    independent = sentencepiece.SentencePieceProcessor(model_proto=vocabulary.model)
    texts = ODD + [side for pair in pairs[:300] for side in (pair.source, pair.target)]
    unknown = 0
    for text in texts:
        encoded = independent.encode(text, return_type="proto")
        in_bytes = text.encode()
        expected = [
            (len(in_bytes[: piece.begin].decode()), len(in_bytes[: piece.end].decode()))
            for piece in encoded.pieces
        ]
        pieces = pieces_of(vocabulary, text)
        unknown += pieces.count("<unk>")
        assert locate_pieces(pieces, text) == expected, text
    assert unknown > 3


def test_the_specials_take_no_room():
    assert locate_pieces(["<s>", "▁a", "b", "▁", "c", "</s>", "<pad>"], "ab c") == [
        (0, 0), (0, 1), (1, 2), (2, 3), (3, 4), (4, 4), (4, 4)
    ]  # fmt: skip


@pytest.mark.parametrize(
    "pieces", [["▁a"], ["▁a", "b", "c"], ["▁b", "a"], ["ab"], [], ["▁a", "b", "<unk>", "▁"]]
)
def test_pieces_of_another_text_are_refused(pieces):
    with pytest.raises(ValueError, match="spell"):
        locate_pieces(pieces, "ab")


def shares_of(pieces, text, pattern=FRENCH_TOKEN):
    return token_shares(locate_pieces(pieces, text), spans(pattern, text))


def test_a_piece_that_straddles_tokens_is_shared_out_by_characters():
    # l' and arbre: of the piece "l'ar" either has two characters.
    shares = shares_of(["▁l'ar", "bre", "</s>"], "l'arbre")
    np.testing.assert_array_equal(shares, [[1 / 2, 1 / 2], [0, 1], [0, 0]])
    # mange, -t-il and ? with a space of which nobody has a share.
    shares = shares_of(["▁mang", "e-t", "-il\u202f?"], "mange-t-il\u202f?")
    np.testing.assert_allclose(shares, [[1, 0, 0], [1 / 3, 2 / 3, 0], [0, 3 / 4, 1 / 4]])


def test_a_lone_space_belongs_to_the_token_behind_it():
    pieces = ["▁", "<unk>", "▁", "«", "\u202f", "oui", "\u202f", "»", "</s>"]
    shares = shares_of(pieces, "☃ «\u202foui\u202f»")
    owners = [0, 0, 1, 1, 2, 2, 3, 3]
    np.testing.assert_array_equal(shares[:-1], np.eye(4)[owners])
    assert not shares[-1].any()


def test_every_token_of_real_sentences_has_its_characters(vocabulary, pairs):
    texts = [(pair.target, FRENCH_TOKEN) for pair in pairs[:300]]
    texts += [(pair.source, ENGLISH_TOKEN) for pair in pairs[:300]]
    texts += [(text, FRENCH_TOKEN) for text in ODD]
    for text, pattern in texts:
        tokens = spans(pattern, text)
        pieces = pieces_of(vocabulary, text)
        shares = token_shares(locate_pieces(pieces, text), tokens)
        assert shares.shape == (len(pieces), len(tokens))
        np.testing.assert_allclose(shares.sum(axis=1), 1)
        assert (shares.max(axis=0) > 0).all(), text
        # Each character with its piece's share of the token weighs at least what it is.
        lengths = [len(piece.replace("▁", "")) for piece in pieces]
        if "<unk>" not in pieces and "\u202f" not in text and "_" not in text:
            assert (shares * np.array(lengths)[:, None]).sum(axis=0) == pytest.approx(
                [stop - start for start, stop in tokens]
            )


def test_merging_by_hand():
    # Keys: x, half of y, the rest of y; queries: one token of a piece and a half, one of a half.
    weights = np.array([[0.2, 0.4, 0.3, 0.1], [0.1, 0.1, 0.2, 0.6]])
    keys = np.array([[1, 0], [0.5, 0.5], [0, 1], [0, 0]])
    queries = np.array([[1, 0], [0.5, 0.5]])
    by_key = np.array([[0.4, 0.5], [0.15, 0.25]])
    expected = [(by_key[0] + by_key[1] / 2) / 1.5, by_key[1]]
    np.testing.assert_allclose(merge_to_tokens(weights, queries, keys), expected)


def test_a_query_token_without_a_piece_attends_to_nothing():
    merged = merge_to_tokens(np.ones((1, 1)), np.array([[1, 0]]), np.array([[1.0]]))
    np.testing.assert_array_equal(merged, [[1], [0]])


TEXT = st.text(st.sampled_from("ab'-1é!«»\u202f "), min_size=1).map(normalise).filter(bool)


@given(st.data())
def test_merged_rows_sum_to_what_did_not_go_to_the_end(data):
    def cut(text):
        spelt = "▁" + text.replace(" ", "▁")
        edges = data.draw(st.sets(st.integers(1, len(spelt) - 1), max_size=6))
        edges = [0, *sorted(edges), len(spelt)]
        pieces = [spelt[start:stop] for start, stop in pairwise(edges)]
        tokens = spans(FRENCH_TOKEN, text)
        return token_shares(locate_pieces([*pieces, "</s>"], text), tokens)

    queries, keys = cut(data.draw(TEXT))[:-1], cut(data.draw(TEXT))
    generator = np.random.default_rng(data.draw(st.integers(0, 99)))
    weights = generator.dirichlet(np.ones(len(keys)), size=(3, len(queries)))
    merged = merge_to_tokens(weights, queries, keys)
    assert merged.shape == (3, queries.shape[1], keys.shape[1])
    on_tokens = (weights * keys.sum(axis=1)).sum(axis=-1)  # (heads, query pieces)
    means = queries / np.maximum(queries.sum(axis=0), 1e-9)
    np.testing.assert_allclose(merged.sum(axis=-1), on_tokens @ means, atol=1e-12)
    if keys[:-1].sum() == len(keys) - 1:  # only the end is nobody's
        rows = on_tokens @ means
        np.testing.assert_allclose(rows, (1 - weights[..., -1]) @ means, atol=1e-12)
