"""Alignment of a run's cross-attention heads with gold word links, as figures, table and JSON.

The model decodes the reference translations by force. Chen et al. 2020 ("Accurate Word Alignment
Induction from Neural Machine Translation") distinguish two attentions of a target word:

    predicts   of the step that predicts the word
    reads      of the next step, which reads it: their SHIFT-ATT
"""

import re
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from attnlab.data.batching import EncodedPair
from attnlab.data.corpus import DataConfig, load_split
from attnlab.data.pairs import SentencePair
from attnlab.data.project_alignment import Span, merge_to_tokens, token_shares
from attnlab.data.vocabulary import VocabularyPair, encode_pairs
from attnlab.data.words import ENGLISH_TOKEN, FRENCH_TOKEN
from attnlab.evaluate.scores import LeftOut, count_sentences
from attnlab.evaluation.alignment import (
    ALIGNER,
    NO_LINKS,
    GoldLinks,
    LinkCounts,
    TokenPair,
    align,
    aligner_missing,
    count_links,
    diagonal_links,
    expect_uniform,
    links_of_attention,
    parse_links,
    score_links,
)
from attnlab.inspection.forced import record_pairs
from attnlab.run.loaded import LoadedRun, require_attention
from attnlab.support.errors import AttnlabError
from attnlab.support.table import table

_STEPS = {"predicts": slice(None, -1), "reads": slice(1, None)}  # the last step predicts the end
CONVENTIONS = tuple(_STEPS)
"""The decoder step whose attention is that of a word; see the module."""

_BETWEEN_SPACES = re.compile("[^ ]+")  # a no-break space ends no word
_WORDS = {"en": ENGLISH_TOKEN, "fr": FRENCH_TOKEN}

_MEASURES = ("accuracy", "precision", "recall", "AER")
_LEGEND = """\
accuracy: the share of linked target words whose most attended source word is linked with them.
AER: alignment error rate, lower is better. predicts: the attention of the step that predicts
the word; reads: that of the next step, whose input it is. The baselines need no model: every
source word alike, the straight line, and fast_align, an aligner that attention may be held to."""


def locate_tokens(text: str, language: str, data: DataConfig) -> list[Span]:
    """The spans of tokens in `text`, which alignments count as `data.alignment_tokens` says."""
    pattern = _WORDS[language] if data.alignment_tokens == "words" else _BETWEEN_SPACES
    return [match.span() for match in pattern.finditer(text)]


def aligned_tokens(text: str, language: str, data: DataConfig) -> list[str]:
    """The tokens at `locate_tokens`."""
    return [text[start:stop] for start, stop in locate_tokens(text, language, data)]


@dataclass(frozen=True)
class GoldPair:
    """A sentence pair with the spans of its tokens, and the gold links between them."""

    pair: SentencePair
    source: list[Span]
    target: list[Span]
    links: GoldLinks

    @property
    def tokens(self) -> TokenPair:
        """The tokens of both sides."""
        return (
            [self.pair.source[start:stop] for start, stop in self.source],
            [self.pair.target[start:stop] for start, stop in self.target],
        )


def _locate(pair: SentencePair, data: DataConfig, links: GoldLinks) -> GoldPair:
    source = locate_tokens(pair.source, data.source_language, data)
    target = locate_tokens(pair.target, data.target_language, data)
    return GoldPair(pair, source, target, links)


def gold_pair(pair: SentencePair, data: DataConfig, where: str) -> GoldPair:
    """The tokens and gold links of one pair; `where` names it in an error.

    Raises:
        AttnlabError: its alignment links a token that does not exist.
    """
    gold = _locate(pair, data, parse_links(pair.alignment or ""))
    for source, target in sorted(gold.links.possible):
        if source >= len(gold.source) or target >= len(gold.target):
            raise AttnlabError(
                f"{where} ('{pair.source}'): the alignment has {source}-"
                f"{target}, but data.alignment_tokens={data.alignment_tokens} makes "
                f"{len(gold.source)} source and {len(gold.target)} target tokens, counted from "
                "0; correct the link, or set data.alignment_tokens to what the links count"
            )
    return gold


