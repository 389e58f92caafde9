"""Pieces that are nothing but punctuation: by hand, as vocabularies cut them."""

import pytest

from attnlab.data.words import are_punctuation


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
