"""Which share of a piece belongs to which token, and attention over tokens.

A vocabulary's pieces and an alignment's tokens are cut from the same text, each in its own way; a
piece may reach over the edge of a token. Knows no vocabulary, and not how tokens are found:
strings, spans and arrays in, arrays out. (`words.py` groups whole pieces, for people to read.)
"""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

_SPACE = "\u2581"  # SentencePiece's sign for a space
UNKNOWN_PIECE = "<unk>"
_UNKNOWN_WORD = f"{_SPACE}{UNKNOWN_PIECE}"
_WITHOUT_TEXT = frozenset({"<pad>", "<s>", "</s>"})

Span = tuple[int, int]
"""Where something begins in a text, and where it ends: that character is no part of it."""


def locate_pieces(pieces: Sequence[str], text: str) -> list[Span]:
    """Where in a normalised `text` each of its pieces stands.

    The space that SentencePiece thinks of before the first word takes no room, nor do `<s>`,
    `</s>` and `<pad>`. `<unk>` is whatever stands there: one character or several; `▁<unk>` is a
    whole word.

    Raises:
        ValueError: when the pieces do not spell the text.
    """
    spelt = _SPACE + text.replace(" ", _SPACE)
    ends = []
    position = 0
    for index, piece in enumerate(pieces):
        if piece == _UNKNOWN_WORD:
            end = spelt.find(_SPACE, position + 1)
            position = len(spelt) if end < 0 else end
        elif piece == UNKNOWN_PIECE:
            position = _end_of_unknown(spelt, position, pieces[index + 1 :])
        elif piece not in _WITHOUT_TEXT:
            if not spelt.startswith(piece, position):
                raise ValueError(f"the pieces {' '.join(pieces)} do not spell '{text}'")
            position += len(piece)
        ends.append(max(0, position - 1))  # without the space that is only thought of
    if position < len(spelt):
        raise ValueError(f"the pieces {' '.join(pieces)} spell only a part of '{text}'")
    return list(zip([0, *ends], ends, strict=False))


def _end_of_unknown(spelt: str, start: int, following: Sequence[str]) -> int:
    """Where the characters without a piece end: none of them occurs in the piece that follows."""
    after = next((piece for piece in following if piece not in _WITHOUT_TEXT), None)
    if after is None:
        return len(spelt)
    if after == UNKNOWN_PIECE:
        return start + 1
    found = spelt.find(after, start + 1)
    return len(spelt) if found < 0 else found


def token_shares(pieces: Sequence[Span], tokens: Sequence[Span]) -> NDArray[np.float64]:
    """The share of each piece's characters that belongs to each token: (pieces, tokens).

    Characters of no token, such as spaces, do not count, so that a row sums to 1. A piece that
    has no others belongs to the token that follows; without one (the end), its row is zero.
    """
    starts, stops = np.array(pieces, dtype=int).reshape(-1, 2).T
    token_starts, token_stops = np.array(tokens, dtype=int).reshape(-1, 2).T
    shared = np.minimum.outer(stops, token_stops) - np.maximum.outer(starts, token_starts)
    shares = np.maximum(shared, 0).astype(float)
    for piece in np.flatnonzero(~shares.any(axis=1)):
        shares[piece, np.flatnonzero(token_starts >= stops[piece])[:1]] = 1
    sums = shares.sum(axis=1, keepdims=True)
    return np.asarray(shares / np.where(sums > 0, sums, 1))


def merge_to_tokens(
    weights: NDArray[Any], query_shares: NDArray[Any], key_shares: NDArray[Any]
) -> NDArray[Any]:
    """Attention (…, query pieces, key pieces) to attention (…, query tokens, key tokens).

    Shares are `token_shares` of either axis. A token gets the sum of what its shares of the key
    pieces get, and the mean over its shares of the query pieces, as in `words.merge_to_words`;
    what went to keys of no token is lost. A query token without a piece attends to nothing.
    """
    sums = query_shares.sum(axis=0)
    means = query_shares / np.where(sums > 0, sums, 1)
    return np.asarray(means.T @ weights @ key_shares)
