"""Words and punctuation of pieces, and attention merged to words."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from attnlab.data.words import Word, are_punctuation, group_pieces, merge_to_words, split_words


def texts(*pieces: str) -> list[str]:
    return [word.text for word in group_pieces(pieces)]


def test_a_word_is_its_text_and_where_its_pieces_stand():
    assert group_pieces(["▁the", "▁ch", "at", "ty", "▁cat", ".", "</s>"]) == [
        Word("the", 0, 1),
        Word("chatty", 1, 4),
        Word("cat.", 4, 6),
        Word("</s>", 6, 7),
    ]


@pytest.mark.parametrize(
    ("pieces", "expected"),
    [
        (["▁Va", "\u202f!"], ["Va", "!"]),
        (["▁Va", "\u202f", "!", "</s>"], ["Va", "!", "</s>"]),
        (["▁«\u202f", "bon", "jour", "\u202f»", "▁dit"], ["«", "bonjour", "»", "dit"]),
        (["▁", "«", "\u00a0", "oui", "\u00a0", "»", "."], ["«", "oui", "»."]),
        (["▁1", "0", "\u202f", "00", "0"], ["10\u202f000"]),
        (["▁10\u202f", "000", "\u00a0€"], ["10\u202f000", "€"]),
        (["▁10", "\u00a0", "%"], ["10", "%"]),
        (["▁M.\u00a0", "Du", "pont"], ["M.", "Dupont"]),
        (
            ["<s>", "ab", "▁c", "</s>", "<pad>", "<pad>"],
            ["<s>", "ab", "c", "</s>", "<pad>", "<pad>"],
        ),
        (["▁", "chat"], ["chat"]),
        (["▁", "\u202f!"], ["!"]),
        (["▁a", "▁", "</s>"], ["a", "▁", "</s>"]),
        (["▁a", "<unk>", "b"], ["a<unk>b"]),
        (["▁狗", "在喝", "水。", "</s>"], ["狗", "在喝", "水。", "</s>"]),
        (["▁", "我", "爱", "Py", "thon", "▁3", "版"], ["我", "爱", "Python", "3", "版"]),
        (["▁แมว", "กิน", "ปลา"], ["แมว", "กิน", "ปลา"]),
        (["▁개", "가", "▁물을"], ["개가", "물을"]),
        ([], []),
    ],
)
def test_where_words_begin(pieces, expected):
    assert texts(*pieces) == expected


PIECE = st.text(st.sampled_from("▁ab1.!\u00a0\u202f"), min_size=1) | st.sampled_from(
    ["</s>", "<unk>"]
)


@given(st.lists(PIECE))
def test_words_cover_the_pieces_in_order(pieces):
    words = group_pieces(pieces)
    assert [i for word in words for i in range(word.start, word.stop)] == list(range(len(pieces)))
    assert all(word.text for word in words)


# Each by hand, from the scripts' own rules; Korean and Arabic have spaces.
@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("the cat. sleeps", "the|cat.|sleeps"),
        ("Va\u202f! C'est", "Va\u202f!|C'est"),
        ("狗在喝水。", "狗|在|喝|水|。"),
        ("我爱Python 3！", "我|爱|Python|3！"),
        ("猫が、 飲む", "猫|が|、|飲|む"),
        ("東京\u3000大阪", "東|京|大|阪"),
        ("か\u3099き", "か\u3099|き"),
        ("กินปลา", "กิ|น|ป|ล|า"),
        ("བོད་ཡིག", "བོད་|ཡིག"),
        ("개가 물을 마신다.", "개가|물을|마신다."),
        ("القطة تنام", "القطة|تنام"),
        ("𠀀𠀁 a", "𠀀|𠀁|a"),
        ("\u3000", ""),
        ("", ""),
    ],
)
def test_words_of_a_sentence_by_its_script(text, expected):
    assert "|".join(split_words(text)) == expected


# Two words of 2 and 1 pieces look at three words of 1, 2 and 1 pieces; by hand.
QUERIES = [Word("ab", 0, 2), Word("c", 2, 3)]
KEYS = [Word("d", 0, 1), Word("ef", 1, 3), Word("g", 3, 4)]
PIECE_WEIGHTS = np.array([[0.1, 0.2, 0.3, 0.4], [0.5, 0.1, 0.1, 0.3], [0.0, 0.25, 0.25, 0.5]])
WORD_WEIGHTS = np.array([[0.3, 0.35, 0.35], [0.0, 0.5, 0.5]])


def test_keys_are_summed_and_queries_averaged():
    np.testing.assert_allclose(merge_to_words(PIECE_WEIGHTS, QUERIES, KEYS), WORD_WEIGHTS)


def test_leading_axes_are_kept():
    weights = np.stack([PIECE_WEIGHTS * scale for scale in range(10)]).reshape(2, 5, 3, 4)
    merged = merge_to_words(weights, QUERIES, KEYS)
    assert merged.shape == (2, 5, 2, 3)
    np.testing.assert_allclose(merged[1, 2], WORD_WEIGHTS * 7)


@given(st.data())
def test_rows_still_sum_to_one(data):
    starts = st.lists(st.sampled_from(["▁a", "b", "\u202f!"]), min_size=1, max_size=9)
    queries, keys = data.draw(starts), data.draw(starts)
    seed = data.draw(st.integers(0, 99))
    weights = np.random.default_rng(seed).dirichlet(np.ones(len(keys)), size=(3, len(queries)))
    merged = merge_to_words(weights, group_pieces(queries), group_pieces(keys))
    np.testing.assert_allclose(merged.sum(axis=-1), 1)


@pytest.mark.parametrize(
    ("queries", "keys", "axis"),
    [(QUERIES, KEYS[:-1], -1), (QUERIES[1:], KEYS, -2), (QUERIES, [KEYS[0], KEYS[2]], -1)],
)
def test_words_that_leave_out_a_piece_are_refused(queries, keys, axis):
    with pytest.raises(ValueError, match=f"pieces of axis {axis}"):
        merge_to_words(PIECE_WEIGHTS, queries, keys)


@pytest.mark.parametrize(
    ("pieces", "expected"),
    [
        (["▁The", "▁cat", "."], [False, False, True]),
        (["▁Va", "\u202f!", "</s>"], [False, True, False]),
        (["▁«", "\u00a0", "Oui", "\u00a0»", "..."], [True, False, False, True, True]),
        (["▁l", "'", "arbre", ","], [False, False, False, True]),
        (["▁mange", "-", "t", "-", "il", "▁?"], [False, False, False, False, False, True]),
        (["▁dogs", "'", "▁food"], [False, True, False]),  # it joins nothing
        (["▁sleeps.", "▁10", ".", "5"], [False, False, True, False]),
        (["'", "▁", "<unk>", "<s>"], [True, False, False, False]),
        ([], []),
    ],
)
def test_by_hand(pieces, expected):
    assert are_punctuation(pieces) == expected
