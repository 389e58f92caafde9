"""Noun phrases, pronouns and comparisons, written in both languages side by side."""

from dataclasses import dataclass, field, replace

from attnlab.grammar.inflection import agreeing, irregular
from attnlab.grammar.lexicon import (
    ARTICLES,
    NUMBERS,
    POSSESSIVES,
    QUANTITIES,
    Adjective,
    Noun,
    Pronoun,
)
from attnlab.grammar.words import NOTHING, Both, Mark, Word, both, tied, word, words


@dataclass(kw_only=True)
class Nominal:
    """A noun phrase or a pronoun, and what the rest of the sentence must agree with.

    Of two that are joined, `second_at` is where the second begins in French; otherwise 0.
    """

    english: list[Word]
    french: list[Word]
    gender: str
    plural: bool
    person: int = 3
    pronoun: Pronoun | None = None
    noun: Noun | None = None
    mark: Mark = field(default_factory=Mark)
    negative: bool = False
    english_plural: bool | None = None
    second_at: int = 0

    @property
    def plural_in_english(self) -> bool:
        """The number that an English verb agrees with, where the languages differ."""
        return self.plural if self.english_plural is None else self.english_plural

    def followed_by(self, more: Both) -> "Nominal":
        """The same phrase with something after it: a relative clause, an owner."""
        return replace(self, english=self.english + more.english, french=self.french + more.french)

    @property
    def both(self) -> Both:
        """The phrase as it stands."""
        return Both(english=self.english, french=self.french)


def pronoun_phrase(pronoun: Pronoun) -> Nominal:
    """A pronoun; as an object, the clause asks `pronoun` for its other cases."""
    phrase = unit(pronoun.english, pronoun.french, pronoun.gender)
    return replace(phrase, plural=pronoun.plural, person=pronoun.person, pronoun=pronoun)


def negative_phrase(english: str, french: str) -> Nominal:
    """Nobody or nothing; the clause adds ne."""
    return replace(unit(english, french), negative=True)


def name_phrase(name: str, gender: str) -> Nominal:
    """A proper name, the same in both languages."""
    return unit(name, name, gender)


def unit(english: str, french: str, gender: str = "m", tags: str = "") -> Nominal:
    """A singular phrase of one word in each language."""
    mark = Mark()
    return Nominal(
        english=[word(english, mark)],
        french=[word(french, mark, tags=tags)],
        gender=gender,
        plural=False,
        mark=mark,
    )


def stressed(phrase: Nominal) -> Both:
    """The form after a preposition: with him, avec lui."""
    if phrase.pronoun is None:
        return phrase.both
    return Both(
        english=[word(phrase.pronoun.english_object, phrase.mark)],
        french=[word(phrase.pronoun.tonic, phrase.mark)],
    )


def noun_phrase(
    noun: Noun, plural: bool, determiner: str, adjectives: tuple[Adjective, ...] = ()
) -> Nominal:
    """Determiner, adjectives in their English order, and noun.

    `determiner` is "the", "a", "some", "any" (after a negation), "generic" (all of them), "this",
    "every", "many", "several", an English possessive, or a number in digits.
    """
    mark = Mark()
    before, after, english = NOTHING, NOTHING, list[Word]()
    for adjective in adjectives:
        described = _adjective(adjective, noun.gender, plural)
        english += described.english
        if adjective.before:
            before = before + described
        else:
            after = described + after  # of several that follow, the last English one comes first
    combinations = [f"{adjective.english}+{noun.english}" for adjective in adjectives]
    head = determiner_words(determiner, noun.gender, plural, bool(before.french), mark)
    french_noun = words(noun.french_plural if plural else noun.french, mark)
    french_noun[0] = french_noun[0].tagged(*combinations)
    return Nominal(
        # the + big red + car; la + grande + voiture + rouge
        english=[*head.english, *english, *_english_noun(noun, plural, mark)],
        french=[*head.french, *before.french, *french_noun, *after.french],
        gender=noun.gender,
        plural=plural,
        noun=noun,
        mark=mark,
    )


def _english_noun(noun: Noun, plural: bool, mark: Mark) -> list[Word]:
    return words(noun.english_plural if plural else noun.english, mark)


def _adjective(adjective: Adjective, gender: str, plural: bool) -> Both:
    mark = Mark()
    form = agreeing(adjective.french, gender, plural)
    short = irregular("before_vowel").get(form) if adjective.before and not plural else None
    french = words(form, mark, tags="adjective")
    french[0] = replace(french[0], before_vowel=short)
    return Both(english=[word(adjective.english, mark)], french=french)


def determiner_words(
    determiner: str, gender: str, plural: bool, adjective_first: bool, noun_mark: Mark
) -> Both:
    """The determiner; a French article that English lacks is linked with the noun."""
    column = 2 if plural else "mf".index(gender)
    mark = Mark()
    if determiner in ARTICLES or determiner in POSSESSIVES:
        possessive = determiner in POSSESSIVES
        forms = (POSSESSIVES if possessive else ARTICLES)[determiner]
        short = None
        if possessive and column == 1 and forms[1] != forms[0]:
            short = forms[0]
        elif forms[column] == "ce":
            short = "cet"
        french = word(forms[column], mark, tags="possessive" if possessive else "")
        english = "these" if determiner == "this" and plural else determiner
        return Both(english=[word(english, mark)], french=[replace(french, before_vowel=short)])
    if determiner == "generic":
        return Both(english=[], french=[word(ARTICLES["the"][column], noun_mark)])
    if determiner in QUANTITIES:
        english, quantity, _ = QUANTITIES[determiner]
        return tied(english, quantity, tags="quantity")
    if determiner.isdigit():
        return number_words(int(determiner))
    if determiner == "a" and plural:
        raise ValueError("'a' has no plural; ask for 'some'")
    fixed = {
        "any": ("any", "de"),
        "not a": ("a", "de"),
        "a": ("a", "un" if column == 0 else "une"),
        # The plural is "des" (printed so), but "de" before an adjective: de beaux livres.
        "some": ("some", ("de le", "de la", "de" if adjective_first else "des")[column]),
        "several": ("several", "plusieurs"),
    }
    return both(*fixed[determiner]) if determiner in fixed else NOTHING


