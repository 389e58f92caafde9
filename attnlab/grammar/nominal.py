"""Noun phrases and comparisons: determiner, adjectives, noun and what follows, in both languages.

Each rule writes the English phrase and the French phrase side by side. Which noun is described,
and how, is chosen in content.py.
"""

from dataclasses import dataclass, field, replace

from attnlab.grammar.inflection import BEFORE_VOWEL, agreeing
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
        """Return the same phrase with something after it: a relative clause, an owner."""
        return replace(self, english=self.english + more.english, french=self.french + more.french)

    @property
    def both(self) -> Both:
        """The phrase as it stands."""
        return Both(english=self.english, french=self.french)


def pronoun_phrase(pronoun: Pronoun) -> Nominal:
    """Return a pronoun; as an object, the clause asks `pronoun` for its other cases."""
    mark = Mark()
    return Nominal(
        english=[word(pronoun.english, mark)],
        french=[word(pronoun.french, mark)],
        gender=pronoun.gender,
        plural=pronoun.plural,
        person=pronoun.person,
        pronoun=pronoun,
        mark=mark,
    )


def negative_phrase(english: str, french: str) -> Nominal:
    """Return nobody or nothing; the clause adds ne."""
    mark = Mark()
    return Nominal(
        english=[word(english, mark)],
        french=[word(french, mark)],
        gender="m",
        plural=False,
        mark=mark,
        negative=True,
    )


def stressed(phrase: Nominal) -> Both:
    """Return the form after a preposition: with him, avec lui."""
    if phrase.pronoun is None:
        return phrase.both
    return Both(
        english=[word(phrase.pronoun.english_object, phrase.mark)],
        french=[word(phrase.pronoun.tonic, phrase.mark)],
    )


def name_phrase(name: str, gender: str) -> Nominal:
    """Return a proper name, the same in both languages."""
    mark = Mark()
    return Nominal(
        english=[word(name, mark)], french=[word(name, mark)], gender=gender, plural=False
    )


def noun_phrase(
    noun: Noun, plural: bool, determiner: str, adjectives: tuple[Adjective, ...] = ()
) -> Nominal:
    """Return determiner, adjectives and noun.

    Args:
        noun: the head.
        plural: its number.
        determiner: "the", "a", "some", "any" (after a negation), "generic" (all of them), "this",
            "every", "many", "several", an English possessive, or a number in digits.
        adjectives: in their English order.
    """
    mark = Mark()
    described = [_adjective(adjective, noun.gender, plural) for adjective in adjectives]
    before = [phrase for phrase, adjective in zip(described, adjectives, strict=True)
              if adjective.before]  # fmt: skip
    after = [phrase for phrase, adjective in zip(described, adjectives, strict=True)
             if not adjective.before]  # fmt: skip
    combinations = [f"{adjective.english}+{noun.english}" for adjective in adjectives]
    head = determiner_words(determiner, noun.gender, plural, bool(before), mark)
    noun_english = noun.english_plural if plural else noun.english
    noun_french = noun.french_plural if plural else noun.french
    french_noun = words(noun_french, mark)
    french_noun[0] = french_noun[0].tagged(*combinations)
    return Nominal(
        # the + big red + car
        english=[*head.english, *_spread(described, "english"), *words(noun_english, mark)],
        # la + grande + voiture + rouge; of several that follow, the last English one comes first
        french=[
            *head.french,
            *_spread(before, "french"),
            *french_noun,
            *_spread(after[::-1], "french"),
        ],
        gender=noun.gender,
        plural=plural,
        noun=noun,
        mark=mark,
    )


def _spread(phrases: list[Both], language: str) -> list[Word]:
    return [part for phrase in phrases for part in getattr(phrase, language)]


def _adjective(adjective: Adjective, gender: str, plural: bool) -> Both:
    mark = Mark()
    form = agreeing(adjective.french, gender, plural)
    short = BEFORE_VOWEL.get(form) if adjective.before and not plural else None
    french = words(form, mark, tags="adjective")
    french[0] = replace(french[0], before_vowel=short)
    return Both(english=[word(adjective.english, mark)], french=french)


def determiner_words(
    determiner: str, gender: str, plural: bool, adjective_first: bool, noun_mark: Mark
) -> Both:
    """Return the determiner; a French article that English lacks is linked with the noun."""
    column = 2 if plural else "mf".index(gender)
    mark = Mark()
    if determiner in ARTICLES:
        forms = ARTICLES[determiner]
        english = "these" if determiner == "this" and plural else determiner
        french = word(forms[column], mark)
        if determiner == "this":
            french = replace(french, before_vowel="cet" if forms[column] == "ce" else None)
        return Both(english=[word(english, mark)], french=[french])
    if determiner in POSSESSIVES:
        forms = POSSESSIVES[determiner]
        french = word(forms[column], mark, tags="possessive")
        if column == 1 and forms[1] != forms[0]:
            french = replace(french, before_vowel=forms[0])
        return Both(english=[word(determiner, mark)], french=[french])
    if determiner == "generic":
        return Both(english=[], french=[word(ARTICLES["the"][column], noun_mark)])
    if determiner == "any":
        return Both(english=[word("any", mark)], french=[word("de", mark)])
    if determiner == "a":
        if plural:
            raise ValueError("'a' has no plural; ask for 'some'")
        return Both(english=[word("a", mark)], french=[word("un" if column == 0 else "une", mark)])
    if determiner == "not a":
        return Both(english=[word("a", mark)], french=[word("de", mark)])
    if determiner == "some":
        french_article = _some(column, adjective_first)
        return Both(english=[word("some", mark)], french=words(french_article, mark))
    if determiner in QUANTITIES:
        english, french_quantity, _ = QUANTITIES[determiner]
        return tied(english, french_quantity, tags="quantity")
    if determiner == "several":
        return Both(english=[word("several", mark)], french=[word("plusieurs", mark)])
    if determiner.isdigit():
        return number_words(int(determiner))
    return NOTHING


