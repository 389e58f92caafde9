"""Whole sentences of every kind, and how often each comes."""

from collections.abc import Callable
from dataclasses import replace
from random import Random

from attnlab.grammar import closed_classes as closed
from attnlab.grammar import idioms, joined, linking, pointing, questions
from attnlab.grammar.clause import Clause
from attnlab.grammar.complements import HUMAN, place_of
from attnlab.grammar.content import attribute, chance, chosen, superlative
from attnlab.grammar.lexicon import adjectives_for, nouns_of
from attnlab.grammar.lists import a_list
from attnlab.grammar.nominal import Nominal
from attnlab.grammar.predicates import BE, a_clause, a_later_clause
from attnlab.grammar.realise import capitalised
from attnlab.grammar.relatives import (
    CONSUMING,
    person_with_who_clause,
    spot_with_where,
    thing_with_dont,
    thing_with_that_clause,
)
from attnlab.grammar.rendering import rendered
from attnlab.grammar.sense import sensibly
from attnlab.grammar.tenses import era_of
from attnlab.grammar.words import NOTHING, Both, Mark, both, word

Maker = Callable[[Random], Both]


def ended(phrase: Both, mark: str = ".") -> Both:
    """Return the phrase with its final punctuation."""
    return phrase + both(mark, mark)


def statement(rng: Random) -> Both:
    """Anna is reading a book in the garden."""
    return rendered(a_clause(rng))


TOLD_TENSES = ("past", "past", "past progressive", "progressive", "present", "future")


def subject_relative(rng: Random) -> Both:
    """The boy who broke the window is sleeping."""
    tense = rng.choice(TOLD_TENSES)
    whole = person_with_who_clause(rng, era_of(tense))
    while True:
        clause = a_later_clause(rng, subject=whole, spare=0.4, tense=tense)
        if era_of(clause.tense) == era_of(tense):
            return rendered(clause)


def object_with_relative(rng: Random) -> Both:
    """I know the boy who broke the window."""
    clause = a_clause(rng, frame=rng.choice(("object", "to")), spare=0.0)
    if clause.negation or not clause.verb.objects <= HUMAN or _unfinished(clause):
        return object_with_relative(rng)
    whole = person_with_who_clause(rng, era_of(clause.tense))
    if clause.verb.frame == "to":
        clause.indirect = whole
    else:
        clause.direct = whole
    clause.rest = NOTHING
    return rendered(clause)


def _unfinished(clause: Clause) -> bool:
    """Say whether, without its time, the clause would be a bare simple present."""
    return clause.tense == "present" and not clause.verb.state and not clause.adverb


def object_relative(rng: Random) -> Both:
    """The letter that Anna wrote is long."""
    if chance(rng, 0.6):
        return _described_so(rng, lambda rng, era: thing_with_that_clause(rng, era)[0])
    outer = a_clause(rng, frame="object", spare=0.0)
    whole, verb = thing_with_that_clause(rng, era_of(outer.tense))
    classes = whole.noun.classes if whole.noun else frozenset()
    shared = classes & (outer.verb.objects - HUMAN)
    if (
        outer.negation
        or _unfinished(outer)
        or not shared
        or outer.verb is verb
        or verb.english in CONSUMING
        or "generic" in outer.verb.flags
    ):
        return object_relative(rng)
    outer.direct = whole
    outer.rest = NOTHING
    return rendered(outer)


def _described_so(rng: Random, make: Callable[[Random, str], Nominal]) -> Both:
    """Return what a thing is like that a relative clause tells of, in a tense that fits it."""
    tense = rng.choice(("present", "state past"))
    whole = make(rng, era_of(tense))
    classes = whole.noun.classes if whole.noun else frozenset()
    if not adjectives_for(classes, alone=True):
        return _described_so(rng, make)
    clause = Clause(subject=whole, verb=BE, tense=tense)
    if chance(rng, 0.2):
        clause.negation = "not"
    clause.rest = attribute(rng, whole, classes)
    return rendered(clause)


