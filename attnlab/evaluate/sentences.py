"""Sentences with their translation, attention maps and gold links, from a split or given texts."""

import logging
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from attnlab.data.batching import EncodedPair
from attnlab.data.corpus import load_split
from attnlab.data.pairs import SentencePair
from attnlab.data.reading.lines import is_blank, normalise
from attnlab.data.tokens import END
from attnlab.evaluate.alignment import gold_pair
from attnlab.inspection.maps import (
    AttentionMap,
    attention_maps,
    gold_cells,
    labels,
    labels_of_tokens,
)
from attnlab.run.loaded import LoadedRun, require_attention
from attnlab.support.errors import UsageError

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class Inspected:
    """A sentence, its translation, and the attention maps of all heads.

    `name` is for files: `test-7`, `text-1`. `target` is the model's translation, or the corpus's
    reference; tokens are ids without begin and end. `pair` is the corpus's; of a text it has no
    target. `gold`: the cells (row, column) of cross-attention maps with a gold link; None without
    an alignment, or if the translation differs from the aligned target.
    """

    name: str
    source: str
    target: str
    source_tokens: list[int]
    target_tokens: list[int]
    pair: SentencePair
    maps: list[AttentionMap]
    gold: frozenset[tuple[int, int]] | None


def inspect_sentences(
    trained: LoadedRun,
    *,
    texts: Sequence[str] = (),
    split: str = "test",
    numbers: Iterable[int] = (),
    reference: bool = False,
    pieces: bool = False,
) -> Iterator[Inspected]:
    """Inspect `texts`, or else the sentences of a split with these `numbers`, from 1.

    Maps are over words, or over `pieces`. With `reference`, the model decodes the corpus's
    reference instead of its own translation.

    Raises:
        AttnlabError: the model has no attention, or an alignment does not fit its sentence.
        UsageError: there is no such sentence, one is empty, or a text has no reference.
    """
    require_attention(trained, "look into")
    if texts and reference:
        raise UsageError("--text has no reference; leave out --reference, or choose --sentence")
    chosen = _texts(texts) if texts else sentences_of(trained, split, numbers)
    most = trained.run.config.data.max_characters
    for pair in chosen.values():
        if is_blank(pair.source):
            raise UsageError("an empty sentence has no attention to look into; give it some words")
        if len(pair.source) > most:
            raise UsageError(
                f"--text has {len(pair.source):,} characters, and this run reads {most:,} at most, "
                "its data.max_characters; cut it into sentences"
            )
    if reference:
        targets = [
            (pair.target, trained.vocabulary.target.encode(pair.target)) for pair in chosen.values()
        ]
    else:
        found = trained.translator.translate([pair.source for pair in chosen.values()])
        targets = [(each.text, each.target_tokens) for each in found]
    for (name, pair), (target, tokens) in zip(chosen.items(), targets, strict=True):
        yield inspect_pair(trained, name, pair, target, tokens, reference=reference, pieces=pieces)


def inspect_pair(
    trained: LoadedRun,
    name: str,
    pair: SentencePair,
    target: str,
    tokens: list[int],
    *,
    reference: bool,
    pieces: bool,
) -> Inspected:
    """Decode `tokens` of the text `target` for the source of `pair`, and record the attention.

    With `reference`, that text was given, and not found by search.

    Raises:
        AttnlabError: the model has no attention, or an alignment does not fit its sentence.
    """
    require_attention(trained, "look into")
    source_tokens = trained.vocabulary.source.encode(pair.source)
    read = EncodedPair(source_tokens, tokens)
    return Inspected(
        name=name,
        source=pair.source,
        target=target,
        source_tokens=source_tokens,
        target_tokens=tokens,
        pair=pair,
        maps=attention_maps(
            trained.model,
            trained.vocabulary,
            source_tokens,
            tokens,
            pieces=pieces,
            source=pair.source,
            target=target if reference else None,
        ),
        gold=(
            find_gold(trained, name, pair, read, source_pieces=pieces, target_pieces=pieces)
            if target == pair.target
            else None
        ),
    )


def first_numbers(trained: LoadedRun, split: str, count: int) -> range:
    """The numbers of a split's first `count` sentences, or of all if it has fewer."""
    config = trained.run.config
    there = len(load_split(config.data, config.seed, split))
    return range(1, at_most(there, count, split) + 1)


def at_most(there: int, wanted: int, split: str) -> int:
    """The lesser of the sentences `wanted` and those `there` are in `split`, with a message."""
    if there < wanted:
        logger.info("%s has %s, and %d were asked for", split, _sentences(there), wanted)
    return min(there, wanted)


def _sentences(count: int) -> str:
    return "one sentence" if count == 1 else f"{count:,} sentences"


def _texts(texts: Sequence[str]) -> dict[str, SentencePair]:
    return {f"text-{n}": SentencePair(normalise(text), "") for n, text in enumerate(texts, start=1)}


def sentences_of(trained: LoadedRun, split: str, numbers: Iterable[int]) -> dict[str, SentencePair]:
    """The sentences of `split` with these `numbers`, from 1, by name.

    Raises:
        UsageError: there is no such split or sentence.
    """
    config = trained.run.config
    pairs = load_split(config.data, config.seed, split)
    chosen = {}
    for number in numbers:
        if not 1 <= number <= len(pairs):
            raise UsageError(f"--sentence {number}: {split} has sentences 1 to {len(pairs):,}")
        chosen[f"{split}-{number}"] = pairs[number - 1]
    return chosen


def find_gold(
    trained: LoadedRun,
    name: str,
    pair: SentencePair,
    tokens: EncodedPair,
    *,
    source_pieces: bool,
    target_pieces: bool,
) -> frozenset[tuple[int, int]] | None:
    """The cells (row, column) of cross-attention maps of `pair` with a gold link.

    Over pieces or words on either side; None if the pair, called `name`, has no alignment.

    Raises:
        AttnlabError: its alignment does not fit its sentence.
    """
    if pair.alignment is None:
        return None
    gold = gold_pair(pair, trained.run.config.data, name)
    sides = (
        (trained.vocabulary.source, tokens.source, pair.source, gold.source, source_pieces),
        (trained.vocabulary.target, tokens.target, pair.target, gold.target, target_pieces),
    )
    source, target = (
        labels_of_tokens(
            vocabulary.locate(vocabulary.pieces([*ids, END]), text),
            labels(vocabulary, [*ids, END], pieces),
            spans,
        )
        for vocabulary, ids, text, spans, pieces in sides
    )
    return gold_cells(gold.links.possible, source, target)
