"""How well do a trained run's attention heads align words? Each against the gold standard.

The model reads the reference translations by forced decoding. Chen et al. 2020 ("Accurate Word
Alignment Induction from Neural Machine Translation") tell two ways to read a word's attention:

    predicts   at the step that says the word
    reads      at the next one, which takes the word in: their SHIFT-ATT
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from attnlab.data.batching import EncodedPair
from attnlab.data.corpus import DataConfig, load_split
from attnlab.data.pairs import SentencePair
from attnlab.data.project_alignment import Span, merge_to_tokens, token_shares
from attnlab.data.vocabulary import VocabularyPair, encode_pairs
from attnlab.evaluate.aligned_tokens import locate_tokens
from attnlab.evaluate.alignment_report import AlignmentReport, HeadAlignment
from attnlab.evaluation.aligner import ALIGNER, TokenPair, align, aligner_missing
from attnlab.evaluation.alignment import (
    NO_LINKS,
    GoldLinks,
    LinkCounts,
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

_UNLINKED = GoldLinks.of(frozenset())
_STEPS = {"predicts": slice(None, -1), "reads": slice(1, None)}  # the last step says the end

HeadAndConvention = tuple[int, int | None, str]
"""A layer and a head of it, counted from 1, no head being the mean of heads; and a convention."""


@dataclass(frozen=True)
class GoldPair:
    """A sentence pair, where its tokens stand in either text, and the links between them."""

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


def measure_alignment(trained: LoadedRun, split: str) -> AlignmentReport:
    """Measure each cross-attention head of a run on a split with gold word alignments.

    The external aligner learns from the training split and from what is measured.

    Raises:
        AttnlabError: the model attends to nothing, the split has no alignments, or they do not
            fit the tokens.
    """
    require_attention(trained, "measure")
    config = trained.run.config
    gold = read_gold(load_split(config.data, config.seed, split), config.data, split)
    baselines = measure_baselines(gold)
    missing = aligner_missing()
    if missing is None:
        training = [] if split == "train" else load_split(config.data, config.seed, "train")
        found = align(
            [each.tokens for each in gold],
            [_locate_tokens(pair, config.data, _UNLINKED).tokens for pair in training],
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
    )


def read_gold(pairs: Sequence[SentencePair], data: DataConfig, split: str) -> list[GoldPair]:
    """The tokens and the gold links of `pairs`, which are the sentences of `split`.

    Raises:
        AttnlabError: no pair has an alignment, or one links a token that is not there.
    """
    if not any(pair.alignment for pair in pairs):
        raise AttnlabError(
            f"split {split} of data={data.name} has no word alignments; a column of its file must "
            "hold them, with the name alignment in data.columns"
        )
    return [
        gold_pair(pair, data, f"{split}, sentence {n}") for n, pair in enumerate(pairs, start=1)
    ]


def gold_pair(pair: SentencePair, data: DataConfig, where: str) -> GoldPair:
    """The tokens and the gold links of one pair; `where` names it, should they not fit.

    Raises:
        AttnlabError: its alignment links a token that is not there.
    """
    each = _locate_tokens(pair, data, parse_links(pair.alignment or ""))
    for source, target in sorted(each.links.possible):
        if source >= len(each.source) or target >= len(each.target):
            raise AttnlabError(
                f"{where} ('{pair.source}'): the alignment has {source}-"
                f"{target}, but data.alignment_tokens={data.alignment_tokens} makes "
                f"{len(each.source)} source and {len(each.target)} target tokens, counted from "
                "0; correct the link, or set data.alignment_tokens to what the links count"
            )
    return each


def measure_baselines(gold: Sequence[GoldPair]) -> dict[str, LinkCounts]:
    """What needs no learning: the expected counts of a uniform attention, and the diagonal's."""
    uniform = (expect_uniform(len(each.source), len(each.target), each.links) for each in gold)
    diagonal = (diagonal_links(len(each.source), len(each.target)) for each in gold)
    return {
        "uniform": sum(uniform, NO_LINKS),
        "diagonal": score_links(diagonal, (each.links for each in gold)),
    }


def measure_heads(trained: LoadedRun, gold: Sequence[GoldPair]) -> list[HeadAlignment]:
    """Each layer's heads, and their mean where there are several, by either convention."""
    counts: dict[HeadAndConvention, LinkCounts] = defaultdict(lambda: NO_LINKS)
    vocabulary = trained.vocabulary
    encoded = encode_pairs(vocabulary, ((each.pair.source, each.pair.target) for each in gold))
    for recorded in record_pairs(trained.model, encoded, kinds=("cross",)):
        pair = encoded[recorded.index]
        found = count_of_heads(vocabulary, pair, gold[recorded.index], recorded.weights)
        for place, counted in found.items():
            counts[place] += counted
    found_heads = [HeadAlignment(*place, counted) for place, counted in counts.items()]
    return sorted(found_heads, key=lambda found: (found.layer, found.head or np.inf))


def count_of_heads(
    vocabulary: VocabularyPair,
    tokens: EncodedPair,
    gold: GoldPair,
    recorded: Mapping[tuple[str, int], NDArray[np.float32]],
) -> dict[HeadAndConvention, LinkCounts]:
    """The links that each cross-attention head finds in one pair, by layer, head and convention.

    `tokens` spell the texts of `gold`; `recorded` is their attention, as `record_pairs` gives it.
    """
    source_pieces = [*vocabulary.source.pieces(tokens.source), "</s>"]
    target_pieces = vocabulary.target.pieces(tokens.target)
    keys = token_shares(vocabulary.source.locate(source_pieces, gold.pair.source), gold.source)
    queries = token_shares(vocabulary.target.locate(target_pieces, gold.pair.target), gold.target)
    counts: dict[HeadAndConvention, LinkCounts] = {}
    for (kind, layer), weights in recorded.items():
        if kind != "cross":
            continue
        heads: list[int | None] = list(range(1, len(weights) + 1))
        if len(weights) > 1:
            heads.append(None)
            weights = np.concatenate([weights, weights.mean(axis=0, keepdims=True)])
        for convention, steps in _STEPS.items():
            for head, merged in zip(
                heads, merge_to_tokens(weights[:, steps], queries, keys), strict=True
            ):
                found = count_links(links_of_attention(merged), gold.links)
                counts[layer, head, convention] = found
    return counts


def _locate_tokens(pair: SentencePair, data: DataConfig, links: GoldLinks) -> GoldPair:
    source = locate_tokens(pair.source, data.source_language, data)
    target = locate_tokens(pair.target, data.target_language, data)
    return GoldPair(pair, source, target, links)
