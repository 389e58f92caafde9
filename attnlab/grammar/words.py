"""Words of one language, marks that align them with the other, and their spelling side by side.

A rule that writes an English word and a French word for the same thing gives both the same mark.
Whatever moves, merges or changes its form later, the marks stay with the word, so that two words
are aligned when they share a mark.
"""

from collections import defaultdict
from dataclasses import dataclass, replace
from functools import cache

from attnlab.data.words import tokenise_english, tokenise_french
from attnlab.grammar.inflection import begins_with_vowel
from attnlab.grammar.lexicon import Noun

# Only the identity of a mark matters, so any fresh object will do.
Mark = object


@dataclass(eq=False, kw_only=True, slots=True)
class Word:
    """A token of one language; never changed, only replaced (frozen would be twice as slow).

    `marks` align it with the other language. `tags` are the phenomena that it shows, and
    combinations written with a plus sign. `before_vowel`: the French form before a vowel, where
    that is not plain elision. `rival`: the same word in the wrong agreement, where agreement had
    a choice. `clitic` words neither contract nor count as articles.
    """

    text: str
    marks: frozenset[Mark] = frozenset()
    tags: frozenset[str] = frozenset()
    before_vowel: str | None = None
    rival: str | None = None
    clitic: bool = False

    def tagged(self, *tags: str) -> "Word":
        """The same word with more tags."""
        return replace(self, tags=self.tags | set(tags))

    def merged_into(self, other: "Word", text: str) -> "Word":
        """One word that stands for this one and the `other` that follows it."""
        return replace(
            other,
            text=text,
            marks=self.marks | other.marks,
            tags=self.tags | other.tags,
            rival=None,
        )


def word(text: str, *marks: Mark, tags: str = "") -> Word:
    """One word; `tags` are separated by spaces."""
    return Word(text=text, marks=frozenset(marks), tags=_tags(tags))


@cache
def _tags(text: str) -> frozenset[str]:
    return frozenset(text.split())


def words(text: str, *marks: Mark, tags: str = "") -> list[Word]:
    """The words of a text separated by spaces, every one carrying all the marks."""
    return [word(part, *marks, tags=tags) for part in text.split()]


@dataclass(kw_only=True)
class Both:
    """The same phrase in the two languages, word order and all."""

    english: list[Word]
    french: list[Word]

    def __add__(self, other: "Both") -> "Both":
        return Both(english=self.english + other.english, french=self.french + other.french)

    def tagged(self, *tags: str) -> "Both":
        """The phrase with tags on its first French word."""
        return Both(english=self.english, french=[self.french[0].tagged(*tags), *self.french[1:]])


NOTHING = Both(english=[], french=[])


def both(english: str, french: str, tags: str = "") -> Both:
    """A phrase all of whose English words are linked with all of its French words."""
    mark = Mark()
    return Both(english=words(english, mark), french=words(french, mark, tags=tags))


def tied(english: str, french: str, tags: str = "") -> Both:
    """A phrase from its two spellings, in which `~` ties words: "last~1", "dernière~1".

    Where no word is tied, every English word is linked with every French word.
    """
    if "~" not in english:
        return both(english, french, tags)
    marks: defaultdict[str, Mark] = defaultdict(Mark)

    def side(text: str, tags: str) -> list[Word]:
        cells = (part.partition("~") for part in text.split())
        return [word(form, *([marks[tie]] if tie else []), tags=tags) for form, _, tie in cells]

    return Both(english=side(english, ""), french=side(french, tags))


NARROW_SPACE = "\u202f"
ELIDING = ("le", "la", "je", "me", "te", "se", "ne", "de", "que", "jusque", "lorsque", "puisque")
ENGLISH_MERGERS = {("a", "other"): "another", ("can", "not"): "cannot"}
CONTRACTIONS = {("de", "le"): "du", ("de", "les"): "des", ("à", "le"): "au", ("à", "les"): "aux"}


def french_words(sentence: list[Word]) -> list[Word]:
    """The words as they are spelt next to each other: l'ami, un bel arbre, du pain."""
    return _contract(_before_vowels(sentence))


def _before_vowels(sentence: list[Word]) -> list[Word]:
    following = [*(current.text for current in sentence[1:]), "."]
    return [_next_to(current, text) for current, text in zip(sentence, following, strict=True)]


