"""Long sentences: clauses of many kinds, joined until there are enough words."""

from functools import partial
from random import Random

from attnlab.grammar import joined, linking
from attnlab.grammar.content import chance, chosen
from attnlab.grammar.lists import a_list
from attnlab.grammar.nominal import Nominal
from attnlab.grammar.predicates import a_later_clause
from attnlab.grammar.relatives import CONSUMING, person_with_who_clause, thing_with_that_clause
from attnlab.grammar.rendering import rendered
from attnlab.grammar.sense import sensibly
from attnlab.grammar.tenses import era_of
from attnlab.grammar.words import NOTHING, Both, both

# What is told may have happened, be happening or be going to happen: one of them throughout.
# The tenses of each story, and the French tenses that would not fit into it.
STORIES = (
    (("past", "past", "past", "past progressive"), {"future", "present"}),
    (("progressive", "progressive", "present"), {"future", "conditional", "pluperfect"}),
    (("future",), {"present", "imperfect", "conditional", "pluperfect"}),
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
    make = partial(_piece, story=story)
    result, last = sensibly(make, rng), ""
    while len(result.french) < target - 6:
        piece = sensibly(make, rng)
        if not any(part.notes & story[1] for part in piece.french):
            connection = _connection(rng, last)
            last = connection.english[-1].text
            result = result + connection + piece
    return result + both(".", ".")


def _connection(rng: Random, last: str) -> Both:
    """Return a semicolon, "and" or ", but"; "but" never twice in a row."""
    if chance(rng, 0.25):
        return both(";", ";")
    if last == "but" or chance(rng, 0.7):
        comma = both(",", ",") if chance(rng, 0.8) else NOTHING
        return comma + both("and", "et", notes="coordination")
    return both(",", ",") + both("but", "mais", notes="coordination")


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
        return _told(rng, tense, person_with_who_clause(rng, era_of(tense)))
    return _thing_seen(rng, tense)


def _told(rng: Random, tense: str, subject: Nominal | None) -> Both:
    """Return a statement in a tense, or in the one that its verb has instead."""
    while True:
        clause = a_later_clause(rng, tense=tense, spare=0.8, subject=subject, modals=False)
        if clause.tense in (tense, "state past"):
            return rendered(clause)


def _thing_seen(rng: Random, tense: str) -> Both:
    """Anna found the key that Paul lost."""
    while True:
        clause = a_later_clause(rng, frame="object", spare=0.0, tense=tense, modals=False)
        whole, verb = thing_with_that_clause(rng, era_of(tense))
        fitting = whole.noun is not None and whole.noun.classes & clause.verb.objects
        if (
            verb.english in CONSUMING
            or not fitting
            or clause.verb is verb
            or clause.negation
            or clause.negative_phrase
        ):
            continue
        pointing = any(part.text in POINTING for part in whole.english)
        if pointing or clause.tense != tense or "generic" in clause.verb.flags:
            continue
        clause.direct = whole
        return rendered(clause)


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
