"""What is wrong with a corpus, or worth knowing before training on it: sentences with a remedy.

Counting is `attnlab.data`'s; what a count means is decided here.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from attnlab.data.corpus import DataConfig
from attnlab.data.pairs import ReadingReport, SentencePair
from attnlab.data.words import split_words
from attnlab.search import SearchConfig
from attnlab.studies.describe.faults import (
    UNEQUAL_FROM,
    UNEQUAL_RATIO,
    Found,
    find,
    find_characters,
    is_unequal,
    is_untranslated,
)
from attnlab.studies.describe.finding import Finding, Level, Sighting
from attnlab.studies.describe.repetition import Repeated, Shared
from attnlab.studies.describe.statistics import SplitStatistics

_FEW = 0.01
"""The share of an evaluation split under which overlong sentences are no more than a note."""


@dataclass(frozen=True)
class Evidence:
    """What findings are made of; `splits` are those that are described, `training` is train."""

    splits: Mapping[str, Sequence[SentencePair]]
    training: SplitStatistics
    shared: Sequence[Shared]
    repeated: Mapping[str, Repeated]
    reports: Mapping[str, ReadingReport]
    data: DataConfig
    search: SearchConfig


def judge(evidence: Evidence) -> list[Finding]:
    """All findings: warnings before notes, and leaks before all else."""
    found = [*_leaks(evidence)]
    for split, pairs in evidence.splits.items():
        found += _repeats(split, evidence.repeated[split])
        found += _characters(split, find_characters(pairs))
        found += _strange_pairs(split, pairs)
        if split != "train":
            found += _lengths(split, pairs, evidence)
        if split in evidence.reports:
            found += _left_out(split, evidence.reports[split], evidence.data)
    return sorted(found, key=lambda finding: finding.level == "note")


def _leaks(evidence: Evidence) -> Iterator[Finding]:
    for shared in evidence.shared:
        one, other = shared.splits
        if not shared.sources:
            continue
        message = f"leak: {one} and {other} share {_number(shared.sources, 'source')}"
        if shared.pairs:
            message += f", {shared.pairs:,} with the same translation"
        if one == "train":
            message += f"; a score on {other} rewards learning by heart"
            remedy = "take them out of train"
            if other in ("valid", "test"):
                remedy += f"; or set data.{other}=null, which holds whole sources out of train"
        else:
            message += "; what is chosen on one is not measured fairly on the other"
            remedy = f"take them out of {one} or {other}"
        sightings = [
            Sighting(split, pair)
            for example in shared.examples
            for split, pair in zip(shared.splits, example, strict=True)
        ]
        yield Finding("warning", "leak", [one, other], shared.sources, message, remedy, sightings)


def _repeats(split: str, repeated: Repeated) -> Iterator[Finding]:
    if repeated.copies:
        verb = "repeats" if repeated.copies == 1 else "repeat"
        yield Finding(
            "warning",
            "copies",
            [split],
            repeated.copies,
            f"{split}: {_number(repeated.copies, 'pair')} {verb} an earlier one word for word",
            "remove them; each copy weighs as much as a sentence of its own",
            [Sighting(split, pair) for pair in repeated.copy_examples],
        )
    if repeated.variants:
        has = "has" if repeated.variants == 1 else "have"
        yield Finding(
            "note",
            "variants",
            [split],
            repeated.variants,
            f"{split}: {_number(repeated.variants, 'source')} {has} several translations",
            "nothing is wrong with that; they stay together when a split is held out"
            if split == "train"
            else "each is scored against one of them alone: a right translation may count as wrong",
            [Sighting(split, pair) for two in repeated.variant_examples[:1] for pair in two],
        )


_CHARACTERS = {
    "replaced": (
        "hold U+FFFD, the sign for text that could not be decoded",
        "make the file anew from its source, in the right encoding",
    ),
    "control": ("hold control characters", "remove these characters"),
    "mixed_encodings": (
        "hold UTF-8 that was read as another encoding",
        "decode the text once, as UTF-8; ftfy mends what cannot be made anew",
    ),
    "invisible": ("hold invisible characters", "remove these characters"),
    "escaped": ("hold HTML escapes", "unescape them: html.unescape in Python"),
}


def _characters(split: str, found: Mapping[str, Found]) -> Iterator[Finding]:
    for kind, each in found.items():
        problem, remedy = _CHARACTERS[kind]
        verb = problem.replace("hold", "holds", 1) if each.count == 1 else problem
        which = ", ".join(
            f"{_visible(text)} {count:,}×" for text, count in each.reasons.most_common(3)
        )
        message = f"{split}: {_number(each.count, 'pair')} {verb} ({which})"
        yield _finding(f"characters_{kind}", split, each, message, remedy)


def _visible(text: str) -> str:
    return text if text.isprintable() else " ".join(f"U+{ord(sign):04X}" for sign in text)


def _strange_pairs(split: str, pairs: Sequence[SentencePair]) -> Iterator[Finding]:
    unequal = find(pairs, is_unequal)
    if unequal.count:
        message = (
            f"{split}: {_number(unequal.count, 'pair')} with one side over {UNEQUAL_RATIO} times "
            f"as long as the other (and over {UNEQUAL_FROM} words): misaligned, perhaps"
        )
        remedy = "see whether the lines of both languages are in step from there on"
        yield _finding("unequal", split, unequal, message, remedy)
    untranslated = find(pairs, is_untranslated)
    if untranslated.count:
        message = f"{split}: {_number(untranslated.count, 'pair')} with the same text on both sides"
        remedy = "remove what is not translated; names and the like may stay"
        yield _finding("untranslated", split, untranslated, message, remedy)


def _lengths(split: str, pairs: Sequence[SentencePair], evidence: Evidence) -> Iterator[Finding]:
    data, search, training = evidence.data, evidence.search, evidence.training
    source, target = training.source.lengths.longest, training.target.lengths.longest
    longer = find(
        pairs,
        lambda pair: (
            len(split_words(pair.source)) > source or len(split_words(pair.target)) > target
        ),
    )
    if longer.count:
        are = "is" if longer.count == 1 else "are"
        message = (
            f"{split}: {longer.count:,} of {len(pairs):,} pairs {are} longer than any that "
            f"training shows ({data.source_language} {source}, {data.target_language} {target} "
            "words): models extrapolate there"
        )
        skipped = evidence.reports["train"].skipped_long
        if skipped:
            remedy = f"raise data.max_words={data.max_words}: it keeps {skipped:,} from training"
        else:
            remedy = "train on longer pairs, or report this score by itself"
        level: Level = "note" if longer.count < _FEW * len(pairs) else "warning"
        yield _finding("extrapolation", split, longer, message, remedy, level)
    factor, extra = search.max_length_factor, search.max_length_extra
    cut = find(pairs, lambda pair: _is_cut(pair, factor, extra))
    if cut.count:
        message = (
            f"{split}: {_number(cut.count, 'reference')} longer than a translation may get: search "
            f"ends it at {factor:g} times its source's length and {extra} more (in word pieces; "
            "counted here in words)"
        )
        remedy = "raise search.max_length_factor, if these are translations at all"
        yield _finding("unreachable", split, cut, message, remedy)


def _is_cut(pair: SentencePair, factor: float, extra: int) -> bool:
    """Whether search would end a translation before it is as long as `pair.target`.

    Search counts pieces, ends included. A pair that is cut by words is cut by pieces too, if
    both languages have as many pieces for a word.
    """
    source, target = len(split_words(pair.source)) + 1, len(split_words(pair.target)) + 1
    return target > int(source * factor) + extra


def _left_out(split: str, report: ReadingReport, data: DataConfig) -> Iterator[Finding]:
    if report.skipped_long:
        yield Finding(
            "note",
            "long",
            [split],
            report.skipped_long,
            f"{split}: {_number(report.skipped_long, 'pair')} of more than "
            f"data.max_words={data.max_words} words left out of training",
            f"raise data.max_words to train on {'it' if report.skipped_long == 1 else 'them'}",
        )
    if report.skipped_overlong:
        yield Finding(
            "warning",
            "overlong",
            [split],
            report.skipped_overlong,
            f"{split}: {_number(report.skipped_overlong, 'pair')} of more than "
            f"data.max_characters={data.max_characters} skipped, the first in line "
            f"{report.first_overlong:,}",
            "see whether a line holds more than a sentence, or raise data.max_characters",
        )
    if report.remark:
        remedy = "nothing is to be done if this is so"
        yield Finding("note", "layout", [split], 1, f"{split}: {report.remark}", remedy)
    if report.skipped_empty:
        yield Finding(
            "note",
            "blank",
            [split],
            report.skipped_empty,
            f"{split}: {_number(report.skipped_empty, 'line')} with a blank side skipped",
            "complete or remove them",
        )


def _finding(
    kind: str, split: str, found: Found, message: str, remedy: str, level: Level = "warning"
) -> Finding:
    sightings = [Sighting(split, pair) for pair in found.examples]
    return Finding(level, kind, [split], found.count, message, remedy, sightings)


def _number(count: int, noun: str) -> str:
    return f"{count:,} {noun}" if count == 1 else f"{count:,} {noun}s"