def number_words(number: int) -> Both:
    """A number: in letters where the lexicon has it, otherwise in figures."""
    english, french = NUMBERS.get(number, (str(number), str(number)))
    return both(english, french, tags="number")


def owned(thing: Nominal, owner: Nominal) -> Nominal:
    """Anna's book, le livre d'Anna; `thing` comes without an English determiner."""
    mark = Mark()
    return replace(
        thing,
        english=[*owner.english, word("'s", mark), *thing.english],
        french=[*thing.french, word("de", mark, tags="possessive"), *owner.french],
    )


def joined(first: Nominal, second: Nominal) -> Nominal:
    """Two phrases joined by "and"; masculine unless both are feminine."""
    phrase = first.both + both("and", "et", tags="coordination") + second.both
    feminine = first.gender == second.gender == "f"
    return Nominal(
        english=phrase.english,
        french=phrase.french,
        gender="f" if feminine else "m",
        plural=True,
        second_at=len(first.french) + 1,
    )


def governed(preposition: str, phrase: Nominal, *marks: Mark) -> list[Word]:
    """The French phrase behind à or de, which stands again before the second of two."""
    french, middle = stressed(phrase).french, phrase.second_at
    parts = [french[:middle], french[middle:]] if middle else [french]
    return [each for part in parts for each in (word(preposition, *marks), *part)]


# English comparative and superlative of the adjectives that do not take more and most.
ENGLISH_DEGREES = {
    "good": ("better", "best"), "bad": ("worse", "worst"), "big": ("bigger", "biggest"),
    "sad": ("sadder", "saddest"), "hot": ("hotter", "hottest"),
}  # fmt: skip
SHORT = ("small", "young", "old", "new", "long", "cheap", "clean", "cold", "sweet", "fresh",
         "ripe", "rich", "poor", "kind", "brave", "proud", "quiet", "strange", "tall", "short",
         "strong", "weak", "polite", "light", "wide", "fast", "slow")  # fmt: skip
# French comparative words that swallow plus.
FRENCH_DEGREES = {"bon": "meilleur", "mauvais": "pire"}


def english_degrees(adjective: str) -> tuple[str, str]:
    """The comparative and the superlative, the long ones with more and most."""
    if adjective in ENGLISH_DEGREES:
        return ENGLISH_DEGREES[adjective]
    if adjective in SHORT:
        stem = adjective.removesuffix("e")
        return stem + "er", stem + "est"
    if adjective.endswith("y"):
        return adjective[:-1] + "ier", adjective[:-1] + "iest"
    return f"more {adjective}", f"most {adjective}"


def compared(adjective: Adjective, subject: Nominal, other: Nominal, degree: str) -> Both:
    """The comparison of `subject` with `other` after "to be", by "more", "less" or "as"."""
    than = both("as" if degree == "as" else "than", "que", tags="comparison")
    mark = Mark()
    if degree == "more":
        more = _more(adjective, subject.gender, subject.plural, 0, mark)
    else:
        form = agreeing(adjective.french, subject.gender, subject.plural)
        more = both(degree, {"as": "aussi", "less": "moins"}[degree]) + Both(
            english=[word(adjective.english, mark)], french=words(form, mark, tags="attribute")
        )
    return more + than + stressed(other)


def _more(adjective: Adjective, gender: str, plural: bool, column: int, mark: Mark) -> Both:
    """The comparative: "bigger", plus grand; "more useful", plus utile; "better", meilleur."""
    english = english_degrees(adjective.english)[column].split()
    more = Mark() if len(english) == 2 else mark
    irregular = FRENCH_DEGREES.get(adjective.french)
    form = agreeing(irregular or adjective.french, gender, plural)
    marks = (mark, more) if irregular else (mark,)
    return Both(
        english=[word(english[0], more), *(word(part, mark) for part in english[1:])],
        french=[
            *([] if irregular else [word("plus", more)]),
            *words(form, *marks, tags="attribute comparison"),
        ],
    )


def superlative_phrase(noun: Noun, plural: bool, adjective: Adjective) -> Nominal:
    """The biggest house, la plus grande maison; the dearest car, la voiture la plus chère."""
    article = ARTICLES["the"][2 if plural else "mf".index(noun.gender)]
    the, mark, noun_mark = Mark(), Mark(), Mark()
    most = _more(adjective, noun.gender, plural, 1, mark)
    french = most.french
    french[-1] = french[-1].tagged("superlative", f"{adjective.english}+{noun.english}")
    french_noun = words(noun.french_plural if plural else noun.french, noun_mark)
    if adjective.before:
        french_side = [word(article, the), *french, *french_noun]
    else:
        # The second article belongs to the adjective.
        french_side = [word(article, the), *french_noun, word(article, mark), *french]
    return Nominal(
        english=[word("the", the), *most.english, *_english_noun(noun, plural, noun_mark)],
        french=french_side,
        gender=noun.gender,
        plural=plural,
        noun=noun,
        mark=noun_mark,
    )
