"""Who looked where, for a finished translation: one forced-decoding pass, words on both axes.

Search never records. Once a translation stands, the model reads it again as a whole while its
attention is watched; the weights are those that the search used, and nothing was slowed down.
"""

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from jaxtyping import Bool
from numpy.typing import NDArray
from torch import Tensor

from attnlab.attention.recording import AttentionRecord, record_attention
from attnlab.models.interface import EncoderDecoder
from attnlab.text.tokens import BEGIN, END
from attnlab.text.vocabulary import Vocabulary, VocabularyPair
from attnlab.text.words import Word, group_pieces, merge_to_words
from attnlab.tokenised.batching import Batch, EncodedPair, collate, like_lengths_together

_SIDES = {
    "encoder": ("source", "source"),
    "decoder": ("target", "target"),
    "cross": ("target", "source"),
}
KINDS = tuple(_SIDES)


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


@dataclass(frozen=True)
class RecordedPair:
    """The attention of one sentence pair: `weights` by kind and layer, (heads, queries, keys).

    Over the pieces that are really there: the source ends with the end; queries of "decoder" and
    "cross" are the steps, of which the first reads the beginning and the last says the end.
    """

    index: int
    weights: dict[tuple[str, int], NDArray[np.float32]]


def record_pairs(
    model: EncoderDecoder[Any],
    pairs: Sequence[EncodedPair],
    *,
    kinds: Collection[str] = KINDS,
    batch_tokens: int = 2048,
) -> Iterator[RecordedPair]:
    """Let the model read each pair as a whole, and give its attention of these `kinds`.

    Pairs come as the batches suit, like lengths together, at most `batch_tokens` tokens a side,
    padding counted; each says its `index` in `pairs`. Nothing is said of a model without
    attention.
    """
    longer = [max(len(pair.source), len(pair.target)) + 1 for pair in pairs]
    for chosen in like_lengths_together(longer, batch_tokens):
        record = record_batch(model, collate([pairs[index] for index in chosen]))
        by_layer = {_kind_and_layer(name): each.float().cpu() for name, each in record.items()}
        for row, index in enumerate(chosen):
            sizes = {"source": len(pairs[index].source) + 1, "target": len(pairs[index].target) + 1}
            weights = {}
            for (kind, layer), of_batch in by_layer.items():
                if kind in kinds:
                    queries, keys = (sizes[side] for side in _SIDES[kind])
                    weights[kind, layer] = of_batch[row, :, :queries, :keys].numpy()
            yield RecordedPair(index, weights)


def record_batch(model: EncoderDecoder[Any], batch: Batch) -> AttentionRecord:
    """Let the model read the pairs of `batch` as a whole: all of its attention, padding included.

    It reads as in evaluation, and is afterwards in the mode that it was in.
    """
    batch = batch.to(next(model.parameters()).device)
    was_training = model.training
    model.eval()
    with torch.no_grad(), record_attention(model) as record:
        model.decode_features(batch.target_input, model.encode(batch.source, batch.source_mask))
    model.train(was_training)
    return record


def visible_keys(name: str, batch: Batch) -> Bool[Tensor, "batch queries keys"]:
    """Which keys the queries may see, in the attention of that readable name; padding sees none."""
    kind, _ = _kind_and_layer(name)
    masks = {"source": batch.source_mask, "target": batch.target_mask}
    queries, keys = (masks[side] for side in _SIDES[kind])
    visible = queries[:, :, None] & keys[:, None]
    return visible.tril() if kind == "decoder" else visible


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
    source = _words(vocabulary.source, [*source_tokens, END], pieces)
    read = _words(vocabulary.target, [BEGIN, *target_tokens], pieces)
    said = _words(vocabulary.target, [*target_tokens, END], pieces)
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


def _kind_and_layer(name: str) -> tuple[str, int]:
    """`decoder.layer2.cross` is cross-attention of layer 2, `encoder.layer1.self` encoder's."""
    stack, *layer, which = name.split(".")
    number = int(layer[0].removeprefix("layer")) if layer else 1
    return "cross" if which == "cross" else stack, number


def _words(vocabulary: Vocabulary, tokens: list[int], pieces: bool) -> list[Word]:
    spelt = vocabulary.pieces(tokens)
    if pieces:
        return [Word(piece, index, index + 1) for index, piece in enumerate(spelt)]
    return group_pieces(spelt)
