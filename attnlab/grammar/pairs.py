"""A finished pair: printed sentences, their alignment, their tags."""

import hashlib
import itertools
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, replace
from random import Random

from .long import a_long_sentence
from .realise import capitalised, english_text, english_words, french_text, french_words
from .sentences import a_sentence
from .tokenise import tokenise_english, tokenise_french
from .words import Both, Mark, Word

# Sentences of single rules hardly ever have more tokens than this.
LONGEST_ORDINARY = 20


@dataclass(frozen=True, kw_only=True)
class Pair:
    """One line of the corpus.

    Attributes:
        english: the printed sentence.
        french: the printed sentence.
        links: pairs of (English token, French token), counted from 0, sorted.
        tags: what the sentence shows, sorted.
        combinations: adjective+noun, clitic+verb and negation+tense in it, sorted.
        length: tokens of the longer side.
        wrong: the French sentence with one wrong form, for minimal pairs; otherwise empty.
    """

    english: str
    french: str
    links: tuple[tuple[int, int], ...]
    tags: tuple[str, ...]
    combinations: tuple[str, ...]
    length: int
    wrong: str = ""

    def tagged(self, tag: str) -> "Pair":
        """Return the pair with one more tag."""
        return replace(self, tags=tuple(sorted({*self.tags, tag})))

    def line(self) -> str:
        """Return the line of the TSV file, without its end."""
        links = " ".join(f"{source}-{target}" for source, target in self.links)
        columns = (self.english, self.french, links, ",".join(self.tags))
        return "\t".join((*columns, self.wrong) if self.wrong else columns)


def sentence_pair(phrase: Both) -> Pair:
    """Return the printed pair of a sentence.

    Raises:
        ValueError: the printed text does not tokenise into the words that the rules wrote,
            which would make the alignment wrong.
    """
    english = capitalised(english_words(phrase.english))
    french = capitalised(french_words(phrase.french))
    english_line, french_line = english_text(english), french_text(french)
    for text, tokens, side in (
        (english_line, tokenise_english(english_line), english),
        (french_line, tokenise_french(french_line), french),
    ):
        if tokens != [part.text for part in side]:
            raise ValueError(f"{text!r} is tokenised as {tokens}, the rules wrote "
                             f"{[part.text for part in side]}")  # fmt: skip
    notes = sorted(set().union(*(part.notes for part in english + french)))
    return Pair(
        english=english_line,
        french=french_line,
        links=_links(english, french),
        tags=tuple(note for note in notes if "+" not in note),
        combinations=tuple(note for note in notes if "+" in note),
        length=max(len(english), len(french)),
    )


def _links(english: list[Word], french: list[Word]) -> tuple[tuple[int, int], ...]:
    targets: defaultdict[Mark, list[int]] = defaultdict(list)
    for target, other in enumerate(french):
        for mark in other.marks:
            targets[mark].append(target)
    found = {
        (source, target)
        for source, one in enumerate(english)
        for mark in one.marks
        for target in targets.get(mark, ())
    }
    return tuple(sorted(found))


def pairs(seed: int, longest: int = 20, distinct: bool = True) -> Iterator[Pair]:
    """Yield pairs without end.

    Args:
        seed: the same seed gives the same pairs, in the same order.
        longest: the most tokens that either side may have; beyond 20, every other pair is one of
            the long sentences.
        distinct: yield no sentence twice, in either language. This keeps the hashes of all that
            was yielded in memory; without it, memory does not grow.
    """
    rng = Random(seed)
    seen: set[bytes] = set()
    for count in itertools.count():
        make = a_long_sentence if longest > LONGEST_ORDINARY and count % 2 else a_sentence
        pair = sentence_pair(make(rng))
        if not 3 <= pair.length <= longest:
            continue
        if distinct:
            both_sides = {_digest(pair.english), _digest(pair.french)}
            if seen & both_sides:
                continue
            seen |= both_sides
        yield pair


def _digest(text: str) -> bytes:
    return hashlib.blake2b(text.encode(), digest_size=8).digest()
