"""Attention maps for people to read: the weights of one head, with words on both axes."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from attnlab.data.batching import EncodedPair
from attnlab.data.project_alignment import locate_pieces
from attnlab.data.tokens import BEGIN, END, UNKNOWN
from attnlab.data.vocabulary import Vocabulary, VocabularyPair
from attnlab.data.words import Word, group_pieces, merge_to_words, spell
from attnlab.inspection.forced import record_pairs
from attnlab.models.interface import EncoderDecoder


@dataclass(frozen=True)
class AttentionMap:
    """The attention of one head: weights (queries, keys), each row summing to 1, and its words.

    `kind`: "encoder" or "decoder" self-attention, or "cross" from target to source. `layer` and
    `head` count from 1. A cross-attention's row is the word that was then said, which may be the
    end; a decoder's self-attention has the word that was then read, the beginning first.
    """

    kind: str
    layer: int
    head: int
    weights: NDArray[np.float32]
    queries: list[str]
    keys: list[str]


def attention_maps(
    model: EncoderDecoder[Any],
    vocabulary: VocabularyPair,
    source_tokens: Sequence[int],
    target_tokens: Sequence[int],
    *,
    pieces: bool = False,
    source: str | None = None,
    target: str | None = None,
) -> list[AttentionMap]:
    """Every head's map for one translation, token ids without begin and end.

    Words, unless `pieces`: a word gets the sum over the pieces that are looked at, and the mean
    over the pieces that look. A model without attention has no maps. `source` and `target` are
    the texts that the tokens were made from, where they were made from any: with them, what is
    unknown to the vocabulary is labelled with its own characters.
    """
    (recorded,) = record_pairs(model, [EncodedPair(list(source_tokens), list(target_tokens))])
    return label_maps(
        recorded.weights,
        vocabulary,
        source_tokens,
        target_tokens,
        pieces=pieces,
        source=source,
        target=target,
    )


def label_maps(
    recorded: Mapping[tuple[str, int], NDArray[np.floating]],
    vocabulary: VocabularyPair,
    source_tokens: Sequence[int],
    target_tokens: Sequence[int],
    *,
    pieces: bool = False,
    source: str | None = None,
    target: str | None = None,
) -> list[AttentionMap]:
    """The maps of one pair whose weights were `recorded`, as in `RecordedPair`; see above."""
    looked_at = labels(vocabulary.source, [*source_tokens, END], pieces, source)
    read = labels(vocabulary.target, [BEGIN, *target_tokens], pieces, target)
    said = labels(vocabulary.target, [*target_tokens, END], pieces, target)
    axes = {
        "encoder": (looked_at, looked_at),
        "decoder": (read, read),
        "cross": (said, looked_at),
    }
    maps = []
    for (kind, layer), weights in recorded.items():
        queries, keys = axes[kind]
        merged = merge_to_words(weights, queries, keys)
        for head, of_head in enumerate(merged, start=1):
            maps.append(
                AttentionMap(
                    kind,
                    layer,
                    head,
                    of_head.astype(np.float32),
                    [word.text for word in queries],
                    [word.text for word in keys],
                )
            )
    return maps


def labels(
    vocabulary: Vocabulary, tokens: Sequence[int], pieces: bool, text: str | None = None
) -> list[Word]:
    """The words that `tokens` spell, or the `pieces` themselves; each knows its pieces.

    With the `text` that they were made from, what is unknown shows as it stands there.
    """
    spelt = vocabulary.pieces(tokens)
    if pieces:
        words = [Word(piece, index, index + 1) for index, piece in enumerate(spelt)]
    else:
        words = group_pieces(spelt)
    if text is None or UNKNOWN not in tokens:
        return words
    text = vocabulary.rewritten(text)
    known = [
        text[start:stop].replace(" ", "\u2581") if token == UNKNOWN else piece
        for token, piece, (start, stop) in zip(
            tokens, spelt, locate_pieces(spelt, text), strict=True
        )
    ]
    respelt = ((word, known[word.start : word.stop]) for word in words)
    return [
        Word(each[0] if pieces else spell(each), word.start, word.stop) for word, each in respelt
    ]
