"""Attention maps: the weights of one head with words on both axes, and gold links on them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from attnlab.data.batching import EncodedPair
from attnlab.data.project_alignment import Span, locate_pieces, token_shares
from attnlab.data.tokens import BEGIN, END, UNKNOWN
from attnlab.data.vocabulary import Vocabulary, VocabularyPair
from attnlab.data.words import Word, group_pieces, merge_to_words, spell
from attnlab.inspection.forced import record_pairs
from attnlab.models.interface import EncoderDecoder


@dataclass(frozen=True)
class AttentionMap:
    """The weights of one head, (queries, keys), with a label for each query and key.

    `kind`: "encoder" or "decoder" self-attention, or "cross". `layer` and `head` count from 1. A
    row of "cross" is the word that the step predicts, up to the end; a row of "decoder" the word
    that it reads, from the beginning on.
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
    """The maps of all heads for one pair of token ids without begin and end; see `label_maps`."""
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
    """The maps of one pair from its `RecordedPair.weights`.

    Over words, unless `pieces`: weights are summed over a word's pieces as keys, and averaged over
    its pieces as queries. With the texts `source` and `target` that the tokens were made from, an
    unknown piece is labelled with its own characters.
    """
    source_words = labels(vocabulary.source, [*source_tokens, END], pieces, source)
    read = labels(vocabulary.target, [BEGIN, *target_tokens], pieces, target)
    predicted = labels(vocabulary.target, [*target_tokens, END], pieces, target)
    axes = {
        "encoder": (source_words, source_words),
        "decoder": (read, read),
        "cross": (predicted, source_words),
    }
    maps = []
    for (kind, layer), weights in recorded.items():
        queries, keys = axes[kind]
        for head, merged in enumerate(merge_to_words(weights, queries, keys), start=1):
            maps.append(
                AttentionMap(
                    kind,
                    layer,
                    head,
                    merged.astype(np.float32),
                    [word.text for word in queries],
                    [word.text for word in keys],
                )
            )
    return maps


def labels(
    vocabulary: Vocabulary, tokens: Sequence[int], pieces: bool, text: str | None = None
) -> list[Word]:
    """The words that `tokens` spell, or the `pieces`, each with the range of its pieces.

    With the `text` of the tokens, unknown pieces are spelt as in the text.
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


def gold_cells(
    links: frozenset[tuple[int, int]],
    source: Sequence[frozenset[int]],
    target: Sequence[frozenset[int]],
) -> frozenset[tuple[int, int]]:
    """The cells (row, column) of a cross-attention map that hold a pair of linked tokens.

    `links` are pairs of a source and a target token; `source` and `target` give the labels of each
    token, as `labels_of_tokens` does.
    """
    return frozenset(
        (row, column)
        for source_token, target_token in links
        for row in target[target_token]
        for column in source[source_token]
    )


def labels_of_tokens(
    pieces: Sequence[Span], labels: Sequence[Word], tokens: Sequence[Span]
) -> list[frozenset[int]]:
    """The indices of the `labels` that share characters with each of the `tokens` of a text.

    `pieces` are the spans of the text's pieces, of which labels are made.
    """
    shares = token_shares(pieces, tokens)
    on_labels = np.array([shares[label.start : label.stop].any(axis=0) for label in labels])
    return [frozenset(np.flatnonzero(column).tolist()) for column in on_labels.T]
