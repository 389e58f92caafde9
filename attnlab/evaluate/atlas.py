"""Measures of every head of a trained run, by forced decoding of a split's references.

Measures are over pieces; the alignment error is over the tokens of the gold links.
"""

from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch.nn.utils.rnn import pad_sequence

from attnlab.data.batching import EncodedPair
from attnlab.data.corpus import load_split
from attnlab.data.pairs import SentencePair
from attnlab.data.vocabulary import Vocabulary, VocabularyPair, encode_pairs
from attnlab.data.words import are_punctuation
from attnlab.evaluate.alignment import HeadAlignment, measure_baselines, measure_heads, read_gold
from attnlab.evaluate.head_measures import (
    HeadMeasures,
    KeyMarks,
    MeanPattern,
    MeasureSums,
    typical_size,
    uniform_weights,
)
from attnlab.inspection.forced import (
    KINDS,
    kind_and_layer,
    map_shape,
    record_batches,
    visible_keys,
)
from attnlab.run.loaded import LoadedRun, Recipe, require_attention
from attnlab.support.errors import AttnlabError


@dataclass(frozen=True)
class Head:
    """One head of a model.

    `attention`: name of its attention; `layer` and `head` count from 1; `alone`: whether its
    attention has no other head.
    """

    attention: str
    kind: str
    layer: int
    head: int
    alone: bool

    @property
    def name(self) -> str:
        """Name in TensorBoard and JSON: `decoder.layer2.cross.head3`, or `decoder.cross`."""
        return self.attention if self.alone else f"{self.attention}.head{self.head}"

    @property
    def place(self) -> str:
        """Layer and head, as 2.3."""
        return f"{self.layer}.{self.head}"


@dataclass(frozen=True)
class MeasuredHead:
    """A head with its measures, its role if it has one, and for cross-attention its alignments.

    `alignments`: one for each convention of `evaluate.alignment`; empty without gold links.
    """

    head: Head
    measures: HeadMeasures
    alignments: tuple[HeadAlignment, ...]
    role: str | None

    @property
    def alignment(self) -> HeadAlignment | None:
        """The alignment with the fewest errors."""
        return min(self.alignments, key=lambda each: each.counts.error_rate, default=None)


@dataclass(frozen=True)
class HeadAtlas:
    """All heads of a run, by kind, layer and head.

    Attributes:
        uniform: By kind, the measures of uniform attention.
        patterns: By the attention's name, its heads' mean maps.
        straight_line: Alignment error rate of the diagonal, where there are gold links.
    """

    recipe: Recipe
    split: str
    sentences: int
    heads: list[MeasuredHead]
    uniform: dict[str, HeadMeasures]
    patterns: dict[str, MeanPattern]
    straight_line: float | None

    def of_kind(self, kind: str) -> list[MeasuredHead]:
        """The heads of that kind, by layer and head."""
        return [each for each in self.heads if each.head.kind == kind]


def choose_pairs(trained: LoadedRun, split: str, count: int | None) -> list[SentencePair]:
    """The first `count` pairs of the split, or all, without those that have an empty side.

    Raises:
        AttnlabError: there are none.
        UsageError: there is no such split.
    """
    config = trained.run.config
    pairs = load_split(config.data, config.seed, split)[:count]
    chosen = [pair for pair in pairs if pair.source and pair.target]
    if not chosen:
        raise AttnlabError(f"split {split} of data={config.data.name} has no sentences to look at")
    return chosen


