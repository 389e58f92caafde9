"""Sentences inside and beside sentences: that, if, when, while, direct speech, lists, commands."""

from random import Random

from attnlab.grammar import closed_classes as closed
from attnlab.grammar.clause import Clause
from attnlab.grammar.complements import HUMAN
from attnlab.grammar.content import a_name, a_person, attribute, chance, described, pronoun_for
from attnlab.grammar.idioms import raining
from attnlab.grammar.joined import verb_named
from attnlab.grammar.lexicon import Verb, nouns_of, travels
from attnlab.grammar.nominal import Nominal, negative_phrase, pronoun_phrase
from attnlab.grammar.predicates import BE, a_clause, a_later_clause
from attnlab.grammar.realise import capitalised
from attnlab.grammar.rendering import rendered
from attnlab.grammar.words import Both, both

THINKING = (("think", "penser"), ("say", "dire"), ("know", "savoir"), ("hope", "espérer"),
            ("believe", "croire"))  # fmt: skip


# What one may wish to be.
WISHED = ("young", "rich", "brave", "kind", "patient", "happy", "ill", "tired", "polite", "serious",
          "curious", "poor")  # fmt: skip


def thought_verb(english: str, french: str) -> Verb:
    """Return a verb that takes a clause with that."""
    return Verb(
        english=english,
        particle="",
        french=french,
        frame="none",
        subjects=HUMAN,
        objects=frozenset(),
        flags=frozenset({"state"}),
    )


def that_sentence(rng: Random) -> Both:
    """Anna thinks that Paul is tired; Anna said that Paul would come."""
    speaker = a_person(rng)
    inner_tenses: tuple[str, ...]
    if chance(rng, 0.7):
        english, french = rng.choice(THINKING)
        if speaker.person == 1 and french == "dire":
            return that_sentence(rng)
        outer, inner_tenses = "present", ("present", "future", "past", "progressive")
    else:
        english, french = THINKING[1]
        outer, inner_tenses = "past", ("conditional", "past progressive", "pluperfect")
    verb = thought_verb(english, french)
    first = Clause(subject=speaker, verb=verb, tense=outer)
    if chance(rng, 0.1) and french in ("savoir", "dire"):
        first.negation = "not"
    second = in_tense(rng, rng.choice(inner_tenses))
    return rendered(first) + both("that", "que", notes="subordination") + second


def in_tense(rng: Random, tense: str, subject: Nominal | None = None, habits: bool = True) -> Both:
    """Return a clause that is certainly in this tense."""
    while True:
        clause = a_later_clause(
            rng, tense=tense, spare=0.2, modals=False, subject=subject, habits=habits
        )
        if clause.tense == tense and (habits or clause.adverb is None):
            return rendered(clause)


def condition(rng: Random) -> Both:
    """If it rains, Anna will stay at the hotel. If I were rich, I would buy a boat."""
    if chance(rng, 0.5):
        first = (
            raining("present", rng) if chance(rng, 0.25) else in_tense(rng, "present", habits=False)
        )
        second = in_tense(rng, "future")
    else:
        subject = a_person(rng)
        if chance(rng, 0.5):
            clause = Clause(subject=subject, verb=BE, tense="unreal")
            clause.rest = attribute(rng, subject, HUMAN, WISHED)
        else:
            clause = Clause(subject=subject, verb=verb_named("have"), tense="unreal")
            owned = rng.choice(nouns_of("costly"))
            clause.direct = described(rng, owned, 0.3, determiner="a", plural=False)
        first = rendered(clause)
        again = pronoun_phrase(subject.pronoun or pronoun_for(subject, as_person=True))
        second = _would(rng, again)
    return both("if", "si", notes="subordination condition") + first + both(",", ",") + second


def _would(rng: Random, subject: Nominal) -> Both:
    """Return what somebody would do or be."""
    while True:
        frame = rng.choice(("none", "none", "to", "object", "be"))
        clause = a_later_clause(
            rng, tense="conditional", frame=frame, spare=0.2, modals=False, subject=subject
        )
        if clause.tense == "conditional" and not clause.negative_phrase:
            return rendered(clause)


def when_it_comes(rng: Random) -> Both:
    """When Anna arrives, we will eat: the French verb is in the future twice."""
    verb = rng.choice([verb for verb in travels() if verb.english in ("arrive", "leave", "return")])
    first = Clause(subject=a_person(rng), verb=verb, tense="future when")
    second = in_tense(rng, "future")
    start = both("when", "quand", notes="subordination")
    return start + rendered(first) + both(",", ",") + second


def meanwhile(rng: Random) -> Both:
    """While Paul was sleeping, Anna was reading."""
    tense = rng.choice(("past progressive", "progressive"))
    start = both("while", "pendant que", notes="subordination")
    first, second = _going_on(rng, tense), _going_on(rng, tense)
    if first.english[0].text == second.english[0].text:
        return meanwhile(rng)
    return start + first + both(",", ",") + second


def _going_on(rng: Random, tense: str) -> Both:
    """Return something that lasts: no arriving and no leaving."""
    while True:
        frame = rng.choice(("none", "object", "object", "to", "give"))
        clause = a_later_clause(rng, tense=tense, frame=frame, spare=0.2, modals=False)
        if clause.tense == tense and clause.negation is None:
            return rendered(clause)


def speech(rng: Random) -> Both:
    """Anna said: "I am tired." The adjective agrees with who speaks."""
    speaker = a_name(rng)
    said = Clause(subject=speaker, verb=thought_verb("say", "dire"), tense="past")
    pronoun = closed.SPEAKER_FEMININE if speaker.gender == "f" else closed.SPEAKER
    me = pronoun_phrase(pronoun)
    if chance(rng, 0.6):
        clause = Clause(subject=me, verb=BE, tense=rng.choice(("present", "state past", "future")))
        clause.rest = attribute(rng, me, HUMAN)
        inner = rendered(clause)
    else:
        inner = in_tense(rng, rng.choice(("past", "future", "progressive")), me)
    quoted = Both(english=capitalised(inner.english), french=capitalised(inner.french))
    return (
        rendered(said)
        + both(":", ":", notes="speech")
        + both('"', "«")
        + quoted
        + both(".", ".")
        + both('"', "»")
    )


def command(rng: Random) -> Both:
    """Close the door, Paul! Give it to me! Do not wake her!"""
    you = pronoun_phrase(closed.FRIEND)
    frame = rng.choice(("object", "object", "give", "give", "to", "none"))
    clause = a_clause(
        rng, subject=you, frame=frame, tense="present", spare=0.0, modals=False, habits=False
    )
    verb = clause.verb
    unfit = verb.state or verb.momentary or "generic" in verb.flags
    own = [p for p in (clause.direct, clause.indirect) if p and p.pronoun and p.pronoun.person == 2]
    unfit = unfit or verb.english == "lie"
    if unfit or own or clause.negation not in (None, "not") or clause.negative_phrase:
        return command(rng)
    clause.command, clause.adverb, clause.tense = True, None, "present"
    if chance(rng, 0.4):
        return rendered(clause) + both(",", ",") + a_name(rng).both
    return rendered(clause)


def nobody(rng: Random) -> Both:
    """Nobody is sleeping: personne ne dort."""
    who = negative_phrase("nobody", "personne")
    return rendered(a_clause(rng, subject=who, spare=0.5, modals=False))