def _next_to(current: Word, following: str) -> Word:
    if current.text == "si" and following in ("il", "ils"):
        return replace(current, text="s'")
    if not following[0].isalpha() or not begins_with_vowel(following):
        return current
    if current.before_vowel:
        return replace(current, text=current.before_vowel, rival=None)
    if current.text.lower() in ELIDING:
        return replace(current, text=current.text[:-1] + "'", rival=None)
    return current


def _contract(sentence: list[Word]) -> list[Word]:
    result: list[Word] = []
    for current in sentence:
        previous = result[-1] if result else None
        if previous and not current.clitic:
            contracted = CONTRACTIONS.get((previous.text, current.text))
            # "de de" is one "de": parler de + de beaux livres.
            if previous.text == "de" and current.text in ("de", "d'"):
                contracted = current.text
            if contracted:
                result[-1] = previous.merged_into(current, contracted)
                continue
        result.append(current)
    return result


def english_words(sentence: list[Word]) -> list[Word]:
    """The words with "an" for "a" before a vowel sound, "another" and "cannot" for two."""
    result: list[Word] = []
    for current in sentence:
        previous = result[-1].text if result else ""
        if (previous, current.text) in ENGLISH_MERGERS:
            result[-1] = result[-1].merged_into(current, ENGLISH_MERGERS[previous, current.text])
            continue
        if previous == "a" and _vowel_sound(current.text):
            result[-1] = replace(result[-1], text="an")
        result.append(current)
    return result


def _vowel_sound(text: str) -> bool:
    lowered = text.lower()
    if lowered.startswith(("hour", "honest", "eight")):
        return True
    return lowered[0] in "aeiou" and not lowered.startswith(("uni", "use", "euro", "one"))


def capitalised(sentence: list[Word]) -> list[Word]:
    """The sentence with a capital on its first letter, behind an opening quote if any."""
    for index, current in enumerate(sentence):
        if current.text[0].isalnum():
            first = replace(current, text=current.text[0].upper() + current.text[1:])
            return [*sentence[:index], first, *sentence[index + 1 :]]
    return sentence


def english_text(sentence: list[Word]) -> str:
    """The English sentence as it is printed."""
    text = ""
    opened = False
    for current in sentence:
        glued = current.text in (".", ",", "?", "!", ":", ";", "'s") or not text
        if current.text == '"':
            glued, opened = opened or not text, not opened
        elif text.endswith('"') and opened:
            glued = True
        text += current.text if glued else " " + current.text
    return text


def french_text(sentence: list[Word]) -> str:
    """The French sentence as it is printed, with narrow spaces before ! ? ; : and in « »."""
    text = ""
    for current in sentence:
        if not text or text.endswith("'") or current.text[0] in ".,-":
            gap = ""
        elif current.text in ("?", "!", ";", ":", "»") or text.endswith("«"):
            gap = NARROW_SPACE
        else:
            gap = " "
        text += gap + current.text
    return text


@dataclass(frozen=True, kw_only=True)
class Pair:
    """A line of the corpus: two printed sentences, aligned and tagged.

    `links`: pairs of (English token, French token), counted from 0, sorted. `combinations`:
    adjective+noun, clitic+verb and negation+tense, sorted. `length`: tokens of the longer side.
    `wrong`: the French sentence with one wrong form, of minimal pairs. `focus`: the French word
    that a sentence of fewshot asks for.
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
        """The pair with one more tag."""
        return replace(self, tags=tuple(sorted({*self.tags, tag})))

    def asking_for(self, noun: Noun) -> "Pair":
        """The pair with the French form of `noun` that it holds as its focus."""
        forms = (noun.french, noun.french_plural)
        (form,) = [token for token in tokenise_french(self.french) if token.lower() in forms]
        return replace(self, focus=form)

    def line(self) -> str:
        """The line of the TSV file, without its end."""
        links = " ".join(f"{source}-{target}" for source, target in self.links)
        columns = (self.english, self.french, links, ",".join(self.tags), self.wrong, self.focus)
        return "\t".join(columns).rstrip("\t")


def sentence_pair(phrase: Both) -> Pair:
    """The printed pair of a sentence.

    Raises:
        ValueError: the printed text does not tokenise into the words that the rules wrote, so
            that the alignment would be wrong.
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
    tags = sorted(set().union(*(part.tags for part in english + french)))
    return Pair(
        english=english_line,
        french=french_line,
        links=_links(english, french),
        tags=tuple(note for note in tags if "+" not in note),
        combinations=tuple(note for note in tags if "+" in note),
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
