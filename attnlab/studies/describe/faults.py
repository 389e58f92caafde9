"""Sentence pairs that look damaged: wrong characters, sides that do not belong together.

All of it is suspicion: a pair is counted, never changed. Knows no files.
"""

import re
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

from attnlab.data.pairs import SentencePair
from attnlab.data.words import split_words

UNEQUAL_FROM, UNEQUAL_RATIO = 10, 3
"""Sides are unequal when the longer has more than 10 words and over 3 times those of the other."""

# What Latin-1 and Windows-1252 show for the bytes 0x80 to 0xBF.
_SECOND_BYTE = (
    "\u0080-\u00bf\u0152\u0153\u0160\u0161\u0178\u017d\u017e\u0192"
    "\u02c6\u02dc\u2013-\u203a\u20ac\u2122"
)
_CHARACTERS = {
    "replaced": "\ufffd",
    "control": "[\u0000-\u0008\u000b-\u001f\u007f-\u009f]",
    "mixed_encodings": f"Ã[{_SECOND_BYTE}']|Â[\u00a0-\u00bf]|â€|Å[“'\u0092\u0093]|ï»¿",
    "invisible": "[\u00ad\u200b-\u200f\u2028-\u202e\u2060-\u2064\ufeff]",
    "escaped": r"&(?:amp|quot|apos|lt|gt|nbsp|#\d+|#x[0-9a-fA-F]+);",
}
CHARACTER_FAULTS = tuple(_CHARACTERS)
"""The kinds of suspicious characters.

replaced: U+FFFD, which stands where a decoder gave up. control: characters that no sentence has.
mixed_encodings: UTF-8 that was read as Latin-1 or Windows-1252, "Ã©" for "é". invisible: no
width, or a change of direction. escaped: HTML's, as "&quot;".
"""
_ANY_CHARACTER = re.compile(
    "|".join(f"(?P<{kind}>{pattern})" for kind, pattern in _CHARACTERS.items())
)


@dataclass
class Found:
    """How many pairs were found, the first of them, and which texts in them were the reason."""

    count: int = 0
    examples: list[SentencePair] = field(default_factory=list)
    reasons: Counter[str] = field(default_factory=Counter)

    def add(self, pair: SentencePair, keep: int = 3) -> None:
        """One more pair; no more than `keep` are kept as examples."""
        self.count += 1
        if len(self.examples) < keep:
            self.examples.append(pair)


def find(pairs: Iterable[SentencePair], is_one: Callable[[SentencePair], bool]) -> Found:
    """The pairs of which `is_one` holds."""
    found = Found()
    for pair in pairs:
        if is_one(pair):
            found.add(pair)
    return found


def find_characters(pairs: Iterable[SentencePair]) -> dict[str, Found]:
    """The pairs with suspicious characters, by their kind; kinds that do not occur are left out."""
    found: dict[str, Found] = {}
    for pair in pairs:
        kinds: set[str] = set()
        for text in (pair.source, pair.target):
            for match in _ANY_CHARACTER.finditer(text):
                kind = str(match.lastgroup)
                kinds.add(kind)
                found.setdefault(kind, Found()).reasons[match[0]] += 1
        for kind in kinds:
            found[kind].add(pair)
    return {kind: found[kind] for kind in CHARACTER_FAULTS if kind in found}


def is_unequal(pair: SentencePair) -> bool:
    """Whether one side is so much longer that it may translate something else."""
    lengths = len(split_words(pair.source)), len(split_words(pair.target))
    return max(lengths) > UNEQUAL_FROM and max(lengths) > UNEQUAL_RATIO * min(lengths)


def is_untranslated(pair: SentencePair) -> bool:
    """Whether both sides are the same."""
    return pair.source == pair.target
