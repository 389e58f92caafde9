"""Who looked where, for finished sentence pairs: one forced-decoding pass over each. Knows ids.

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
from attnlab.data.batching import Batch, EncodedPair, collate, like_lengths_together
from attnlab.models.interface import EncoderDecoder

_SIDES = {
    "encoder": ("source", "source"),
    "decoder": ("target", "target"),
    "cross": ("target", "source"),
}
KINDS = tuple(_SIDES)


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
    for chosen, _, record in record_batches(model, pairs, kinds=kinds, batch_tokens=batch_tokens):
        by_layer = {kind_and_layer(name): each.float().cpu() for name, each in record.items()}
        for row, index in enumerate(chosen):
            weights = {}
            for (kind, layer), of_batch in by_layer.items():
                queries, keys = map_shape(kind, pairs[index])
                weights[kind, layer] = of_batch[row, :, :queries, :keys].numpy()
            yield RecordedPair(index, weights)


def record_batches(
    model: EncoderDecoder[Any],
    pairs: Sequence[EncodedPair],
    *,
    kinds: Collection[str] = KINDS,
    batch_tokens: int = 2048,
) -> Iterator[tuple[list[int], Batch, AttentionRecord]]:
    """As `record_pairs`, a batch at a time: its pairs' indices, itself, and its attention.

    Padding is still there; `visible_keys` tells it.
    """
    longer = [max(len(pair.source), len(pair.target)) + 1 for pair in pairs]
    for chosen in like_lengths_together(longer, batch_tokens):
        batch = collate([pairs[index] for index in chosen])
        yield chosen, batch, record_batch(model, batch, kinds)


def record_batch(
    model: EncoderDecoder[Any], batch: Batch, kinds: Collection[str] = KINDS
) -> AttentionRecord:
    """Let the model read the pairs of `batch` as a whole: its attention, padding included.

    Attention of other `kinds` is not recorded, and stays as fast as when nobody watches.

    It reads as in evaluation, and is afterwards in the mode that it was in.
    """
    batch = batch.to(next(model.parameters()).device)
    was_training = model.training
    model.eval()
    with (
        torch.no_grad(),
        record_attention(model, lambda name: kind_and_layer(name)[0] in kinds) as record,
    ):
        model.decode_features(batch.target_input, model.encode(batch.source, batch.source_mask))
    model.train(was_training)
    return record


def map_shape(kind: str, pair: EncodedPair) -> tuple[int, int]:
    """Queries and keys of an attention of that kind over the pair, an end or beginning included."""
    sizes = {"source": len(pair.source) + 1, "target": len(pair.target) + 1}
    queries, keys = _SIDES[kind]
    return sizes[queries], sizes[keys]


def visible_keys(name: str, batch: Batch) -> Bool[Tensor, "batch queries keys"]:
    """Which keys the queries may see, in the attention of that readable name; padding sees none."""
    kind, _ = kind_and_layer(name)
    masks = {"source": batch.source_mask, "target": batch.target_mask}
    queries, keys = (masks[side] for side in _SIDES[kind])
    visible = queries[:, :, None] & keys[:, None]
    return visible.tril() if kind == "decoder" else visible


def kind_and_layer(name: str) -> tuple[str, int]:
    """`decoder.layer2.cross` is cross-attention of layer 2, `encoder.layer1.self` encoder's."""
    stack, *layer, which = name.split(".")
    number = int(layer[0].removeprefix("layer")) if layer else 1
    return "cross" if which == "cross" else stack, number