def read_gold(pairs: Sequence[SentencePair], data: DataConfig, split: str) -> list[GoldPair]:
    """The tokens and gold links of `pairs`, the sentences of `split`.

    Raises:
        AttnlabError: no pair has an alignment, or one links a token that does not exist.
    """
    if not any(pair.alignment for pair in pairs):
        raise AttnlabError(
            f"split {split} of data={data.name} has no word alignments; a column of its file must "
            "hold them, with the name alignment in data.columns"
        )
    return [
        gold_pair(pair, data, f"{split}, sentence {n}") for n, pair in enumerate(pairs, start=1)
    ]


@dataclass(frozen=True)
class HeadAlignment:
    """The links of one head; `layer` and `head` count from 1, None is the mean of heads."""

    layer: int
    head: int | None
    convention: str
    counts: LinkCounts

    @property
    def name(self) -> str:
        """Layer and head, as in figures."""
        return f"layer {self.layer} · " + (f"head {self.head}" if self.head else "mean of heads")

    def as_json(self) -> dict[str, Any]:
        """Place and scores."""
        place = {"layer": self.layer, "head": self.head, "convention": self.convention}
        return place | _scores(self.counts)


@dataclass(frozen=True)
class AlignmentReport:
    """All cross-attention heads of a run on a split, and baselines.

    `tokens`: data.alignment_tokens. `heads`: each head, and the mean of a layer's heads if it has
    several, by both `CONVENTIONS` in their order. `baselines`: by name, with "uniform". `remark`:
    why the external aligner is missing. `task`: the name of a known task that requires to attend
    along the links; else None. `left_out`: pairs of the split's file that were not measured.
    """

    split: str
    sentences: int
    tokens: str
    heads: list[HeadAlignment]
    baselines: Mapping[str, LinkCounts]
    remark: str | None
    task: str | None
    left_out: LeftOut | None = None

    @property
    def best(self) -> HeadAlignment:
        """The head and convention with the lowest alignment error rate."""
        return min(self.heads, key=lambda each: each.counts.error_rate)

    def as_json(self) -> dict[str, Any]:
        """All figures, in per cent."""
        found: dict[str, Any] = {
            "sentences": self.sentences,
            "links": self.best.counts.sure,
            "tokens": self.tokens,
            "heads": [each.as_json() for each in self.heads],
            "best": self.best.as_json(),
            "baselines": {name: _scores(counts) for name, counts in self.baselines.items()},
        }
        left_out = None if self.left_out is None else self.left_out.as_json()
        optional = {"task": self.task, "remark": self.remark, "left_out": left_out}
        return found | {name: value for name, value in optional.items() if value is not None}

    def __str__(self) -> str:
        best = self.best
        by_name: dict[str, list[str]] = {}
        for each in self.heads:
            by_name.setdefault(each.name, []).extend(_cells(each.counts))
        head = [cell for name in CONVENTIONS for cell in (name, *[""] * (len(_MEASURES) - 1))]
        rows = [["attention", *_MEASURES * len(CONVENTIONS)]]
        rows += [[name, *cells] for name, cells in by_name.items()]
        baselines = [[name, *_cells(counts)] for name, counts in self.baselines.items()]
        parts = [
            f"alignment in per cent | {self.split} | "
            f"{count_sentences(self.sentences, self.left_out)} | "
            f"{best.counts.sure:,} gold links | tokens: {self.tokens}",
            table(["", *head], rows),
            f"best: {best.name}, {best.convention}, AER {100 * best.counts.error_rate:.1f}, "
            f"accuracy {100 * best.counts.accuracy:.1f}",
        ]
        if self.task is not None:
            uniform = self.baselines["uniform"].accuracy
            parts.append(
                f"{self.task}: a head that does all of the work has accuracy 100.0, and one that "
                f"finds all symbols alike {100 * uniform:.1f}"
            )
        parts += [table(["baseline", *_MEASURES], baselines), _LEGEND]
        return "\n".join(parts if self.remark is None else [*parts, self.remark])


def _scores(counts: LinkCounts) -> dict[str, float]:
    return {
        "accuracy": 100 * counts.accuracy,
        "precision": 100 * counts.precision,
        "recall": 100 * counts.recall,
        "alignment_error_rate": 100 * counts.error_rate,
    }