def number_words(number: int) -> Both:
    """Return a number: in letters where the lexicon has it, otherwise in figures."""
    english, french = NUMBERS.get(number, (str(number), str(number)))
    return both(english, french, tags="number")


def _some(column: int, adjective_first: bool) -> str:
    # The plural is "des" (printed so), but "de" before an adjective: de beaux livres.
    if column == 2:
        return "de" if adjective_first else "des"
    return ("de le", "de la")[column]


def owned(thing: Nominal, owner: Nominal) -> Nominal:
    """Return "Anna's book", le livre d'Anna; `thing` comes without an English determiner."""
    mark = Mark()
    return replace(
        thing,
        english=[*owner.english, word("'s", mark), *thing.english],
        french=[*thing.french, word("de", mark, tags="possessive"), *owner.french],
    )


def joined(first: Nominal, second: Nominal, conjunction: str) -> Nominal:
    """Return two phrases joined by "and" or "or"; masculine unless both are feminine."""
    mark = Mark()
    french = {"and": "et", "or": "ou"}[conjunction]
    feminine = first.gender == second.gender == "f"
    return Nominal(
        english=[*first.english, word(conjunction, mark), *second.english],
        french=[*first.french, word(french, mark, tags="coordination"), *second.french],
        gender="f" if feminine else "m",
        plural=conjunction == "and" or second.plural,
        second_at=len(first.french) + 1,
    )


def governed(preposition: str, phrase: Nominal, *marks: Mark) -> list[Word]:
    """Return the French phrase behind à or de, which stands again before the second of two."""
    french = stressed(phrase).french
    if not phrase.second_at:
        return [word(preposition, *marks), *french]
    return [
        word(preposition, *marks),
        *french[: phrase.second_at],
        word(preposition, *marks),
        *french[phrase.second_at :],
    ]


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
    """Return the comparative and the superlative, the long ones with more and most."""
    if adjective in ENGLISH_DEGREES:
        return ENGLISH_DEGREES[adjective]
    if adjective in SHORT:
        stem = adjective.removesuffix("e")
        return stem + "er", stem + "est"
    if adjective.endswith("y"):
        return adjective[:-1] + "ier", adjective[:-1] + "iest"
    return f"more {adjective}", f"most {adjective}"


def compared(adjective: Adjective, subject: Nominal, other: Nominal, degree: str) -> Both:
    """Return what follows "to be" in a comparison; the adjective agrees with the subject.

    Args:
        adjective: what is compared.
        subject: the first of the two.
        other: the second.
        degree: "more", "less" or "as".
    """
    than = both("as" if degree == "as" else "than", "que", tags="comparison")
    return _degree(adjective, subject, degree) + than + stressed(other)


def _degree(adjective: Adjective, subject: Nominal, degree: str) -> Both:
    gender, plural = subject.gender, subject.plural
    form = words(agreeing(adjective.french, gender, plural), mark := Mark(), tags="attribute")
    if degree != "more":
        return both(degree, {"as": "aussi", "less": "moins"}[degree]) + Both(
            english=[word(adjective.english, mark)], french=form
        )
    english, french = _more(adjective, gender, plural, 0, mark)
    return Both(english=english, french=french)


def _more(
    adjective: Adjective, gender: str, plural: bool, column: int, mark: Mark
) -> tuple[list[Word], list[Word]]:
    """Return "bigger", plus grand; "more useful", plus utile; "better", meilleur."""
    english = english_degrees(adjective.english)[column].split()
    more = Mark() if len(english) == 2 else mark
    english_words = [word(english[0], more), *(word(part, mark) for part in english[1:])]
    if adjective.french in FRENCH_DEGREES:
        form = agreeing(FRENCH_DEGREES[adjective.french], gender, plural)
        return english_words, words(form, mark, more, tags="attribute comparison")
    form = agreeing(adjective.french, gender, plural)
    return english_words, [word("plus", more), *words(form, mark, tags="attribute comparison")]


def superlative_phrase(noun: Noun, plural: bool, adjective: Adjective) -> Nominal:
    """The biggest house, la plus grande maison; the dearest car, la voiture la plus chère."""
    article = ARTICLES["the"][2 if plural else "mf".index(noun.gender)]
    the, mark, noun_mark = Mark(), Mark(), Mark()
    english, french = _more(adjective, noun.gender, plural, 1, mark)
    french[-1] = french[-1].tagged("superlative")
    english_noun = words(noun.english_plural if plural else noun.english, noun_mark)
    french[-1] = french[-1].tagged(f"{adjective.english}+{noun.english}")
    french_noun = words(noun.french_plural if plural else noun.french, noun_mark)
    if adjective.before:
        french_side = [word(article, the), *french, *french_noun]
    else:
        # The second article belongs to the adjective.
        french_side = [word(article, the), *french_noun, word(article, mark), *french]
    return Nominal(
        english=[word("the", the), *english, *english_noun],
        french=french_side,
        gender=noun.gender,
        plural=plural,
        noun=noun,
        mark=noun_mark,
    )
