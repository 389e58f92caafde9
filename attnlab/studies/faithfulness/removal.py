"""Agreement of attention weights with the effects of removing each source word.

Leave-one-out effects as of Jain & Wallace 2019, section 4.1, for translation: the target stays, and
each of its steps is decoded with and without the word. The weights of each head are compared with
these effects, as are gold links (an upper bound) and permuted weights (a lower one).
"""

import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from attnlab.data.batching import EncodedPair, collate
from attnlab.data.corpus import load_split
from attnlab.data.pairs import SentencePair
from attnlab.data.vocabulary import encode_pairs
from attnlab.data.words import Word, group_pieces, merge_to_words
from attnlab.evaluate.sentences import find_gold
from attnlab.inspection.forced import forced_logits, record_pairs
from attnlab.models.interface import EncoderDecoder
from attnlab.run.loaded import LoadedRun, require_attention
from attnlab.studies.faithfulness.measures import (
    Estimate,
    kendall,
    nan_mean,
    spearman,
    top_hits,
    total_variation,
)
from attnlab.support.console import Advance, counting
from attnlab.support.errors import UsageError

GOLD, PERMUTED = "gold links", "permuted weights"
_SEED = 1


@dataclass(frozen=True)
class Effects:
    """Effects of each word of one source on each step of its target, (steps, words).

    `drops`: nats by which the target token's log probability falls without the word. `distances`:
    total variation distance between the next-token distributions with and without it. The step
    that predicts the end is left out.
    """

    index: int
    drops: NDArray[np.float64]
    distances: NDArray[np.float64]


def without(pair: EncodedPair, word: Word) -> EncodedPair:
    """The pair with all pieces of one source word removed."""
    return EncodedPair([*pair.source[: word.start], *pair.source[word.stop :]], pair.target)


@torch.no_grad()
def remove_words(
    model: EncoderDecoder[Any],
    pairs: Sequence[EncodedPair],
    words: Sequence[Sequence[Word]],
    batch_tokens: int,
) -> Iterator[Effects]:
    """The effects of each of the `words` of each source, in the order of the batches.

    A batch holds at least one pair with all of its shortened sources, and more pairs of similar
    lengths up to `batch_tokens` tokens per side.
    """
    variants = [
        [pair, *(without(pair, word) for word in of_pair)]
        for pair, of_pair in zip(pairs, words, strict=True)
    ]
    lengths = [max(len(pair.source), len(pair.target)) + 1 for pair in pairs]
    order = sorted(range(len(pairs)), key=lambda index: (lengths[index], len(variants[index])))
    for chosen in _batches(order, lengths, [len(each) for each in variants], batch_tokens):
        batch = collate([each for index in chosen for each in variants[index]])
        batch = batch.to(next(model.parameters()).device)
        log_probabilities = forced_logits(model, batch).float().log_softmax(-1)
        of_target = log_probabilities.gather(-1, batch.target_output.unsqueeze(-1)).squeeze(-1)
        start = 0
        for index in chosen:
            rows = slice(start, start + len(variants[index]))
            steps = len(pairs[index].target)
            start = rows.stop
            likelihoods = of_target[rows, :steps].double().cpu().numpy()
            distributions = log_probabilities[rows, :steps].exp().cpu().numpy()
            distances = total_variation(distributions[1:], distributions[:1])
            yield Effects(
                index,
                drops=(likelihoods[:1] - likelihoods[1:]).T,
                distances=distances.T.astype(np.float64),
            )


def _batches(
    order: Sequence[int], lengths: Sequence[int], rows: Sequence[int], batch_tokens: int
) -> Iterator[list[int]]:
    """Pairs in that `order`, grouped so that their `rows` fit into `batch_tokens`."""
    group: list[int] = []
    height = 0
    for index in order:
        height += rows[index]
        if group and height * lengths[index] > batch_tokens:
            yield group
            group, height = [], rows[index]
        group.append(index)
    if group:
        yield group


@dataclass(frozen=True)
class Head:
    """A cross-attention head; layer and head from 1, head None for the mean of the layer's."""

    layer: int
    head: int | None

    def __str__(self) -> str:
        return f"layer {self.layer} · " + (f"head {self.head}" if self.head else "mean of heads")


Weighting = Head | str
"""Source of the weights that are compared: a head, or a baseline by its name."""


@dataclass(frozen=True)
class Agreement:
    """Agreement of weights with effects: means over steps, NaN where none has an order.

    `kendall` and `spearman` with drops of log probability, `kendall_distance` with distances of
    distributions; `top`: how often the largest weight is at the largest drop.
    """

    kendall: float
    kendall_distance: float
    spearman: float
    top: float


MEASURES = tuple(Agreement.__dataclass_fields__)


@dataclass(frozen=True)
class SentenceAgreement:
    """The agreement of one sentence by weighting; `chance`: the expected `top` of random weights.

    `index`: of the sentence among those compared.
    """

    index: int
    by: Mapping[Weighting, Agreement]
    chance: float


def compare(weights: NDArray[np.floating], effects: Effects) -> Agreement:
    """The agreement of weights, (steps, words), with the effects of the words."""
    # A row without any weight, of a step without gold links, is no hit and no miss.
    hits = np.where(weights.any(axis=-1), top_hits(weights, effects.drops), math.nan)
    return Agreement(
        nan_mean(kendall(weights, effects.drops)),
        nan_mean(kendall(weights, effects.distances)),
        nan_mean(spearman(weights, effects.drops)),
        nan_mean(hits),
    )