def dont_or_where(rng: Random) -> Both:
    """The key that I need is small. The village where Anna lives is old."""
    return _described_so(rng, thing_with_dont if chance(rng, 0.55) else spot_with_where)


def topic_sentence(rng: Random) -> Both:
    """This letter? I sent it to them yesterday."""
    thing, comment = joined.topic(rng)
    answer = Both(english=capitalised(comment.english), french=capitalised(comment.french))
    return ended(thing, "?") + answer


TOWNS = ("village", "Paris", "London", "Rome", "Lyon")
BEST_OF = (
    ("building|spot", (*TOWNS, "France", "Italy", "Spain", "Germany", "Japan", "Canada")),
    ("building|spot", TOWNS),
    ("adult", (*TOWNS, "school", "hospital", "France")),
    ("plant", ("garden", "park", "village")),
)


def the_best(rng: Random) -> Both:
    """This is the oldest church in the village: c'est la plus vieille église du village."""
    mark = Mark()
    this = Nominal(
        english=[word("this", mark)],
        french=[replace(word("ce", mark), before_vowel="c'")],
        gender="m",
        plural=False,
    )
    kinds, places = rng.choice(BEST_OF)
    place = rng.choice([place for place in closed.PLACES if place.at[0].split()[-1] in places])
    options = [noun for noun in nouns_of(kinds) if "relation" not in noun.classes and
               noun.english not in ("village", "town", "island")]  # fmt: skip
    clause = Clause(subject=this, verb=BE, tense=rng.choice(("present", "state past")))
    clause.rest = superlative(rng, rng.choice(options), plural=False).both + place_of(place)
    return rendered(clause)


# How often a kind comes, its final punctuation, its rule.
KINDS: dict[str, tuple[int, str, Maker]] = {
    "statement": (380, ".", statement),
    "nobody": (8, ".", linking.nobody),
    "question": (60, "?", questions.yes_no_question),
    "question to a friend": (8, "?", questions.question_to_a_friend),
    "word question": (30, "?", questions.word_question),
    "thing question": (20, "?", questions.thing_question),
    "what question": (14, "?", questions.what_question),
    "who question": (8, "?", questions.who_question),
    "subject relative": (40, ".", subject_relative),
    "object with relative": (25, ".", object_with_relative),
    "object relative": (65, ".", object_relative),
    "dont or where": (20, ".", dont_or_where),
    "side by side": (30, ".", joined.side_by_side),
    "when": (20, ".", joined.when_it_happened),
    "mood": (25, ".", joined.because_of_mood),
    "sequence": (40, ".", joined.buy_and_eat),
    "because": (40, ".", joined.because_it_is),
    "topic": (30, ".", topic_sentence),
    "that": (25, ".", linking.that_sentence),
    "condition": (20, ".", linking.condition),
    "when it comes": (10, ".", linking.when_it_comes),
    "meanwhile": (10, ".", linking.meanwhile),
    "speech": (14, "", linking.speech),
    "command": (20, "!", linking.command),
    "age": (10, ".", idioms.age),
    "price": (8, ".", idioms.price),
    "weather": (10, ".", idioms.weather),
    "existence": (14, ".", idioms.existence),
    "life": (8, ".", idioms.life),
    "best": (22, ".", the_best),
    "called": (6, ".", idioms.called),
    "missing": (14, ".", idioms.missing),
    "pleasing": (14, ".", idioms.pleasing),
    "there": (24, ".", pointing.there),
    "of them": (20, ".", pointing.of_them),
    "about it": (10, ".", pointing.about_it),
    "duration": (8, ".", idioms.duration),
    "list": (50, ".", lambda rng: a_list(rng, 2, 5)),
}


def a_sentence(rng: Random) -> Both:
    """Return a sentence of any kind, with its final punctuation."""
    kind = chosen(rng, {kind: weight for kind, (weight, _, _) in KINDS.items()})
    return of_kind(kind, rng)


def of_kind(kind: str, rng: Random) -> Both:
    """Return a sentence of one kind, a key of KINDS."""
    _, mark, make = KINDS[kind]
    phrase = sensibly(make, rng)
    return ended(phrase, mark) if mark else phrase
