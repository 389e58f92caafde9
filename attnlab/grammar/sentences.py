"""Whole sentences of every kind, and how often each comes."""

from collections.abc import Callable
from random import Random

from . import facts, joined, linking, questions
from .clause import Clause
from .content import attribute, chance, chosen
from .lexicon_adjectives import adjectives_for
from .lists import a_list
from .nominal import Nominal
from .predicates import BE, HUMAN, a_clause, a_later_clause
from .realise import capitalised
from .relatives import (
    person_with_who_clause,
    spot_with_where,
    thing_with_dont,
    thing_with_that_clause,
)
from .words import NOTHING, Both, both

Maker = Callable[[Random], Both]


def ended(phrase: Both, mark: str = ".") -> Both:
    """Return the phrase with its final punctuation."""
    return phrase + both(mark, mark)


def statement(rng: Random) -> Both:
    """Anna is reading a book in the garden."""
    return a_clause(rng).words()


def subject_relative(rng: Random) -> Both:
    """The boy who broke the window is sleeping."""
    return a_later_clause(rng, subject=person_with_who_clause(rng), spare=0.4).words()


def object_with_relative(rng: Random) -> Both:
    """I know the boy who broke the window."""
    clause = a_clause(rng, frame=rng.choice(("object", "to")), spare=0.0)
    if clause.negation or not clause.verb.objects <= HUMAN or "person" not in clause.verb.subjects:
        return object_with_relative(rng)
    whole = person_with_who_clause(rng)
    if clause.verb.frame == "to":
        clause.indirect = whole
    else:
        clause.direct = whole
    clause.rest = NOTHING
    return clause.words()


def object_relative(rng: Random) -> Both:
    """The letter that Anna wrote is long."""
    whole, verb = thing_with_that_clause(rng)
    classes = whole.noun.classes if whole.noun else frozenset()
    if adjectives_for(classes, alone=True) and chance(rng, 0.6):
        return _described_so(rng, whole, classes)
    outer = a_clause(rng, frame="object", spare=0.0)
    shared = classes & (outer.verb.objects - HUMAN)
    if outer.negation or not shared or outer.verb is verb or "generic" in outer.verb.flags:
        return object_relative(rng)
    outer.direct = whole
    outer.rest = NOTHING
    return outer.words()


def _described_so(rng: Random, whole: Nominal, classes: frozenset[str]) -> Both:
    clause = Clause(subject=whole, verb=BE, tense=rng.choice(("present", "state past")))
    if chance(rng, 0.2):
        clause.negation = "not"
    clause.rest = attribute(rng, whole, classes)
    return clause.words()


def dont_or_where(rng: Random) -> Both:
    """The key that I need is small. The village where Anna lives is old."""
    whole = thing_with_dont(rng) if chance(rng, 0.55) else spot_with_where(rng)
    classes = whole.noun.classes if whole.noun else frozenset()
    if not adjectives_for(classes, alone=True):
        return dont_or_where(rng)
    return _described_so(rng, whole, classes)


def topic_sentence(rng: Random) -> Both:
    """This letter? I sent it to them yesterday."""
    thing, comment = joined.topic(rng)
    answer = Both(english=capitalised(comment.english), french=capitalised(comment.french))
    return ended(thing, "?") + answer


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
    "age": (10, ".", facts.age),
    "price": (8, ".", facts.price),
    "weather": (10, ".", facts.weather),
    "existence": (14, ".", facts.existence),
    "life": (8, ".", facts.life),
    "missing": (14, ".", facts.missing),
    "duration": (8, ".", facts.duration),
    "list": (50, ".", lambda rng: a_list(rng, 2, 5)),
}


def a_sentence(rng: Random) -> Both:
    """Return a sentence of any kind, with its final punctuation."""
    kind = chosen(rng, {kind: weight for kind, (weight, _, _) in KINDS.items()})
    return of_kind(kind, rng)


def of_kind(kind: str, rng: Random) -> Both:
    """Return a sentence of one kind, a key of KINDS."""
    _, mark, make = KINDS[kind]
    phrase = make(rng)
    return ended(phrase, mark) if mark else phrase
