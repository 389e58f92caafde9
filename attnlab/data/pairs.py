"""What a sentence pair is, how files lay pairs out, and what a reading reports. Reads nothing."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from attnlab.data.words import split_words

ALIGNMENT_COLUMN = "alignment"
TAGS_COLUMN = "tags"
CONTRAST_COLUMN = "contrast"
FOCUS_COLUMN = "focus"
ANNOTATIONS = (ALIGNMENT_COLUMN, TAGS_COLUMN, CONTRAST_COLUMN, FOCUS_COLUMN)
NOTE_COLUMNS = (ALIGNMENT_COLUMN, TAGS_COLUMN, CONTRAST_COLUMN, FOCUS_COLUMN)


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


@dataclass(frozen=True)
class Skipped:
    """What the reading of some lines left out.

    `empty`: lines with a blank side; `overlong`: those over `max_characters`, of which `first_long`
    is the first, from 1. `remark`: on the layout of the file.
    """

    empty: int = 0
    overlong: int = 0
    first_long: int | None = None
    remark: str = ""


@dataclass
class ReadingReport:
    """What one reading gave and left out; `str()` is a line for the log."""

    paths: tuple[str, ...]
    pairs: int
    skipped_empty: int = 0
    skipped_long: int = 0
    skipped_overlong: int = 0
    first_overlong: int | None = None
    remark: str = ""

    def add(self, skipped: Skipped) -> None:
        """Count what the reading of the next lines left out."""
        self.skipped_empty += skipped.empty
        self.skipped_overlong += skipped.overlong
        self.first_overlong = self.first_overlong or skipped.first_long
        self.remark = self.remark or skipped.remark

    def __str__(self) -> str:
        skipped = f"skipped {self.skipped_empty:,} empty, {self.skipped_long:,} too long"
        if self.skipped_overlong:
            skipped += (
                f", {self.skipped_overlong:,} over data.max_characters, "
                f"the first in line {self.first_overlong:,}"
            )
        read = f"{' + '.join(self.paths)}: {self.pairs:,} sentence pairs ({skipped})"
        return f"{read}; {self.remark}" if self.remark else read


@dataclass(frozen=True)
class Layout:
    """Which language is translated into which, and what a file of several columns holds.

    `columns` names the columns from the left: languages, `alignment` (links from the first
    language column to the second), `tags` (comma-separated), `contrast` (a wrong sentence of the
    second language) or `focus` (a word of the second language). Lines without the last two may
    end before them. Columns further right, and those of other names, are not read. A first row
    that names both languages is a header, and says what the columns hold. Pairs with more than
    `max_characters` on either side are skipped; None is no bound.
    """

    source_language: str
    target_language: str
    columns: Sequence[str]
    max_characters: int | None = None
