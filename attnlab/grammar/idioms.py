"""Idioms whose roles are crossed: I miss you, tu me manques; I like it, cela me plaît."""

from random import Random

from attnlab.grammar.clause import Clause
from attnlab.grammar.clause_english import english_clause
from attnlab.grammar.clause_french import french_clause
from attnlab.grammar.content import a_person, chance, described, someone_as_object
from attnlab.grammar.facts import STATE_TENSES, special_verb
from attnlab.grammar.lexicon import nouns_of
from attnlab.grammar.words import Both

MISS = special_verb("miss", "manquer", "state", frame="object")
LACK = special_verb("miss", "manquer", frame="to")
LIKE = special_verb("like", "aimer", "state", frame="object")
PLEASE = special_verb("like", "plaire", frame="to")
LIKED = "clothing|show|text|picture|music|spot|public|home|vehicle|furniture|decor"


def _crossed(english: Clause, french: Clause) -> Both:
    """Return the English of one clause with the French of the other."""
    return Both(english=english_clause(english), french=french_clause(french)).noted("idiom")


def missing(rng: Random) -> Both:
    """I miss you: tu me manques. Who is missed is the French subject."""
    sad = a_person(rng)
    missed = someone_as_object(rng, "relation", sad)
    tense = rng.choice(STATE_TENSES)
    english = Clause(subject=sad, verb=MISS, tense=tense, direct=missed)
    french = Clause(
        subject=missed,
        verb=LACK,
        tense=tense,
        indirect=sad,
        tense_mark=english.tense_mark,
        verb_mark=english.verb_mark,
    )
    return _crossed(english, french)


def pleasing(rng: Random) -> Both:
    """Anna likes this house: cette maison plaît à Anna. What is liked is the French subject."""
    person = a_person(rng)
    noun = rng.choice(nouns_of(LIKED))
    determiner = rng.choice(("the", "this", "this", "my", "your"))
    thing = described(rng, noun, 0.3, determiner=determiner)
    tense = rng.choice(STATE_TENSES)
    english = Clause(subject=person, verb=LIKE, tense=tense, direct=thing)
    french = Clause(
        subject=thing,
        verb=PLEASE,
        tense=tense,
        indirect=person,
        tense_mark=english.tense_mark,
        verb_mark=english.verb_mark,
        negation_mark=english.negation_mark,
    )
    if chance(rng, 0.2):
        english.negation = french.negation = "not"
    return _crossed(english, french)
