"""Defects of a corpus, and facts worth knowing before training on it, each with a remedy."""

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

from attnlab.data.corpus import DataConfig
from attnlab.data.pairs import Layout, ReadingReport, SentencePair
from attnlab.data.words import split_words
from attnlab.search import SearchConfig
from attnlab.studies.describe.places import Place, find_places
from attnlab.studies.describe.statistics import Repeated, Shared, SplitStatistics

UNEQUAL_FROM, UNEQUAL_RATIO = 10, 3
"""Sides are unequal when the longer has more than 10 words and over 3 times those of the other."""

_FEW = 0.01
"""The fraction of an evaluation split under which overlong sentences are only a note."""

# What Latin-1 and Windows-1252 show for the bytes 0x80 to 0xBF.
_SECOND_BYTE = (
    "\u0080-\u00bf\u0152\u0153\u0160\u0161\u0178\u017d\u017e\u0192"
    "\u02c6\u02dc\u2013-\u203a\u20ac\u2122"
)
# By kind: a pattern, the problem and the remedy.
_CHARACTERS = {
    "replaced": (
        "\ufffd",
        "hold U+FFFD, the sign for text that could not be decoded",
        "make the file anew from its source, in the right encoding",
    ),
    "control": (
        "[\u0000-\u0008\u000b-\u001f\u007f-\u009f]",
        "hold control characters",
        "remove these characters",
    ),
    "mixed_encodings": (  # UTF-8 read as Latin-1 or Windows-1252, "Ã©" for "é"
        f"Ã[{_SECOND_BYTE}']|Â[\u00a0-\u00bf]|â€|Å[“'\u0092\u0093]|ï»¿",
        "hold UTF-8 that was read as another encoding",
        "decode the text once, as UTF-8; ftfy mends what cannot be made anew",
    ),
    "invisible": (  # of no width, or changing the direction of writing
        "[\u00ad\u200b-\u200f\u2028-\u202e\u2060-\u2064\ufeff]",
        "hold invisible characters",
        "remove these characters",
    ),
    "escaped": (
        r"&(?:amp|quot|apos|lt|gt|nbsp|#\d+|#x[0-9a-fA-F]+);",
        "hold HTML escapes",
        "unescape them: html.unescape in Python",
    ),
}
CHARACTER_FAULTS = tuple(_CHARACTERS)
_ANY_CHARACTER = re.compile(
    "|".join(f"(?P<{kind}>{pattern})" for kind, (pattern, _, _) in _CHARACTERS.items())
)

Level = Literal["warning", "note"]


@dataclass
class Example:
    """A pair of a split, and its places in the split's files, as far as they were looked up."""

    split: str
    pair: SentencePair
    places: list[Place] = field(default_factory=list)


@dataclass
class Finding:
    """A defect ("warning") or a fact worth knowing ("note") of one split, or of two.

    `count`: of sources for leaks and variants, of pairs or lines otherwise. `places`: of lines
    that became no pair.
    """

    level: Level
    kind: str
    splits: list[str]
    count: int
    message: str
    remedy: str
    examples: list[Example] = field(default_factory=list)
    places: list[Place] = field(default_factory=list)


@dataclass(frozen=True)
class Evidence:
    """The counts behind findings; `splits` are those described, `training` is the train split."""

    splits: Mapping[str, Sequence[SentencePair]]
    training: SplitStatistics
    shared: Sequence[Shared]
    repeated: Mapping[str, Repeated]
    reports: Mapping[str, ReadingReport]
    data: DataConfig
    search: SearchConfig


def find_characters(
    pairs: Iterable[SentencePair],
) -> dict[str, tuple[list[SentencePair], Counter[str]]]:
    """By kind of fault: the pairs with suspicious characters, and the count of each text."""
    found: dict[str, tuple[list[SentencePair], Counter[str]]]
    found = {kind: ([], Counter()) for kind in CHARACTER_FAULTS}
    for pair in pairs:
        for text in (pair.source, pair.target):
            for match in _ANY_CHARACTER.finditer(text):
                with_fault, texts = found[str(match.lastgroup)]
                texts[match[0]] += 1
                if not with_fault or with_fault[-1] is not pair:
                    with_fault.append(pair)
    return {kind: each for kind, each in found.items() if each[0]}


