"""Sentence pairs, the layout of files that hold them, and the report on reading such files."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from attnlab.data.words import split_words

ALIGNMENT_COLUMN = "alignment"
TAGS_COLUMN = "tags"
CONTRAST_COLUMN = "contrast"
FOCUS_COLUMN = "focus"
ANNOTATIONS = (ALIGNMENT_COLUMN, TAGS_COLUMN, CONTRAST_COLUMN, FOCUS_COLUMN)
"""Names of columns that hold no language."""


@dataclass(frozen=True, slots=True)
class SentencePair:
    """A sentence and its translation, both normalised.

    `alignment` is in Pharaoh form, `0-0 1-2`: source word, target word, counted from 0; a possible
    link, as against a sure one, is `1p2`. `tags` name phenomena. `contrast` is a wrong translation
    that a model should find less likely than `target`. `focus` is the word of `target` that the
    sentence tests. All four come from columns of these names, `contrast` and `focus` only in the
    direction that the file is written in. `original` is the target as in the file, without trailing
    white space, where that differs from `target`.
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
        """The target as in the file, which translations are scored against."""
        return self.target if self.original is None else self.original


def longest_side(pair: SentencePair) -> int:
    """Words of the longer of the two sentences, as `split_words` counts them."""
    return max(len(split_words(pair.source)), len(split_words(pair.target)))


@dataclass
class ReadingReport:
    """Counts of pairs read and skipped, of a whole file or a part; `str()` is a line for the log.

    Skipped are `empty` (a blank side), `long` (over `max_words`) and `overlong` (over
    `max_characters`, `first_overlong` being the first such line, from 1). `remark`: on the layout.
    """

    paths: tuple[str, ...]
    pairs: int
    skipped_empty: int = 0
    skipped_long: int = 0
    skipped_overlong: int = 0
    first_overlong: int | None = None
    remark: str = ""

    def add(self, following: "ReadingReport") -> None:
        """Add the counts of the part that follows."""
        self.pairs += following.pairs
        self.skipped_empty += following.skipped_empty
        self.skipped_long += following.skipped_long
        self.skipped_overlong += following.skipped_overlong
        self.first_overlong = self.first_overlong or following.first_overlong
        self.remark = self.remark or following.remark

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
    """The direction of translation and the columns of a file that holds both languages.

    `columns` names them from the left: languages, `alignment` (links from the first language
    column to the second), `tags` (comma-separated), `contrast` (a wrong sentence of the second
    language) or `focus` (a word of the second language). Lines may end before the last two.
    Columns further right, and those of other names, are not read. A first row that names both
    languages is a header and replaces `columns`. Pairs with more than `max_characters` on either
    side are skipped; None is no bound.
    """

    source_language: str
    target_language: str
    columns: Sequence[str]
    max_characters: int | None = None
