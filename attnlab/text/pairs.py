"""What a sentence pair is, how files lay pairs out, and what a reading reports. Reads nothing."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from attnlab.text.words import split_words

ALIGNMENT_COLUMN = "alignment"
TAGS_COLUMN = "tags"
CONTRAST_COLUMN = "contrast"
FOCUS_COLUMN = "focus"


@dataclass(frozen=True, slots=True)
class SentencePair:
    """A sentence and its translation, both normalised.

    `alignment` is in Pharaoh form, `0-0 1-2`: source word, target word, counted from 0; a link
    that is possible and not sure is `1p2`. `tags` name phenomena. `contrast` is a wrong
    translation, to be found less likely than `target`. `focus` is a word of `target` that the
    sentence is there to ask for. All four come from columns of these names, the last two only in
    the direction that the file is written in; elsewhere there are none. `original` is the target
    as the file has it, without white space at its end, where that is not `target`.
    """

    source: str
    target: str
    alignment: str | None = None
    tags: tuple[str, ...] = ()
    contrast: str | None = None
    focus: str | None = None
    original: str | None = field(default=None, compare=False)

    @property
    def reference(self) -> str:
        """The target as the file has it: what a translation is scored against."""
        return self.target if self.original is None else self.original


def longest_side(pair: SentencePair) -> int:
    """Words of the longer of the two sentences, as `split_words` counts them."""
    return max(len(split_words(pair.source)), len(split_words(pair.target)))


@dataclass
class ReadingReport:
    """What one reading gave and left out; `str()` is a line for the log."""

    paths: tuple[str, ...]
    pairs: int
    skipped_empty: int = 0
    skipped_long: int = 0

    def __str__(self) -> str:
        skipped = f"skipped {self.skipped_empty:,} empty, {self.skipped_long:,} too long"
        return f"{' + '.join(self.paths)}: {self.pairs:,} sentence pairs ({skipped})"


@dataclass(frozen=True)
class Layout:
    """Which language is translated into which, and what a file of several columns holds.

    `columns` names the columns from the left: languages, `alignment` (links from the first
    language column to the second), `tags` (comma-separated), `contrast` (a wrong sentence of the
    second language) or `focus` (a word of the second language). Lines without the last two may
    end before them. Columns further right are not read.
    """

    source_language: str
    target_language: str
    columns: Sequence[str]
