"""Chooses what happens: a verb with objects that suit it, a tense with a time that suits it."""

from random import Random

from attnlab.grammar import closed_classes as closed
from attnlab.grammar.clause import NEGATIONS, Clause
from attnlab.grammar.complements import HUMAN, company, give_objects, place_phrase, time_phrase
from attnlab.grammar.content import (
    a_person,
    a_thing,
    attribute,
    chance,
    chosen,
    described,
    gradable,
    someone_as_object,
)
from attnlab.grammar.lexicon import Verb, adjectives_for, nouns_of, travels, verbs_of
from attnlab.grammar.nominal import Nominal, compared
from attnlab.grammar.rendering import rendered
from attnlab.grammar.tenses import add_modal, choose_tense, negate_or_qualify
from attnlab.grammar.words import NOTHING, Both

FRAMES = {"none": 18, "object": 42, "to": 9, "of": 6, "give": 13, "travel": 11, "be": 12}
DEGREES = {"more": 6, "as": 2, "less": 2}
THINGS = "thing|food|drink|building|vehicle|text|show|words|music|pet|opening"

BE = Verb(english="be", particle="", french="être", frame="be", subjects=frozenset(),
          objects=frozenset(), flags=frozenset({"state"}))  # fmt: skip
PEOPLE = frozenset({"person", "adult", "worker", "child", "learner"})

# What one does every week or every year, while the rest is done every day.
SEASONAL = ("travel", "swim", "go", "return", "visit", "buy", "sell", "paint", "write", "invite")

# The times that suit a tense, and how often a time is said at all.
TIMES_OF_TENSE = {
    "present": ("habit", 0.45),
    "progressive": ("present", 0.2),
    "past": ("past", 0.35),
    "perfect": ("", 0.0),
    "state past": ("", 0.0),
    "past progressive": ("", 0.0),
    "used to": ("habit", 0.3),
    "future": ("future", 0.4),
    "conditional": ("future", 0.2),
}


def a_clause(
    rng: Random,
    *,
    subject: Nominal | None = None,
    tense: str | None = None,
    frame: str | None = None,
    spare: float = 1.0,
    asking: bool = False,
    modals: bool = True,
    negation: str | None = None,
    habits: bool = True,
) -> Clause:
    """Return a statement.

    Args:
        rng: the only source of chance.
        subject: who does it, a person; otherwise somebody is chosen.
        tense: a key of TENSES; otherwise one is chosen.
        frame: the verb's frame; otherwise one is chosen.
        spare: scales how likely the optional parts are: 0 leaves the bare clause.
        asking: leave out what a question would not say (never, often, "some").
        modals: allow can, must, want to, is going to ...
        negation: this one, "nothing" and "nobody" (the object) included; otherwise by chance.
        habits: what is said in the simple present is said with how often it happens.
    """
    frame = frame or chosen(rng, FRAMES)
    if frame == "be":
        return _being(rng, subject, tense, asking)
    options = travels() if frame == "travel" else verbs_of(frame)
    verb = rng.choice(options)
    if subject is not None and not may_do(subject, verb):
        return a_clause(
            rng, subject=subject, tense=tense, spare=spare, asking=asking, modals=modals
        )
    subject = subject or a_doer(rng, verb, 0.3 * spare)
    tense = choose_tense(rng, verb, tense, asking)
    clause = Clause(subject=subject, verb=verb, tense=tense)
    if modals and chance(rng, 0.13):
        add_modal(rng, clause)
    if negation in NEGATIONS:
        clause.negation = negation
    elif not asking and negation is None:
        negate_or_qualify(rng, clause, spare)
    give_objects(rng, clause, negation)
    clause.rest = _circumstances(rng, clause, spare)
    if habits:
        _say_how_often(rng, clause)
    return clause


def may_do(subject: Nominal, verb: Verb) -> bool:
    """Say whether somebody does such things; of a name or a pronoun, any human action is told."""
    if "person" in verb.subjects:
        return True
    if subject.noun is None:
        return bool(verb.subjects & PEOPLE)
    return bool(verb.subjects & subject.noun.classes)


def a_doer(rng: Random, verb: Verb, adjective: float = 0.3) -> Nominal:
    """Return somebody, or rarely an animal, as the subject of a verb."""
    others = sorted(verb.subjects - PEOPLE)
    if others and (not verb.subjects & PEOPLE or chance(rng, 0.15)):
        return described(rng, rng.choice(nouns_of("|".join(others))), adjective, subject=True)
    return a_person(rng, "|".join(sorted(verb.subjects & PEOPLE)))


