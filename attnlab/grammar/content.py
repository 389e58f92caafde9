"""Noun phrases and adjectives, drawn so that they suit a class of things."""

from dataclasses import replace
from random import Random

from attnlab.grammar import lexicon
from attnlab.grammar.inflection import agreeing
from attnlab.grammar.lexicon import Adjective, Classes, Noun, Pronoun, adjectives_for, nouns_of
from attnlab.grammar.nominal import (
    Nominal,
    joined,
    name_phrase,
    noun_phrase,
    owned,
    pronoun_phrase,
    superlative_phrase,
)
from attnlab.grammar.words import Both, Mark, both, word, words

# As often as each is said.
SUBJECT_PRONOUNS = (
    *[lexicon.HE, lexicon.SHE] * 5,
    *[lexicon.SPEAKER, lexicon.THEY] * 4,
    *[lexicon.FRIEND, lexicon.WE] * 3,
)
DETERMINERS_SINGULAR = {"the": 40, "a": 28, "this": 8, "own": 14, "any owner": 4, "'s": 6}
DETERMINERS_PLURAL = {"the": 36, "some": 14, "these": 6, "own": 13, "many": 5, "several": 5,
                      "number": 12, "'s": 5}  # fmt: skip
DETERMINERS_MASS = {"the": 36, "some": 46, "this": 8, "own": 10}
DETERMINERS_PERSON = {"the": 60, "a": 25, "this": 15}
DETERMINERS_PEOPLE = {"the": 60, "some": 10, "these": 10, "several": 6, "number": 14}
DETERMINERS_RELATION = {"own": 70, "any owner": 18, "'s": 12}


def chosen(rng: Random, weights: dict[str, int]) -> str:
    """A key, drawn with the weights."""
    return rng.choices(list(weights), list(weights.values()))[0]


def chance(rng: Random, probability: float) -> bool:
    """True with a probability."""
    return rng.random() < probability


def a_name(rng: Random) -> Nominal:
    """Somebody's name."""
    if chance(rng, 0.5):
        return name_phrase(rng.choice(lexicon.WOMEN), "f")
    return name_phrase(rng.choice(lexicon.MEN), "m")


def a_person(rng: Random, classes: Classes = "person", pronouns: bool = True) -> Nominal:
    """Somebody as a subject: a pronoun, a name, a noun phrase or two joined."""
    draw = rng.random()
    if pronouns and draw < 0.42:
        return pronoun_phrase(rng.choice(SUBJECT_PRONOUNS))
    if draw < 0.64:
        return a_name(rng)
    if draw < 0.70:
        first, second = a_name(rng), a_name(rng)
        if first.english[0].text != second.english[0].text:
            return joined(first, second)
    if draw < 0.73:
        first, second = (
            described(rng, rng.choice(nouns_of(classes)), 0.1, subject=True) for _ in range(2)
        )
        if first.noun is not second.noun:
            return joined(first, second)
    return described(rng, rng.choice(nouns_of(classes)), 0.3, subject=True)


def described(
    rng: Random,
    noun: Noun,
    adjective: float = 0.3,
    *,
    owner: Nominal | None = None,
    negated: bool = False,
    subject: bool = False,
    plain: bool = False,
    determiner: str = "",
    plural: bool | None = None,
) -> Nominal:
    """A noun with a determiner and, with the probability `adjective`, adjectives.

    `owner` is the subject of the clause, whose thing this may be. As a `subject` the phrase is
    mostly definite; `plain` allows "the" and possessives only; `negated` turns "a" and "some" into
    French "de". `determiner` and `plural` may be chosen already.
    """
    if plural is None:
        countable = not noun.mass and "unique" not in noun.classes
        plural = countable and (determiner == "generic" or chance(rng, 0.3))
    determiner = determiner or _determiner(rng, noun, plural, subject, plain)
    if "wild" in noun.classes and determiner in ("own", "any owner", "'s"):
        determiner = "the"
    adjectives = _adjectives(rng, noun, adjective)
    if determiner == "'s":
        thing = noun_phrase(noun, plural, "generic", adjectives)
        if chance(rng, 0.6) or noun.human:
            return owned(thing, a_name(rng))
        holder = rng.choice(nouns_of("relation|worker|learner"))
        return owned(thing, described(rng, holder, 0.0, plain=True, plural=False))
    if determiner in ("own", "any owner"):
        ladies = "ladies" in noun.classes and owner is not None and owner.gender == "m"
        if determiner == "own" and owner is not None and not ladies:
            determiner = possessive_of(owner)
        else:
            determiner = rng.choice(("my", "your", "his", "her", "our", "their"))
    if determiner == "number":
        # No sentence begins with figures.
        large = rng.choice((20, 30)) if subject else rng.randint(13, 99)
        determiner = str(rng.choice((*range(2, 13), 2, 3, 4, large)))
    if determiner == "these":
        determiner = "this"
    if negated and determiner in ("a", "some", "several"):
        determiner = "not a" if determiner == "a" else "any"
    return noun_phrase(noun, plural, determiner, adjectives)