def _cells(counts: LinkCounts) -> list[str]:
    return [f"{score:.1f}" for score in _scores(counts).values()]


def measure_alignment(
    trained: LoadedRun, split: str, left_out: LeftOut | None = None
) -> AlignmentReport:
    """Measure each cross-attention head of a run on a split with gold word alignments.

    The external aligner learns from the training split and the measured one. `left_out` is shown
    beside the number of sentences.

    Raises:
        AttnlabError: the model has no attention, the split has no alignments, or they do not fit
            the tokens.
    """
    require_attention(trained, "measure")
    config = trained.run.config
    gold = read_gold(load_split(config.data, config.seed, split), config.data, split)
    baselines = measure_baselines(gold)
    missing = aligner_missing()
    if missing is None:
        training = [] if split == "train" else load_split(config.data, config.seed, "train")
        unlinked = GoldLinks.of(frozenset())
        found = align(
            [each.tokens for each in gold],
            [_locate(pair, config.data, unlinked).tokens for pair in training],
        )
        baselines[ALIGNER] = score_links(found, (each.links for each in gold))
    return AlignmentReport(
        split=split,
        sentences=len(gold),
        tokens=config.data.alignment_tokens,
        heads=measure_heads(trained, gold),
        baselines=baselines,
        remark=None if missing is None else f"{ALIGNER}: {missing}",
        task=None if config.data.task is None else config.data.task.name,
        left_out=left_out,
    )


def measure_baselines(gold: Sequence[GoldPair]) -> dict[str, LinkCounts]:
    """The expected counts of a uniform attention, and those of the diagonal."""
    uniform = (expect_uniform(len(each.source), len(each.target), each.links) for each in gold)
    diagonal = (diagonal_links(len(each.source), len(each.target)) for each in gold)
    return {
        "uniform": sum(uniform, NO_LINKS),
        "diagonal": score_links(diagonal, (each.links for each in gold)),
    }


def measure_heads(trained: LoadedRun, gold: Sequence[GoldPair]) -> list[HeadAlignment]:
    """Each layer's heads, and their mean if there are several, by either convention."""
    counts: dict[tuple[int, int | None, str], LinkCounts] = defaultdict(lambda: NO_LINKS)
    vocabulary = trained.vocabulary
    encoded = encode_pairs(vocabulary, ((each.pair.source, each.pair.target) for each in gold))
    for recorded in record_pairs(trained.model, encoded, kinds=("cross",)):
        pair = encoded[recorded.index]
        found = count_of_heads(vocabulary, pair, gold[recorded.index], recorded.weights)
        for head, counted in found.items():
            counts[head] += counted
    heads = [HeadAlignment(*head, counted) for head, counted in counts.items()]
    return sorted(heads, key=lambda found: (found.layer, found.head or np.inf))


def count_of_heads(
    vocabulary: VocabularyPair,
    tokens: EncodedPair,
    gold: GoldPair,
    recorded: Mapping[tuple[str, int], NDArray[np.float32]],
) -> dict[tuple[int, int | None, str], LinkCounts]:
    """The counts of each cross-attention head in one pair, by layer, head and convention.

    `tokens` are the pieces of the texts of `gold`; `recorded` is `RecordedPair.weights` of them.
    """
    source_pieces = [*vocabulary.source.pieces(tokens.source), "</s>"]
    target_pieces = vocabulary.target.pieces(tokens.target)
    keys = token_shares(vocabulary.source.locate(source_pieces, gold.pair.source), gold.source)
    queries = token_shares(vocabulary.target.locate(target_pieces, gold.pair.target), gold.target)
    counts: dict[tuple[int, int | None, str], LinkCounts] = {}
    for (kind, layer), weights in recorded.items():
        if kind != "cross":
            continue
        heads: list[int | None] = list(range(1, len(weights) + 1))
        if len(weights) > 1:
            heads.append(None)
            weights = np.concatenate([weights, weights.mean(axis=0, keepdims=True)])
        for convention, steps in _STEPS.items():
            merged = merge_to_tokens(weights[:, steps], queries, keys)
            for head, of_head in zip(heads, merged, strict=True):
                found = count_links(links_of_attention(of_head), gold.links)
                counts[layer, head, convention] = found
    return counts
