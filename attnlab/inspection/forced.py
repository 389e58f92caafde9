"""Forced decoding: a model reads finished sentence pairs, for logits, likelihoods and attention.

Search records nothing. A finished translation is decoded once more as a whole, which gives the
logits and the attention weights of the search.
"""

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from jaxtyping import Bool, Float
from numpy.typing import NDArray
from torch import Tensor

from attnlab.attention.recording import AttentionRecord, record_attention
from attnlab.data.batching import Batch, EncodedPair, collate, group_by_length
from attnlab.data.vocabulary import VocabularyPair, encode_pairs
from attnlab.models.interface import EncoderDecoder, evaluation_mode

_SIDES = {
    "encoder": ("source", "source"),
    "decoder": ("target", "target"),
    "cross": ("target", "source"),
}
KINDS = tuple(_SIDES)
"""Kinds of attention."""


def forced_batches(
    model: EncoderDecoder[Any], pairs: Sequence[EncodedPair], batch_tokens: int
) -> Iterator[tuple[list[int], Batch]]:
    """Batches of `pairs` of similar lengths on the model's device, with the indices of their pairs.

    They have at most `batch_tokens` tokens per side, with padding.
    """
    lengths = [max(len(pair.source), len(pair.target)) + 1 for pair in pairs]
    device = next(model.parameters()).device
    for chosen in group_by_length(lengths, batch_tokens):
        yield chosen, collate([pairs[index] for index in chosen]).to(device)


def forced_features(
    model: EncoderDecoder[Any], batch: Batch
) -> Float[Tensor, "batch length features"]:
    """The decoder's features at each target token of `batch`, in evaluation mode."""
    with evaluation_mode(model):
        state = model.encode(batch.source, batch.source_mask)
        features, _ = model.decode_features(batch.target_input, state)
    return features


def forced_logits(
    model: EncoderDecoder[Any], batch: Batch
) -> Float[Tensor, "batch length vocabulary"]:
    """The logits at each target token of `batch`, in evaluation mode."""
    with torch.no_grad():
        logits: Tensor = model.output(forced_features(model, batch))
    return logits


def log_likelihoods(
    model: EncoderDecoder[Any],
    vocabulary: VocabularyPair,
    pairs: Sequence[tuple[str, str]],
    batch_tokens: int,
) -> list[float]:
    """Log p(target | source) in nats for each (source, target) of normalised texts.

    The sum over target tokens, with the end of the sentence.
    """
    encoded = encode_pairs(vocabulary, pairs)
    likelihoods = [0.0] * len(encoded)
    for chosen, batch in forced_batches(model, encoded, batch_tokens):
        log_probabilities = forced_logits(model, batch).float().log_softmax(-1)
        of_target = log_probabilities.gather(-1, batch.target_output.unsqueeze(-1)).squeeze(-1)
        sums = of_target.masked_fill(~batch.target_mask, 0.0).sum(-1)
        for index, value in zip(chosen, sums.tolist(), strict=True):
            likelihoods[index] = value
    return likelihoods


@dataclass(frozen=True)
class RecordedPair:
    """The attention weights of one sentence pair, by kind and layer: (heads, queries, keys).

    Without padding. Source tokens include the end; queries of "decoder" and "cross" are the
    decoder's steps, from the one that reads the beginning to the one that predicts the end.
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
    """Record the attention of these `kinds` for each pair, in the order of batches."""
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
    """Record batches of `pairs`: the pairs' indices, the batch, and its attention with padding."""
    for chosen, batch in forced_batches(model, pairs, batch_tokens):
        yield chosen, batch, record_batch(model, batch, kinds)


def record_batch(
    model: EncoderDecoder[Any], batch: Batch, kinds: Collection[str] = KINDS
) -> AttentionRecord:
    """Record the attention of these `kinds` for the pairs of `batch`, with padding."""
    batch = batch.to(next(model.parameters()).device)
    with record_attention(model, lambda name: kind_and_layer(name)[0] in kinds) as record:
        forced_features(model, batch)
    return record


def map_shape(kind: str, pair: EncodedPair) -> tuple[int, int]:
    """Numbers of queries and keys of that kind of attention, with beginning or end."""
    sizes = {"source": len(pair.source) + 1, "target": len(pair.target) + 1}
    queries, keys = _SIDES[kind]
    return sizes[queries], sizes[keys]


def visible_keys(kind: str, batch: Batch) -> Bool[Tensor, "batch queries keys"]:
    """Keys that queries may see in that kind of attention, on the CPU; none for padding."""
    masks = {"source": batch.source_mask, "target": batch.target_mask}
    queries, keys = (masks[side] for side in _SIDES[kind])
    visible = queries[:, :, None] & keys[:, None]
    return (visible.tril() if kind == "decoder" else visible).cpu()


def kind_and_layer(name: str) -> tuple[str, int]:
    """`decoder.layer2.cross` is ("cross", 2), `encoder.layer1.self` is ("encoder", 1)."""
    stack, *layer, which = name.split(".")
    number = int(layer[0].removeprefix("layer")) if layer else 1
    return "cross" if which == "cross" else stack, number


@dataclass(frozen=True)
class Entropy:
    """Mean entropy of queries, in `nats`, and `normalised`: 0 for one key, 1 for uniform."""

    nats: float
    normalised: float


def row_entropies(weights: NDArray[Any]) -> NDArray[Any]:
    """Shannon's `H = -Σ_j a_j log a_j` of each query's weights a, in nats, with 0 log 0 = 0.

    (…, queries, keys) -> (…, queries).
    """
    logarithms = np.log(weights, where=weights > 0, out=np.zeros_like(weights))
    entropies: NDArray[Any] = -(weights * logarithms).sum(axis=-1)
    return entropies


def head_entropies(weights: NDArray[Any], visible: NDArray[np.bool_]) -> list[Entropy]:
    """The mean entropy of each head over the queries that may see two keys or more; else 0.

    `weights`: (batch, heads, queries, keys). `visible`: (batch, queries, keys), False for padding.
    A normalised entropy is divided by the logarithm of the number of keys that its query may see,
    so that sentences of any length compare.
    """
    keys = visible.sum(axis=-1)
    choosing = keys > 1
    of_rows = row_entropies(weights).swapaxes(0, 1)[:, choosing]  # (heads, queries)
    if not choosing.any():
        return [Entropy(0.0, 0.0) for _ in of_rows]
    shares = of_rows / np.log(keys[choosing])
    return [
        Entropy(float(nats), float(share))
        for nats, share in zip(of_rows.mean(axis=1), shares.mean(axis=1), strict=True)
    ]
