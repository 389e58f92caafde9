"""Who looked where, for a finished translation: one forced-decoding pass, words on both axes.

Search never records. Once a translation stands, the model reads it again as a whole while its
attention is watched; the weights are those that the search used, and nothing was slowed down.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from attnlab.attention.recording import record_attention
from attnlab.models.interface import EncoderDecoder
from attnlab.text.batching import EncodedPair, collate
from attnlab.text.vocabulary import Vocabulary, VocabularyPair
from attnlab.text.words import Word, group_pieces, merge_to_words

KINDS = ("encoder", "decoder", "cross")


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
    batch = collate([EncodedPair(list(source_tokens), list(target_tokens))])
    batch = batch.to(next(model.parameters()).device)
    was_training = model.training
    model.eval()
    with torch.no_grad(), record_attention(model) as record:
        model.decode(batch.target_input, model.encode(batch.source, batch.source_mask))
    model.train(was_training)
    source = _words(vocabulary.source, batch.source[0].tolist(), pieces)
    read = _words(vocabulary.target, batch.target_input[0].tolist(), pieces)
    said = _words(vocabulary.target, batch.target_output[0].tolist(), pieces)
    axes = {"encoder": (source, source), "decoder": (read, read), "cross": (said, source)}
    maps = []
    for kind, layer, weights in _by_kind(record):
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


def _by_kind(record: dict[str, torch.Tensor]) -> Iterator[tuple[str, int, NDArray[Any]]]:
    """(kind, layer, weights (heads, queries, keys)) from names such as decoder.layer2.cross."""
    for name, weights in record.items():
        stack, *layer, which = name.split(".")
        number = int(layer[0].removeprefix("layer")) if layer else 1
        kind = "cross" if which == "cross" else stack
        yield kind, number, weights[0].float().cpu().numpy()


def _words(vocabulary: Vocabulary, tokens: list[int], pieces: bool) -> list[Word]:
    spelt = vocabulary.pieces(tokens)
    if pieces:
        return [Word(piece, index, index + 1) for index, piece in enumerate(spelt)]
    return group_pieces(spelt)