def source_words(trained: LoadedRun, pair: EncodedPair) -> list[Word]:
    """The words of the source, without its end, which cannot be removed."""
    return group_pieces(trained.vocabulary.source.pieces(pair.source))


def head_weights(
    trained: LoadedRun, pairs: Sequence[EncodedPair], batch_tokens: int
) -> dict[int, dict[Weighting, NDArray[np.float64]]]:
    """Weights by sentence and head, (steps, words), without the ends of source and target."""
    found: dict[int, dict[Weighting, NDArray[np.float64]]] = {}
    recorded = record_pairs(trained.model, pairs, kinds=("cross",), batch_tokens=batch_tokens)
    for each in recorded:
        pieces = len(pairs[each.index].source)
        words = [*source_words(trained, pairs[each.index]), Word("", pieces, pieces + 1)]
        found[each.index] = of_sentence = {}
        for (_, layer), of_layer in each.weights.items():
            steps = [Word("", n, n + 1) for n in range(of_layer.shape[1])]
            merged = merge_to_words(of_layer.astype(np.float64), steps, words)[:, :-1, :-1]
            for head, weights in enumerate(merged, start=1):
                of_sentence[Head(layer, head)] = weights
            if len(merged) > 1:
                of_sentence[Head(layer, None)] = merged.mean(axis=0)
    return found


def permute_weights(heads: Sequence[NDArray[np.float64]], seed: int) -> NDArray[np.float64]:
    """For each step the weights of a random head in a random order: (steps, words)."""
    generator = np.random.default_rng([_SEED, seed])
    drawn = generator.integers(len(heads), size=len(heads[0]))
    of_steps = np.stack([heads[head][step] for step, head in enumerate(drawn)])
    return generator.permuted(of_steps, axis=-1)


def agreements(
    trained: LoadedRun,
    pairs: Sequence[EncodedPair],
    gold: Mapping[int, NDArray[np.bool_]],
    batch_tokens: int,
    advance: Advance,
) -> Iterator[SentenceAgreement]:
    """The agreement of each of `pairs`, whose sources have two words at least.

    `gold`: by sentence, for those with an alignment, True at linked (step, word).
    """
    words = [source_words(trained, pair) for pair in pairs]
    weights = head_weights(trained, pairs, batch_tokens)
    for effects in remove_words(trained.model, pairs, words, batch_tokens):
        by = weights[effects.index]
        by[PERMUTED] = permute_weights(list(by.values()), effects.index)
        if effects.index in gold:
            by[GOLD] = gold[effects.index].astype(np.float64)
        advance(1)
        yield SentenceAgreement(
            effects.index,
            {weighting: compare(each, effects) for weighting, each in by.items()},
            1 / effects.drops.shape[1],
        )


def estimates(sentences: Iterable[SentenceAgreement]) -> dict[Weighting, dict[str, Estimate]]:
    """Each of `MEASURES` as a mean over sentences, by weighting."""
    by: dict[Weighting, list[Agreement]] = {}
    for sentence in sentences:
        for weighting, agreement in sentence.by.items():
            by.setdefault(weighting, []).append(agreement)
    return {
        weighting: {
            measure: Estimate.of([getattr(each, measure) for each in found]) for measure in MEASURES
        }
        for weighting, found in by.items()
    }


def read_pairs(
    trained: LoadedRun, split: str, count: int
) -> tuple[list[SentencePair], list[EncodedPair]]:
    """The first `count` sentences of a split with their references, as text and as ids.

    Raises:
        AttnlabError: the model has no attention.
        UsageError: there is no such split, or nothing in it.
    """
    require_attention(trained, "test")
    config = trained.run.config
    pairs = load_split(config.data, config.seed, split)[:count]
    if not pairs:
        raise UsageError(f"--split {split} has no sentences; choose another, or a greater --count")
    return pairs, encode_pairs(trained.vocabulary, ((each.source, each.target) for each in pairs))


def measure_agreement(
    trained: LoadedRun,
    split: str,
    pairs: Sequence[SentencePair],
    encoded: Sequence[EncodedPair],
    batch_tokens: int,
) -> list[SentenceAgreement]:
    """The agreement of each sentence whose source has two words at least.

    Raises:
        AttnlabError: an alignment does not fit its sentence.
    """
    chosen = [n for n, each in enumerate(encoded) if len(source_words(trained, each)) > 1]
    gold = {}
    for index, n in enumerate(chosen):
        links = gold_links(trained, f"{split}, sentence {n + 1}", pairs[n], encoded[n])
        if links is not None:
            gold[index] = links
    with counting("removing words", len(chosen)) as advance:
        return list(agreements(trained, [encoded[n] for n in chosen], gold, batch_tokens, advance))


def gold_links(
    trained: LoadedRun, name: str, pair: SentencePair, tokens: EncodedPair
) -> NDArray[np.bool_] | None:
    """True at (step, source word) where a target piece belongs to a word linked with it.

    Without the ends of both; None where the pair, called `name`, has no alignment.

    Raises:
        AttnlabError: its alignment does not fit its sentence.
    """
    cells = find_gold(trained, name, pair, tokens, source_pieces=False, target_pieces=True)
    if cells is None:
        return None
    links = np.zeros((len(tokens.target) + 1, len(source_words(trained, tokens)) + 1), dtype=bool)
    links[tuple(np.array(sorted(cells), dtype=int).reshape(-1, 2).T)] = True
    return links[:-1, :-1]