def is_unequal(pair: SentencePair) -> bool:
    """Whether one side is so much longer that it may translate something else."""
    short, long = sorted(_lengths(pair))
    return long > UNEQUAL_FROM and long > UNEQUAL_RATIO * short


def is_untranslated(pair: SentencePair) -> bool:
    """Whether both sides are the same."""
    return pair.source == pair.target


def _lengths(pair: SentencePair) -> tuple[int, int]:
    return len(split_words(pair.source)), len(split_words(pair.target))


def judge(evidence: Evidence) -> list[Finding]:
    """All findings: warnings before notes, and leaks before all else."""
    found = [*_leaks(evidence.shared)]
    for split, pairs in evidence.splits.items():
        found += _repeats(split, evidence.repeated[split])
        found += _characters(split, pairs)
        found += _strange_pairs(split, pairs)
        if split != "train":
            found += _overlong(split, pairs, evidence)
        if split in evidence.reports:
            found += _skipped(split, evidence.reports[split], evidence.data)
    return sorted(found, key=lambda finding: finding.level == "note")


def _finding(
    kind: str,
    split: str,
    count: int,
    message: str,
    remedy: str,
    pairs: Sequence[SentencePair] = (),
    level: Level = "warning",
) -> Finding:
    """A finding about one split, whose name begins the message; the first pairs are examples."""
    examples = [Example(split, pair) for pair in pairs[:3]]
    return Finding(level, kind, [split], count, f"{split}: {message}", remedy, examples)


def _leaks(all_shared: Sequence[Shared]) -> Iterator[Finding]:
    for shared in all_shared:
        one, other = shared.splits
        if not shared.sources:
            continue
        message = f"leak: {one} and {other} share {count_of(shared.sources, 'source')}"
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
        shown = [
            Example(split, pair)
            for example in shared.examples
            for split, pair in zip(shared.splits, example, strict=True)
        ]
        yield Finding("warning", "leak", [one, other], shared.sources, message, remedy, shown)


def _repeats(split: str, repeated: Repeated) -> Iterator[Finding]:
    copies, variants = repeated.copies, repeated.variants
    if copies:
        verb = "repeats" if copies == 1 else "repeat"
        message = f"{count_of(copies, 'pair')} {verb} an earlier one word for word"
        remedy = "remove them; each copy weighs as much as a sentence of its own"
        yield _finding("copies", split, copies, message, remedy, repeated.copy_examples)
    if variants:
        has = "has" if variants == 1 else "have"
        message = f"{count_of(variants, 'source')} {has} several translations"
        remedy = (
            "nothing is wrong with that; they stay together when a split is held out"
            if split == "train"
            else "each is scored against one of them alone: a right translation may count as wrong"
        )
        examples = [pair for two in repeated.variant_examples[:1] for pair in two]
        yield _finding("variants", split, variants, message, remedy, examples, "note")


def _characters(split: str, pairs: Sequence[SentencePair]) -> Iterator[Finding]:
    for kind, (found, texts) in find_characters(pairs).items():
        _, problem, remedy = _CHARACTERS[kind]
        verb = problem.replace("hold", "holds", 1) if len(found) == 1 else problem
        which = ", ".join(f"{_visible(text)} {n:,}×" for text, n in texts.most_common(3))
        message = f"{count_of(len(found), 'pair')} {verb} ({which})"
        yield _finding(f"characters_{kind}", split, len(found), message, remedy, found)


def _visible(text: str) -> str:
    return text if text.isprintable() else " ".join(f"U+{ord(sign):04X}" for sign in text)


def _strange_pairs(split: str, pairs: Sequence[SentencePair]) -> Iterator[Finding]:
    if found := list(filter(is_unequal, pairs)):
        message = (
            f"{count_of(len(found), 'pair')} with one side over {UNEQUAL_RATIO} times "
            f"as long as the other (and over {UNEQUAL_FROM} words): misaligned, perhaps"
        )
        remedy = "see whether the lines of both languages are in step from there on"
        yield _finding("unequal", split, len(found), message, remedy, found)
    if found := list(filter(is_untranslated, pairs)):
        message = f"{count_of(len(found), 'pair')} with the same text on both sides"
        remedy = "remove what is not translated; names and the like may stay"
        yield _finding("untranslated", split, len(found), message, remedy, found)


