"""A finished pair: printed sentences, their alignment, their tags."""

from collections import defaultdict
from dataclasses import dataclass, replace

from attnlab.data.tokenise import tokenise_english, tokenise_french
from attnlab.grammar.lexicon import Noun
from attnlab.grammar.realise import (
    capitalised,
    english_text,
    english_words,
    french_text,
    french_words,
)
from attnlab.grammar.words import Both, Mark, Word


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
        focus: the French word that a sentence of fewshot asks for; otherwise empty.
    """

    english: str
    french: str
    links: tuple[tuple[int, int], ...]
    tags: tuple[str, ...]
    combinations: tuple[str, ...]
    length: int
    wrong: str = ""
    focus: str = ""

    def tagged(self, tag: str) -> "Pair":
        """Return the pair with one more tag."""
        return replace(self, tags=tuple(sorted({*self.tags, tag})))

    def asking_for(self, noun: Noun) -> "Pair":
        """Return the pair with the French form of `noun` that it holds as its focus."""
        forms = (noun.french, noun.french_plural)
        (form,) = [token for token in tokenise_french(self.french) if token.lower() in forms]
        return replace(self, focus=form)

    def line(self) -> str:
        """Return the line of the TSV file, without its end."""
        links = " ".join(f"{source}-{target}" for source, target in self.links)
        columns = (self.english, self.french, links, ",".join(self.tags), self.wrong, self.focus)
        return "\t".join(columns).rstrip("\t")


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
