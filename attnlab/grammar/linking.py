"""Sentences inside and beside sentences: that, if, when, while, direct speech, lists, commands."""

from random import Random

from . import lexicon_small as small
from .clause import Clause
from .content import a_name, a_person, attribute, chance, pronoun_for
from .facts import raining
from .lexicon_verbs import Verb, travels
from .nominal import Nominal, negative_phrase, pronoun_phrase
from .predicates import BE, HUMAN, a_clause, a_later_clause
from .realise import capitalised
from .words import Both, both

THINKING = (("think", "penser"), ("say", "dire"), ("know", "savoir"), ("hope", "espérer"),
            ("believe", "croire"))  # fmt: skip


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
    inner_tenses: tuple[str, ...]
    if chance(rng, 0.7):
        english, french = rng.choice(THINKING)
        outer, inner_tenses = "present", ("present", "future", "past", "progressive")
    else:
        english, french = THINKING[1]
        outer, inner_tenses = "past", ("conditional", "past progressive", "pluperfect")
    verb = thought_verb(english, french)
    first = Clause(subject=a_person(rng), verb=verb, tense=outer)
    if chance(rng, 0.1) and french in ("savoir", "dire"):
        first.negation = "not"
    second = in_tense(rng, rng.choice(inner_tenses))
    return first.words() + both("that", "que", notes="subordination") + second


def in_tense(rng: Random, tense: str, subject: Nominal | None = None) -> Both:
    """Return a clause that is certainly in this tense."""
    while True:
        clause = a_later_clause(rng, tense=tense, spare=0.2, modals=False, subject=subject)
        if clause.tense == tense:
            return clause.words()


def condition(rng: Random) -> Both:
    """If it rains, Anna will stay at the hotel. If I were rich, I would buy a boat."""
    if chance(rng, 0.5):
        first = raining("present", rng) if chance(rng, 0.25) else in_tense(rng, "present")
        second = in_tense(rng, "future")
    else:
        subject = a_person(rng)
        clause = a_clause(rng, subject=subject, frame=rng.choice(("be", "object")), spare=0.0,
                          modals=False)  # fmt: skip
        if not clause.verb.state:
            return condition(rng)
        clause.tense, clause.negation, clause.adverb = "unreal", None, None
        first = clause.words()
        again = pronoun_phrase(subject.pronoun or pronoun_for(subject, as_person=True))
        second = in_tense(rng, "conditional", again)
    return both("if", "si", notes="subordination condition") + first + both(",", ",") + second


def when_it_comes(rng: Random) -> Both:
    """When Anna arrives, we will eat: the French verb is in the future twice."""
    verb = rng.choice([verb for verb in travels() if verb.english in ("arrive", "leave", "return")])
    first = Clause(subject=a_person(rng), verb=verb, tense="future when")
    second = in_tense(rng, "future")
    start = both("when", "quand", notes="subordination")
    return start + first.words() + both(",", ",") + second


def meanwhile(rng: Random) -> Both:
    """While Paul was sleeping, Anna was reading."""
    tense = rng.choice(("past progressive", "progressive"))
    start = both("while", "pendant que", notes="subordination")
    return start + in_tense(rng, tense) + both(",", ",") + in_tense(rng, tense)


def speech(rng: Random) -> Both:
    """Anna said: "I am tired." The adjective agrees with who speaks."""
    speaker = a_name(rng)
    said = Clause(subject=speaker, verb=thought_verb("say", "dire"), tense="past")
    pronoun = small.SPEAKER_FEMININE if speaker.gender == "f" else small.SPEAKER
    me = pronoun_phrase(pronoun)
    if chance(rng, 0.6):
        clause = Clause(subject=me, verb=BE, tense=rng.choice(("present", "state past", "future")))
        clause.rest = attribute(rng, me, HUMAN)
        inner = clause.words()
    else:
        inner = in_tense(rng, rng.choice(("past", "future", "progressive")), me)
    quoted = Both(english=capitalised(inner.english), french=capitalised(inner.french))
    return (
        said.words()
        + both(":", ":", notes="speech")
        + both('"', "«")
        + quoted
        + both(".", ".")
        + both('"', "»")
    )


def command(rng: Random) -> Both:
    """Close the door, Paul! Give it to me! Do not wake her!"""
    you = pronoun_phrase(small.FRIEND)
    frame = rng.choice(("object", "object", "give", "give", "to", "none"))
    clause = a_clause(rng, subject=you, frame=frame, tense="present", spare=0.0, modals=False)
    verb = clause.verb
    unfit = verb.state or verb.momentary or "generic" in verb.flags
    own = [p for p in (clause.direct, clause.indirect) if p and p.pronoun and p.pronoun.person == 2]
    unfit = unfit or verb.english == "lie"
    if unfit or own or clause.negation not in (None, "not") or clause.negative_phrase:
        return command(rng)
    clause.command, clause.adverb, clause.tense = True, None, "present"
    if chance(rng, 0.4):
        return clause.words() + both(",", ",") + a_name(rng).both
    return clause.words()


def nobody(rng: Random) -> Both:
    """Nobody is sleeping: personne ne dort."""
    return a_clause(
        rng, subject=negative_phrase("nobody", "personne"), spare=0.5, modals=False
    ).words()