def _overlong(split: str, pairs: Sequence[SentencePair], evidence: Evidence) -> Iterator[Finding]:
    data, search, training = evidence.data, evidence.search, evidence.training
    source, target = training.source.lengths.longest, training.target.lengths.longest

    def is_longer(pair: SentencePair) -> bool:
        words = _lengths(pair)
        return words[0] > source or words[1] > target

    def is_cut(pair: SentencePair) -> bool:
        # Search counts pieces, ends included. A pair that is cut by words is cut by pieces too, if
        # both languages have as many pieces for a word.
        words = _lengths(pair)
        limit = int((words[0] + 1) * search.max_length_factor) + search.max_length_extra
        return words[1] + 1 > limit

    if found := list(filter(is_longer, pairs)):
        are = "is" if len(found) == 1 else "are"
        message = (
            f"{len(found):,} of {len(pairs):,} pairs {are} longer than any that "
            f"training shows ({data.source_language} {source}, {data.target_language} {target} "
            "words): models extrapolate there"
        )
        remedy = "train on longer pairs, or report this score by itself"
        if skipped := evidence.reports["train"].skipped_long:
            remedy = f"raise data.max_words={data.max_words}: it keeps {skipped:,} from training"
        level: Level = "note" if len(found) < _FEW * len(pairs) else "warning"
        yield _finding("extrapolation", split, len(found), message, remedy, found, level)
    if found := list(filter(is_cut, pairs)):
        message = (
            f"{count_of(len(found), 'reference')} longer than a translation may get: search ends "
            f"it at {search.max_length_factor:g} times its source's length and "
            f"{search.max_length_extra} more (in word pieces; counted here in words)"
        )
        remedy = "raise search.max_length_factor, if these are translations at all"
        yield _finding("unreachable", split, len(found), message, remedy, found)


def _skipped(split: str, report: ReadingReport, data: DataConfig) -> Iterator[Finding]:
    if skipped := report.skipped_long:
        message = (
            f"{count_of(skipped, 'pair')} of more than data.max_words={data.max_words} words left "
            "out of training"
        )
        remedy = f"raise data.max_words to train on {'it' if skipped == 1 else 'them'}"
        yield _finding("long", split, skipped, message, remedy, level="note")
    if skipped := report.skipped_overlong:
        message = (
            f"{count_of(skipped, 'pair')} of more than data.max_characters={data.max_characters} "
            f"skipped, the first in line {report.first_overlong:,}"
        )
        remedy = "see whether a line holds more than a sentence, or raise data.max_characters"
        yield _finding("overlong", split, skipped, message, remedy)
    if report.remark:
        remedy = "nothing is to be done if this is so"
        yield _finding("layout", split, 1, report.remark, remedy, level="note")
    if skipped := report.skipped_empty:
        message = f"{count_of(skipped, 'line')} with a blank side skipped"
        yield _finding("blank", split, skipped, message, "complete or remove them", level="note")


def count_of(number: int, noun: str) -> str:
    """`1 pair`, `1,204 pairs`."""
    return f"{number:,} {noun}" if number == 1 else f"{number:,} {noun}s"


def locate(
    findings: Sequence[Finding], reports: Mapping[str, ReadingReport], data: DataConfig
) -> None:
    """Fill in the places of all findings; each file that has any is read once more.

    `reports` are by split; a split without one was held out of the files of train.
    """
    layout = Layout(data.source_language, data.target_language, data.columns)
    examples: dict[str, list[Example]] = {split: [] for split in reports}
    for finding in findings:
        for each in finding.examples:
            examples[each.split if each.split in reports else "train"].append(each)
    blank = {finding.splits[0]: finding for finding in findings if finding.kind == "blank"}
    for split, report in reports.items():
        if not examples[split] and split not in blank:
            continue
        wanted = {(each.pair.source, each.pair.target) for each in examples[split]}
        places = find_places(report.paths, layout, wanted)
        for each in examples[split]:
            each.places = places.pairs[each.pair.source, each.pair.target]
        if split in blank:
            blank[split].places = places.blank
