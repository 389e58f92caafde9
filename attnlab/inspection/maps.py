"""Attention maps for people to read: the weights of one head, with words on both axes."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from attnlab.inspection.recorded import record_pairs
from attnlab.models.interface import EncoderDecoder
from attnlab.text.tokens import BEGIN, END
from attnlab.text.vocabulary import Vocabulary, VocabularyPair
from attnlab.text.words import Word, group_pieces, merge_to_words
from attnlab.tokenised.batching import EncodedPair


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
) -> list[AttentionMap]:
    """Every head's map for one translation, token ids without begin and end.

    Words, unless `pieces`: a word gets the sum over the pieces that are looked at, and the mean
    over the pieces that look. A model without attention has no maps.
    """
    (recorded,) = record_pairs(model, [EncodedPair(list(source_tokens), list(target_tokens))])
    source = labels(vocabulary.source, [*source_tokens, END], pieces)
    read = labels(vocabulary.target, [BEGIN, *target_tokens], pieces)
    said = labels(vocabulary.target, [*target_tokens, END], pieces)
    axes = {"encoder": (source, source), "decoder": (read, read), "cross": (said, source)}
    maps = []
    for (kind, layer), weights in recorded.weights.items():
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


def labels(vocabulary: Vocabulary, tokens: Sequence[int], pieces: bool) -> list[Word]:
    """The words that `tokens` spell, or the `pieces` themselves; each knows its pieces."""
    spelt = vocabulary.pieces(tokens)
    if pieces:
        return [Word(piece, index, index + 1) for index, piece in enumerate(spelt)]
    return group_pieces(spelt)
