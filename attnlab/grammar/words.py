"""A word of one language, and the marks that tie it to the words of the other language.

A rule that writes an English word and a French word for the same thing gives both the same mark.
Whatever moves, merges or changes its form later, the marks stay with the word, so the alignment
is read off at the end: two words are linked when they share a mark.
"""

from collections import defaultdict
from dataclasses import dataclass, replace
from functools import cache

# Only the identity of a mark matters, so any fresh object will do.
Mark = object


@dataclass(eq=False, kw_only=True, slots=True)
class Word:
    """One token of one language; never changed, only replaced (frozen would be twice as slow).

    `marks` tie it to the other language; `notes` say what it shows (phenomenon tags, and
    combinations written with a plus sign); `before_vowel` is the form that a French word takes
    in front of a vowel, where that is not plain elision; `rival` is the same word in the wrong
    agreement, where agreement had a choice to make; `clitic` words neither contract nor count
    as articles.
    """

    text: str
    marks: frozenset[Mark] = frozenset()
    notes: frozenset[str] = frozenset()
    before_vowel: str | None = None
    rival: str | None = None
    clitic: bool = False

    def noted(self, *notes: str) -> "Word":
        """Return the same word with more notes."""
        return replace(self, notes=self.notes | set(notes))

    def merged_into(self, other: "Word", text: str) -> "Word":
        """Return one word that stands for this one and the `other` that follows it."""
        return replace(
            other,
            text=text,
            marks=self.marks | other.marks,
            notes=self.notes | other.notes,
            rival=None,
        )


def word(text: str, *marks: Mark, notes: str = "") -> Word:
    """Return one word; `notes` are separated by spaces."""
    return Word(text=text, marks=frozenset(marks), notes=_notes(notes))


@cache
def _notes(text: str) -> frozenset[str]:
    return frozenset(text.split())


def words(text: str, *marks: Mark, notes: str = "") -> list[Word]:
    """Return the words of a text separated by spaces, every one carrying all the marks."""
    return [word(part, *marks, notes=notes) for part in text.split()]


@dataclass(kw_only=True)
class Both:
    """The same phrase in the two languages, word order and all."""

    english: list[Word]
    french: list[Word]

    def __add__(self, other: "Both") -> "Both":
        return Both(english=self.english + other.english, french=self.french + other.french)

    def noted(self, *notes: str) -> "Both":
        """Return the phrase with notes on its first French word."""
        return Both(english=self.english, french=[self.french[0].noted(*notes), *self.french[1:]])


NOTHING = Both(english=[], french=[])


def both(english: str, french: str, notes: str = "") -> Both:
    """Return a phrase all of whose English words are linked with all of its French words."""
    mark = Mark()
    return Both(english=words(english, mark), french=words(french, mark, notes=notes))


def tied(english: str, french: str, notes: str = "") -> Both:
    """Return a phrase from its two spellings, in which `~` ties words: "last~1", "dernière~1".

    Where no word is tied, every English word is linked with every French word.
    """
    if "~" not in english:
        return both(english, french, notes)
    marks: defaultdict[str, Mark] = defaultdict(Mark)

    def side(text: str, notes: str) -> list[Word]:
        cells = (part.partition("~") for part in text.split())
        return [word(form, *([marks[tie]] if tie else []), notes=notes) for form, _, tie in cells]

    return Both(english=side(english, ""), french=side(french, notes))