def measure_atlas(
    trained: LoadedRun,
    split: str,
    pairs: Sequence[SentencePair],
    report: Callable[[int], None] = lambda _: None,
) -> HeadAtlas:
    """Measure all heads on `pairs`, sentences of `split`; `report` gets each batch's size.

    Raises:
        AttnlabError: the model has no attention, or a gold link does not fit its sentence.
    """
    require_attention(trained, "measure")
    alignments, straight_line = _align(trained, split, pairs)
    encoded = encode_pairs(trained.vocabulary, ((pair.source, pair.target) for pair in pairs))
    sums: dict[str, MeasureSums] = defaultdict(MeasureSums)
    uniform: dict[str, MeasureSums] = defaultdict(MeasureSums)
    patterns: dict[str, MeanPattern] = {}
    sizes = {kind: np.array([map_shape(kind, pair) for pair in encoded]) for kind in KINDS}
    typical = {kind: typical_size(map(tuple, sizes[kind].tolist())) for kind in KINDS}
    for chosen, batch, record in record_batches(trained.model, encoded):
        marks = marks_by_kind(trained.vocabulary, [encoded[index] for index in chosen])
        measured: set[str] = set()
        for name, recorded in record.items():
            kind, _ = kind_and_layer(name)
            weights, is_self = recorded.float().cpu().numpy(), kind != "cross"
            visible = visible_keys(kind, batch).numpy()
            if kind not in measured:
                measured.add(kind)
                alike = uniform_weights(visible)
                uniform[kind].add(alike, visible, marks[kind], is_self=is_self)
            sums[name].add(weights, visible, marks[kind], is_self=is_self)
            pattern = patterns.setdefault(name, MeanPattern(typical[kind]))
            pattern.add(weights, sizes[kind][chosen])
        report(len(chosen))
    heads = list(_heads(sums, alignments, straight_line))
    return HeadAtlas(
        recipe=trained.recipe,
        split=split,
        sentences=len(pairs),
        heads=sorted(heads, key=lambda each: KINDS.index(each.head.kind)),
        uniform={kind: each.means()[0] for kind, each in uniform.items()},
        patterns=patterns,
        straight_line=straight_line,
    )


def _heads(
    sums: dict[str, MeasureSums],
    alignments: Sequence[HeadAlignment],
    straight_line: float | None,
) -> Iterator[MeasuredHead]:
    for name, of_attention in sums.items():
        kind, layer = kind_and_layer(name)
        means = of_attention.means()
        for number, measures in enumerate(means, start=1):
            head = Head(name, kind, layer, number, alone=len(means) == 1)
            mine = tuple(
                each
                for each in alignments
                if kind == "cross" and (each.layer, each.head) == (layer, number)
            )
            lowest = min((each.counts.error_rate for each in mine), default=None)
            yield MeasuredHead(head, measures, mine, measures.role(lowest, straight_line))


def _align(
    trained: LoadedRun, split: str, pairs: Sequence[SentencePair]
) -> tuple[list[HeadAlignment], float | None]:
    """Alignments of the cross-attention heads and the diagonal's error rate, if there is gold."""
    if not any(pair.alignment for pair in pairs):
        return [], None
    gold = read_gold(pairs, trained.run.config.data, split)
    return measure_heads(trained, gold), measure_baselines(gold)["diagonal"].error_rate


def marks_by_kind(vocabulary: VocabularyPair, pairs: Sequence[EncodedPair]) -> dict[str, KeyMarks]:
    """By kind of attention, which keys are ends, beginnings and punctuation.

    A source ends with the end token; a decoder's input starts with the beginning.
    """

    def punctuation(side: Vocabulary, tokens: Sequence[int]) -> list[bool]:
        return are_punctuation(side.pieces(tokens))

    of_source = KeyMarks(
        beginning=None,
        end=_padded([False] * len(pair.source) + [True] for pair in pairs),
        punctuation=_padded(
            [*punctuation(vocabulary.source, pair.source), False] for pair in pairs
        ),
    )
    of_target = KeyMarks(
        beginning=_padded([True] + [False] * len(pair.target) for pair in pairs),
        end=None,
        punctuation=_padded(
            [False, *punctuation(vocabulary.target, pair.target)] for pair in pairs
        ),
    )
    return {"encoder": of_source, "decoder": of_target, "cross": of_source}


def _padded(rows: Iterator[list[bool]]) -> NDArray[np.bool_]:
    return pad_sequence([torch.tensor(row) for row in rows], batch_first=True).numpy()
