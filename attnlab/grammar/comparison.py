"""More, less and as much: bigger than, plus grand que; the biggest, le plus grand."""

from attnlab.grammar.closed_classes import ARTICLES
from attnlab.grammar.inflection import agreeing
from attnlab.grammar.lexicon import Adjective, Noun
from attnlab.grammar.nominal import Nominal, stressed
from attnlab.grammar.words import Both, Mark, Word, both, word, words

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
    than = both("as" if degree == "as" else "than", "que", notes="comparison")
    return _degree(adjective, subject, degree) + than + stressed(other)


def _degree(adjective: Adjective, subject: Nominal, degree: str) -> Both:
    gender, plural = subject.gender, subject.plural
    form = words(agreeing(adjective.french, gender, plural), mark := Mark(), notes="attribute")
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
        return english_words, words(form, mark, more, notes="attribute comparison")
    form = agreeing(adjective.french, gender, plural)
    return english_words, [word("plus", more), *words(form, mark, notes="attribute comparison")]


def superlative_phrase(noun: Noun, plural: bool, adjective: Adjective) -> Nominal:
    """The biggest house, la plus grande maison; the dearest car, la voiture la plus chère."""
    article = ARTICLES["the"][2 if plural else "mf".index(noun.gender)]
    the, mark, noun_mark = Mark(), Mark(), Mark()
    english, french = _more(adjective, noun.gender, plural, 1, mark)
    french[-1] = french[-1].noted("superlative")
    english_noun = words(noun.english_plural if plural else noun.english, noun_mark)
    french[-1] = french[-1].noted(f"{adjective.english}+{noun.english}")
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