def _determiner(rng: Random, noun: Noun, plural: bool, subject: bool, plain: bool) -> str:
    if "unique" in noun.classes:
        if not noun.human:
            return "the"
        return "own" if not subject or chance(rng, 0.8) else "'s"
    if plain:
        if "relation" in noun.classes:
            return "own"
        return "the" if noun.human or chance(rng, 0.7) else "own"
    if noun.mass:
        weights = DETERMINERS_MASS
    elif noun.human and "relation" not in noun.classes:
        weights = DETERMINERS_PEOPLE if plural else DETERMINERS_PERSON
    elif "relation" in noun.classes:
        weights = DETERMINERS_RELATION
    elif plural:
        weights = DETERMINERS_PLURAL
    else:
        weights = DETERMINERS_SINGULAR
    determiner = chosen(rng, weights)
    if subject and determiner in ("a", "some", "many", "several") and chance(rng, 0.8):
        return "the"
    return determiner


def possessive_of(owner: Nominal) -> str:
    """The English possessive that refers to a subject."""
    if owner.pronoun is not None:
        return owner.pronoun.english_possessive
    if owner.plural:
        return "their"
    return "her" if owner.gender == "f" else "his"


def _adjectives(rng: Random, noun: Noun, probability: float) -> tuple[Adjective, ...]:
    options = adjectives_for(noun.classes)
    if "unique" in noun.classes:
        options = tuple(adjective for adjective in options if adjective.english != "other")
    if not options or not chance(rng, probability):
        return ()
    first = rng.choice(options)
    if chance(rng, 0.12):
        second = rng.choice(options)
        # One before and one after the French noun: une belle voiture rouge.
        if first.before and "colour" in second.classes:
            return (first, second)
    return (first,)


def a_thing(
    rng: Random,
    classes: frozenset[str],
    owner: Nominal | None = None,
    negated: bool = False,
    determiner: str = "",
) -> Nominal:
    """A noun phrase whose noun is in one of the classes."""
    noun = rng.choice(nouns_of(classes))
    if not determiner and not negated and chance(rng, 0.12):
        measured = a_quantity(rng, noun)
        if measured is not None:
            return measured
        if "unique" not in noun.classes and not noun.human and chance(rng, 0.4):
            return superlative(rng, noun)
    return described(rng, noun, 0.28, owner=owner, negated=negated, determiner=determiner)


def a_quantity(rng: Random, noun: Noun) -> Nominal | None:
    """Too many books, a glass of water; None for what is not measured so."""
    kind = "mass" if noun.mass else "plural"
    suited = (noun.classes - {"mass"}) | {kind}
    options = [name for name, (_, _, measured) in lexicon.QUANTITIES.items() if suited & measured]
    if not options or not noun.classes & {"food", "drink", "thing", "text"}:
        return None
    return noun_phrase(noun, not noun.mass, rng.choice(options))


def superlative(rng: Random, noun: Noun, plural: bool | None = None) -> Nominal:
    """The biggest house; without any adjective that has degrees, the house."""
    options = gradable_for(noun.classes)
    if not options:
        return described(rng, noun, 0.0, plural=plural)
    many = chance(rng, 0.2) if plural is None else plural
    return superlative_phrase(noun, many, rng.choice(options))


def gradable_for(classes: frozenset[str]) -> list[Adjective]:
    """The adjectives for such a thing that have degrees."""
    return [each for each in adjectives_for(classes, alone=True) if each.gradable]


def someone_as_object(rng: Random, classes: Classes, owner: Nominal | None) -> Nominal:
    """A person as an object: a pronoun that is not the subject's own, a name or a noun."""
    if chance(rng, 0.4):
        # Not "I see me", "I see us".
        own = owner.person if owner is not None and owner.pronoun is not None else 3
        options = [each for each in SUBJECT_PRONOUNS if own == 3 or each.person != own]
        return pronoun_phrase(rng.choice(options))
    if chance(rng, 0.4):
        return a_name(rng)
    return described(rng, rng.choice(nouns_of(classes)), 0.2, owner=owner)


def pronoun_for(phrase: Nominal, as_person: bool) -> Pronoun:
    """The pronoun that stands for a phrase: it for a thing, he or she for a person."""
    if phrase.plural:
        return lexicon.THEY_FEMININE if phrase.gender == "f" else lexicon.THEY
    if as_person:
        return lexicon.SHE if phrase.gender == "f" else lexicon.HE
    return lexicon.IT_FEMININE if phrase.gender == "f" else lexicon.IT_MASCULINE


def as_pronoun(phrase: Nominal, as_person: bool = True) -> Nominal:
    """The phrase once more, as a pronoun."""
    return pronoun_phrase(phrase.pronoun or pronoun_for(phrase, as_person))


def attribute(
    rng: Random, subject: Nominal, classes: frozenset[str], among: tuple[str, ...] = ()
) -> Both:
    """An adjective after "to be" that suits `classes` and agrees with `subject`, maybe "very".

    `among` are the English adjectives to choose from; empty for all.
    """
    options = adjectives_for(classes, alone=True)
    adjective = rng.choice([a for a in options if not among or a.english in among])
    mark = Mark()
    form = agreeing(adjective.french, subject.gender, subject.plural)
    french = words(form, mark, tags="attribute")
    rival = agreeing(adjective.french, "m" if subject.gender == "f" else "f", subject.plural)
    if rival != form:
        french = [replace(french[0], rival=rival)]
    phrase = Both(english=[word(adjective.english, mark)], french=french)
    if chance(rng, 0.25) and adjective.gradable:
        return both(*rng.choice((("very", "très"), ("too", "trop"), ("so", "si")))) + phrase
    return phrase
