"""Long sentences: clauses of many kinds, joined until there are enough words."""

from random import Random

from . import joined, linking
from .content import chance, chosen
from .lists import a_list
from .nominal import Nominal
from .predicates import a_later_clause
from .relatives import person_with_who_clause, thing_with_that_clause
from .words import NOTHING, Both, both

# What is told may have happened, be happening or be going to happen: one of them throughout.
# The tenses of each story, and the French tenses that would not fit into it.
STORIES = (
    (("past", "past", "past", "past progressive"), {"future", "present"}),
    (("progressive", "progressive", "present"), {"future", "conditional", "pluperfect"}),
    (("future",), {"imperfect", "conditional", "pluperfect"}),
)
Story = tuple[tuple[str, ...], set[str]]
POINTING = ("it", "they", "them")
PIECES = {"statement": 5, "that": 2, "relative": 3, "sequence": 1, "mood": 1, "list": 1}


def a_long_sentence(rng: Random, target: int = 0) -> Both:
    """Return one sentence of many clauses.

    Args:
        rng: the only source of chance.
        target: about how many tokens; any number from 21 to 60 for 0.
    """
    target = target or rng.randint(21, 60)
    story = rng.choice(STORIES)
    result = _piece(rng, story)
    while len(result.french) < target - 6:
        piece = _piece(rng, story)
        if not any(part.notes & story[1] for part in piece.french):
            result = result + _connection(rng) + piece
    return result + both(".", ".")


def _connection(rng: Random) -> Both:
    draw = rng.random()
    if draw < 0.15:
        return both(";", ";")
    comma = both(",", ",") if draw < 0.6 else NOTHING
    english, french = ("and", "et") if chance(rng, 0.65) else ("but", "mais")
    return comma + both(english, french, notes="coordination")


def _piece(rng: Random, story: Story) -> Both:
    kind = chosen(rng, PIECES)
    tense = rng.choice(story[0])
    if kind == "sequence":
        return _settled(joined.buy_and_eat, rng, later=slice(0, 2))
    if kind == "mood":
        return _settled(joined.because_of_mood, rng, later=slice(0, 2))
    if kind == "that":
        return _settled(linking.that_sentence, rng)
    if kind == "list":
        return a_list(rng)
    if kind == "statement":
        return _told(rng, tense, None)
    if chance(rng, 0.5):
        return _told(rng, tense, person_with_who_clause(rng))
    return _thing_seen(rng, tense)


def _told(rng: Random, tense: str, subject: Nominal | None) -> Both:
    """Return a statement in a tense, or in the one that its verb has instead."""
    while True:
        clause = a_later_clause(rng, tense=tense, spare=0.8, subject=subject, modals=False)
        if clause.tense in (tense, "state past"):
            return clause.words()


def _thing_seen(rng: Random, tense: str) -> Both:
    """Anna found the key that Paul lost."""
    while True:
        clause = a_later_clause(rng, frame="object", spare=0.0, tense=tense, modals=False)
        whole, verb = thing_with_that_clause(rng)
        fitting = whole.noun is not None and whole.noun.classes & clause.verb.objects
        if not fitting or clause.verb is verb or clause.negation or clause.negative_phrase:
            continue
        pointing = any(part.text in POINTING for part in whole.english)
        if pointing or clause.tense != tense or "generic" in clause.verb.flags:
            continue
        clause.direct = whole
        return clause.words()


def _settled(make: joined.Maker, rng: Random, later: slice = slice(None)) -> Both:
    """Return a piece whose pronouns point at nothing before it.

    Args:
        make: the rule.
        rng: the only source of chance.
        later: the English words that must not be it, they or them.
    """
    while True:
        phrase = make(rng)
        if not any(part.text in POINTING for part in phrase.english[later]):
            return phrase
