"""Chooses what happens: a verb with objects that suit it, a tense with a time that suits it."""

from random import Random

from . import lexicon_small as small
from .circumstances import company, place_phrase, time_phrase
from .clause import NEGATIONS, Clause
from .comparison import compared
from .content import (
    a_person,
    a_thing,
    attribute,
    chance,
    chosen,
    described,
    gradable,
    someone_as_object,
)
from .lexicon_adjectives import adjectives_for
from .lexicon_nouns import nouns_of
from .lexicon_verbs import Verb, travels, verbs_of
from .nominal import Nominal, negative_phrase, pronoun_phrase
from .tenses import add_modal, choose_tense, negate_or_qualify
from .words import NOTHING, Both

FRAMES = {"none": 18, "object": 42, "to": 9, "of": 6, "give": 13, "travel": 11, "be": 12}
DEGREES = {"more": 6, "as": 2, "less": 2}
THINGS = "thing|food|drink|building|vehicle|text|show|words|music|pet|opening"

BE = Verb(english="be", particle="", french="être", frame="be", subjects=frozenset(),
          objects=frozenset(), flags=frozenset({"state"}))  # fmt: skip
HUMAN = frozenset({"person"})

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
    """
    frame = frame or chosen(rng, FRAMES)
    if frame == "be":
        return _being(rng, subject, tense, asking)
    options = travels() if frame == "travel" else verbs_of(frame)
    verb = rng.choice(options)
    if "person" not in verb.subjects:
        if subject is not None:
            return a_clause(
                rng, subject=subject, tense=tense, spare=spare, asking=asking, modals=modals
            )
        subject = described(
            rng, rng.choice(nouns_of("|".join(sorted(verb.subjects)))), 0.3 * spare, subject=True
        )
    subject = subject or a_person(rng)
    tense = choose_tense(rng, verb, tense, asking)
    clause = Clause(subject=subject, verb=verb, tense=tense)
    if modals and chance(rng, 0.13):
        add_modal(rng, clause)
    if negation in NEGATIONS:
        clause.negation = negation
    elif not asking and negation is None:
        negate_or_qualify(rng, clause, spare)
    _give_objects(rng, clause, negation)
    clause.rest = _circumstances(rng, clause, spare)
    return clause


def a_later_clause(
    rng: Random,
    *,
    subject: Nominal | None = None,
    tense: str | None = None,
    frame: str | None = None,
    spare: float = 1.0,
    modals: bool = True,
) -> Clause:
    """Return a clause that may follow another: its it and they never point back by accident.

    Otherwise "she bought the pears and Paul sold them" would leave open what them agrees with.
    """
    while True:
        clause = a_clause(
            rng, subject=subject, tense=tense, frame=frame, spare=spare, modals=modals
        )
        spoken = clause.words().english
        if subject is not None:
            spoken = spoken[len(subject.english) :]
        if not any(part.text in ("it", "they", "them") for part in spoken):
            return clause


def _give_objects(rng: Random, clause: Clause, negation: str | None) -> None:
    verb, subject = clause.verb, clause.subject
    negated = clause.negation is not None
    free = not negated and not subject.negative and clause.adverb is None
    wanted = negation in ("nobody", "nothing") or chance(rng, 0.05)
    if verb.frame == "object" and free and wanted and "generic" not in verb.flags:
        # He sees nobody, he eats nothing.
        human = verb.objects <= HUMAN
        clause.direct = negative_phrase(*(("nobody", "personne") if human else ("nothing", "rien")))
    elif verb.frame == "object":
        human_only = verb.objects <= {"person", "adult", "artist", "child"}
        if "person" in verb.objects and chance(rng, 0.7 if not human_only else 1.0):
            clause.direct = someone_as_object(rng, "person", subject)
        elif chance(rng, 0.1):
            clause.direct = pronoun_phrase(rng.choice((small.IT_MASCULINE, small.THEY)))
        else:
            determiner = "generic" if "generic" in verb.flags else ""
            determiner = "the" if subject.negative else determiner
            clause.direct = a_thing(rng, verb.objects - HUMAN, subject, negated, determiner)
    elif verb.frame == "to":
        clause.indirect = someone_as_object(rng, "|".join(sorted(verb.objects)), subject)
    elif verb.frame == "of":
        noun = rng.choice(nouns_of("|".join(sorted(verb.objects))))
        clause.about = described(rng, noun, 0.2, owner=subject, plain=True)
        if noun.mass or "unique" in noun.classes or clause.about.plural:
            return
        if chance(rng, 0.3):
            clause.about = described(rng, noun, 0.2, determiner="a", plural=False)
    elif verb.frame == "give":
        if chance(rng, 0.3):
            clause.direct = pronoun_phrase(rng.choice((small.IT_MASCULINE, small.THEY)))
        else:
            clause.direct = a_thing(rng, verb.objects, subject, negated)
        clause.indirect = someone_as_object(rng, "person", subject)


def _circumstances(rng: Random, clause: Clause, spare: float) -> Both:
    """Return place, company and time, as far as verb and tense like them."""
    verb, result = clause.verb, NOTHING
    if verb in travels():
        result = result + _destination(rng, next(iter(verb.objects), "none"))
    elif "home" in verb.flags:
        result = result + place_phrase(rng, "at", small.HOMES)
    elif "place" in verb.flags and chance(rng, 0.35 * spare):
        result = result + place_phrase(rng, "at")
    if "with" in verb.flags and chance(rng, 0.25 * spare):
        result = result + company(rng, clause.subject)
    group, probability = TIMES_OF_TENSE.get(clause.tense, ("", 0.0))
    lasting = (verb.state and clause.tense == "present") or clause.modal is not None
    free = clause.adverb is None and clause.negation != "never"
    if group and not lasting and free and chance(rng, probability * spare):
        result = result + time_phrase(rng, group)
    return result


def _destination(rng: Random, kind: str) -> Both:
    return NOTHING if kind == "none" else place_phrase(rng, kind)


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
    if chance(rng, 0.2):
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