def _say_how_often(rng: Random, clause: Clause) -> None:
    """Add how often something is done where the simple present alone would sound unfinished."""
    verb = clause.verb
    if clause.tense != "present" or verb.state or "sense" in verb.flags or clause.modal:
        return
    told = clause.adverb or clause.negation or clause.negative_phrase
    if told or any("time" in part.notes for part in clause.rest.french):
        return
    clause.rest = clause.rest + time_phrase(
        rng, "habit", near=verb.english not in SEASONAL, hours=False
    )


def a_later_clause(
    rng: Random,
    *,
    subject: Nominal | None = None,
    tense: str | None = None,
    frame: str | None = None,
    spare: float = 1.0,
    modals: bool = True,
    habits: bool = True,
) -> Clause:
    """Return a clause that may follow another: its it and they never point back by accident.

    Otherwise "she bought the pears and Paul sold them" would leave open what them agrees with.
    """
    while True:
        clause = a_clause(
            rng,
            subject=subject,
            tense=tense,
            frame=frame,
            spare=spare,
            modals=modals,
            habits=habits,
        )
        spoken = rendered(clause).english
        if subject is not None:
            spoken = spoken[len(subject.english) :]
        if not any(part.text in ("it", "they", "them") for part in spoken):
            return clause


def _circumstances(rng: Random, clause: Clause, spare: float) -> Both:
    """Return place, company and time, as far as verb and tense like them."""
    verb, result = clause.verb, NOTHING
    if verb in travels():
        result = result + _destination(rng, verb)
    elif "home" in verb.flags:
        result = result + place_phrase(rng, "at", closed.HOMES)
    elif "place" in verb.flags and chance(rng, 0.35 * spare):
        places = closed.OUTDOORS if "outdoors" in verb.flags else closed.PLACES
        result = result + place_phrase(rng, "at", places)
    animal = clause.subject.noun is not None and "animal" in clause.subject.noun.classes
    if "with" in verb.flags and not animal and chance(rng, 0.25 * spare):
        result = result + company(rng, clause.subject)
    group, probability = TIMES_OF_TENSE.get(clause.tense, ("", 0.0))
    lasting = (verb.state and clause.tense == "present") or clause.modal is not None
    free = clause.adverb is None and clause.negation != "never"
    # "Nobody comes every day" says something else in French.
    free = free and not ((clause.negation or clause.negative_phrase) and group == "habit")
    near = "daily" in verb.flags or (group == "habit" and verb.english not in SEASONAL)
    if group and not lasting and free and chance(rng, probability * spare):
        hours = near or verb.momentary or verb.frame in ("none", "to")
        result = result + time_phrase(rng, group, near, hours)
    return result


def _destination(rng: Random, verb: Verb) -> Both:
    kind = next(iter(verb.objects), "none")
    if kind == "none":
        return NOTHING
    # One does not "return" from the kitchen: rentrer is to come home.
    places = closed.AWAY if verb.french == "rentrer" else closed.PLACES
    return place_phrase(rng, kind, places)


def _being(rng: Random, subject: Nominal | None, tense: str | None, asking: bool) -> Clause:
    """Return "the soup is too hot", "Anna was tired"."""
    classes = HUMAN
    if subject is None and chance(rng, 0.5):
        noun = rng.choice([n for n in nouns_of(THINGS) if adjectives_for(n.classes, alone=True)])
        subject, classes = (
            described(rng, noun, 0.0, subject=True, plain=chance(rng, 0.6)),
            noun.classes,
        )
    elif subject is None:
        subject = a_person(rng)
    clause = Clause(subject=subject, verb=BE, tense=choose_tense(rng, BE, tense))
    if not asking:
        negate_or_qualify(rng, clause, 0.0)
    if clause.negation == "never":
        clause.negation = "not"
    if chance(rng, 0.3):
        clause.rest = _compared(rng, subject, classes)
    else:
        clause.rest = attribute(rng, subject, classes)
    return clause


def _compared(rng: Random, subject: Nominal, classes: frozenset[str]) -> Both:
    """Return "bigger than Paul", "as expensive as this car"."""
    options = [a for a in adjectives_for(classes, alone=True) if gradable(a)]
    if not options:
        return attribute(rng, subject, classes)
    if classes == HUMAN:
        other = someone_as_object(rng, "relation|learner|worker", subject)
    elif subject.noun is None:
        other = a_thing(rng, classes, determiner="this")
    else:
        kin = [noun for noun in nouns_of(THINGS) if noun.classes == subject.noun.classes]
        other = described(rng, rng.choice(kin), 0.0, plain=True)
    return compared(rng.choice(options), subject, other, chosen(rng, DEGREES))
