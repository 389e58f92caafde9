"""Every head of a trained run in numbers, by forced decoding of a split's references.

Figures are over pieces, the model's own view; the alignment error alone is over the tokens that
the gold links count. Which figure is what, `evaluation/heads.py` tells.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from attnlab.data.corpus import load_split
from attnlab.data.encoding import encode_pairs
from attnlab.data.pairs import SentencePair
from attnlab.evaluate.align import measure_baselines, measure_heads, read_gold
from attnlab.evaluate.alignment_report import HeadAlignment
from attnlab.inspection.forced import KINDS, kind_and_layer, record_batches, visible_keys
from attnlab.run.loaded import LoadedRun, require_attention
from attnlab.run.recipe import Recipe
from attnlab.studies.heads.marks import marks_by_kind, sizes_by_kind
from attnlab.studies.heads.measures import HeadFigures, HeadSums, sum_heads, uniform_weights
from attnlab.studies.heads.patterns import MeanPattern, typical_size
from attnlab.studies.heads.roles import name_role
from attnlab.support.errors import AttnlabError


@dataclass(frozen=True)
class Head:
    """One head of a model; `attention` is its attention's readable name, numbers are from 1."""

    attention: str
    kind: str
    layer: int
    head: int
    alone: bool
    """Whether its attention has no other."""

    @property
    def name(self) -> str:
        """As TensorBoard and JSON have it: `decoder.layer2.cross.head3`, or `decoder.cross`."""
        return self.attention if self.alone else f"{self.attention}.head{self.head}"

    @property
    def place(self) -> str:
        """Layer and head, short: 2.3."""
        return f"{self.layer}.{self.head}"


@dataclass(frozen=True)
class MeasuredHead:
    """A head with its figures and, of cross-attention against gold links, how well it aligns.

    `alignments` are by the conventions of `align.py`; of none there are none. `role` says what it
    does in a word, if that is clear.
    """

    head: Head
    figures: HeadFigures
    alignments: tuple[HeadAlignment, ...]
    role: str | None

    @property
    def alignment(self) -> HeadAlignment | None:
        """By the convention that suits the head better."""
        if not self.alignments:
            return None
        return min(self.alignments, key=lambda each: each.counts.error_rate)


@dataclass(frozen=True)
class Pattern:
    """The mean map of one attention's heads, (heads, queries, keys), over that many `sentences`."""

    weights: NDArray[np.float64]
    sentences: int


@dataclass(frozen=True)
class HeadAtlas:
    """All heads of a run, by kind, layer and head.

    `uniform`: by kind, the figures of an attention that finds all keys alike. `patterns`: by the
    attention's name. `straight_line`: the alignment error rate of the diagonal, where there is
    gold.
    """

    recipe: Recipe
    split: str
    sentences: int
    heads: list[MeasuredHead]
    uniform: dict[str, HeadFigures]
    patterns: dict[str, Pattern]
    straight_line: float | None

    def of_kind(self, kind: str) -> list[MeasuredHead]:
        """In the order of layers and heads."""
        return [each for each in self.heads if each.head.kind == kind]


def choose_pairs(trained: LoadedRun, split: str, count: int | None) -> list[SentencePair]:
    """The first `count` pairs of the split, or all; those with an empty side have no attention.

    Raises:
        AttnlabError: nothing is left.
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
    """Let the model read `pairs`, sentences of `split`, and measure all of its heads.

    `report` is told the number of sentences read since it was last called.

    Raises:
        AttnlabError: the model has no attention, or a gold link does not fit its sentence.
    """
    require_attention(trained, "measure")
    alignments, straight_line = _align(trained, split, pairs)
    encoded = encode_pairs(trained.vocabulary, ((pair.source, pair.target) for pair in pairs))
    sums: dict[str, HeadSums] = {}
    uniform: dict[str, HeadSums] = {}
    patterns: dict[str, MeanPattern] = {}
    sizes = sizes_by_kind(encoded)
    typical = {kind: typical_size(map(tuple, sizes[kind].tolist())) for kind in KINDS}
    for chosen, batch, record in record_batches(trained.model, encoded):
        marks = marks_by_kind(trained.vocabulary, [encoded[index] for index in chosen])
        seen: dict[str, NDArray[np.bool_]] = {}
        for name, recorded in record.items():
            kind, _ = kind_and_layer(name)
            weights = recorded.float().cpu().numpy()
            if kind not in seen:
                seen[kind] = visible_keys(name, batch).numpy()
                alike = sum_heads(
                    uniform_weights(seen[kind]), seen[kind], marks[kind], is_self=kind != "cross"
                )
                uniform[kind] = uniform[kind] + alike if kind in uniform else alike
            found = sum_heads(weights, seen[kind], marks[kind], is_self=kind != "cross")
            sums[name] = sums[name] + found if name in sums else found
            pattern = patterns.setdefault(name, MeanPattern(typical[kind]))
            pattern.add(weights, sizes[kind][chosen])
        report(len(chosen))
    heads = list(_heads(sums, alignments, straight_line))
    return HeadAtlas(
        recipe=trained.recipe,
        split=split,
        sentences=len(pairs),
        heads=sorted(heads, key=lambda each: KINDS.index(each.head.kind)),
        uniform={kind: each.figures()[0] for kind, each in uniform.items()},
        patterns={
            name: Pattern(pattern.mean(), pattern.sentences) for name, pattern in patterns.items()
        },
        straight_line=straight_line,
    )


def _heads(
    sums: dict[str, HeadSums],
    alignments: Sequence[HeadAlignment],
    straight_line: float | None,
) -> Iterator[MeasuredHead]:
    for name, of_attention in sums.items():
        kind, layer = kind_and_layer(name)
        figures = of_attention.figures()
        for number, of_head in enumerate(figures, start=1):
            head = Head(name, kind, layer, number, alone=len(figures) == 1)
            mine = tuple(
                each
                for each in alignments
                if kind == "cross" and (each.layer, each.head) == (layer, number)
            )
            lowest = min((each.counts.error_rate for each in mine), default=None)
            yield MeasuredHead(head, of_head, mine, name_role(of_head, lowest, straight_line))


def _align(
    trained: LoadedRun, split: str, pairs: Sequence[SentencePair]
) -> tuple[list[HeadAlignment], float | None]:
    """How well each cross-attention head aligns, and the straight line; if there is gold."""
    if not any(pair.alignment for pair in pairs):
        return [], None
    gold = read_gold(pairs, trained.run.config.data, split)
    return measure_heads(trained, gold), measure_baselines(gold)["diagonal"].error_rate
