"""Attention over pieces projected to the tokens of an alignment.

A vocabulary's pieces and an alignment's tokens split the same text differently, and a piece may
reach over the edge of a token. (`words.merge_to_words` merges whole pieces.)
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
"""Half-open range of characters."""


def locate_pieces(pieces: Sequence[str], text: str) -> list[Span]:
    """The span of each piece in a normalised `text`.

    The space that SentencePiece adds before the first word is empty, and so are `<s>`, `</s>` and
    `<pad>`. `<unk>` is one or several characters; `▁<unk>` is a whole word.

    Raises:
        ValueError: the pieces do not spell the text.
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
        ends.append(max(0, position - 1))  # without the space that SentencePiece added
    if position < len(spelt):
        raise ValueError(f"the pieces {' '.join(pieces)} spell only a part of '{text}'")
    return list(zip([0, *ends], ends, strict=False))


def _end_of_unknown(spelt: str, start: int, following: Sequence[str]) -> int:
    """End of the characters without a piece: the next occurrence of the piece that follows."""
    after = next((piece for piece in following if piece not in _WITHOUT_TEXT), None)
    if after is None:
        return len(spelt)
    if after == UNKNOWN_PIECE:
        return start + 1
    found = spelt.find(after, start + 1)
    return len(spelt) if found < 0 else found


def token_shares(pieces: Sequence[Span], tokens: Sequence[Span]) -> NDArray[np.float64]:
    """The share of each piece's characters in each token, (pieces, tokens).

    Characters of no token, such as spaces, do not count, so that rows sum to 1. A piece without
    any other belongs to the token that follows; at the end its row is zero.
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
    """Project attention (…, query pieces, key pieces) to (…, query tokens, key tokens).

    Shares are `token_shares` of either axis. As in `words.merge_to_words`, weights are summed over
    key pieces and averaged over query pieces; weight on keys of no token is dropped. The row of a
    query token without a piece is zero.
    """
    sums = query_shares.sum(axis=0)
    means = query_shares / np.where(sums > 0, sums, 1)
    return np.asarray(means.T @ weights @ key_shares)
