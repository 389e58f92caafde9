"""Subordinate clauses: relative clauses, that, if, when, while, direct speech; and commands."""

from dataclasses import replace
from random import Random

from attnlab.grammar import lexicon
from attnlab.grammar.clause import Clause
from attnlab.grammar.complements import HUMAN
from attnlab.grammar.content import (
    a_name,
    a_person,
    a_thing,
    as_pronoun,
    chance,
    described,
)
from attnlab.grammar.idioms import raining
from attnlab.grammar.lexicon import (
    Noun,
    Verb,
    nouns_of,
    special_verb,
    travels,
    verb_named,
    verbs_of,
)
from attnlab.grammar.nominal import Nominal, negative_phrase, pronoun_phrase, unit
from attnlab.grammar.predicates import a_clause, a_later_clause, being
from attnlab.grammar.rendering import rendered
from attnlab.grammar.words import Both, Mark, both, capitalised, word

# What is said may be past, present or future; the tenses that the relative clause has then.
WHO_TENSES = {
    "past": ("past", "past", "past progressive", "pluperfect"),
    "present": ("past", "past", "progressive", "present"),
    "future": ("past", "progressive", "present"),
}
THAT_TENSES = {
    "past": ("past", "past", "pluperfect", "past progressive"),
    "present": ("past", "past", "perfect", "progressive", "future"),
    "future": ("past", "perfect"),
}
STATE_TENSES = {"past": "state past", "present": "present", "future": "present"}


def relative_subject(head: Nominal) -> Nominal:
    """Who, qui, as the subject of its clause: it agrees like the head."""
    who = unit("who", "qui", head.gender, tags="relative")
    return replace(who, plural=head.plural, noun=head.noun)


def who_clause(rng: Random, head: Nominal, era: str) -> Both:
    """The boy / who broke the window: le garçon / qui a cassé la fenêtre."""
    who = relative_subject(head)
    while True:
        tense = rng.choice(WHO_TENSES[era])
        clause = a_later_clause(rng, subject=who, spare=0.4, tense=tense)
        fitting = clause.tense == (STATE_TENSES[era] if clause.verb.state else tense)
        if fitting and clause.negation != "no longer":
            return rendered(clause)


def that_clause(
    rng: Random, head: Nominal, verb: Verb, era: str, subject: Nominal | None = None
) -> Clause:
    """The letter / that Anna wrote: la lettre / qu'Anna a écrite.

    `head` is the letter; `era` the time of the clause around it: "past", "present" or "future".
    """
    tenses = THAT_TENSES[era]
    if verb.state:
        tenses = (STATE_TENSES[era],)
    elif verb.momentary:
        tenses = tuple(t for t in tenses if t in ("past", "perfect", "pluperfect"))
    return Clause(
        subject=subject or a_person(rng), verb=verb, tense=rng.choice(tenses), extracted=head
    )


def following(clause: Clause) -> Both:
    """That Anna wrote: the relative pronoun, and the clause it is the object of."""
    return both("that", "que", tags="relative") + rendered(clause)


def thing_with_that_clause(rng: Random, era: str) -> tuple[Nominal, Verb]:
    """A thing described by what somebody did with it, and that verb."""
    verb = rng.choice(verbs_of_things())
    noun = rng.choice(nouns_of(verb.objects - HUMAN))
    if noun.human:
        return thing_with_that_clause(rng, era)
    head = described(rng, noun, 0.1, determiner="the")
    return head.followed_by(following(that_clause(rng, head, verb, era))), verb


# What has been eaten is no longer there for anything else to be done to it.
CONSUMING = ("eat", "drink")


def verbs_of_things() -> list[Verb]:
    """The verbs by which people do something to a certain thing."""
    return [verb for verb in verbs_of("object") if verb.objects - HUMAN
            and "person" in verb.subjects and "generic" not in verb.flags]  # fmt: skip


def verbs_of_people() -> list[Verb]:
    """The verbs by which people do something to people, at a definite time."""
    return [verb for verb in verbs_of("object") if verb.objects <= HUMAN and not verb.state]


def thing_with_dont(rng: Random, era: str) -> Nominal:
    """The key / that I need: la clé / dont j'ai besoin."""
    verb = rng.choice(verbs_of("of"))
    head = a_thing(rng, verb.objects - HUMAN, determiner="the")
    if head.noun is None or head.noun.human:
        return thing_with_dont(rng, era)
    active = "progressive" if era == "present" else "past"
    tense = STATE_TENSES[era] if verb.state else rng.choice(("past", active))
    inner = Clause(subject=a_person(rng), verb=verb, tense=tense)
    mark = Mark()
    # dont stands for de: it takes the link of the English preposition too.
    linked = word("dont", mark, inner.particle_mark, tags="relative")
    that = Both(english=[word("that", mark)], french=[linked])
    return head.followed_by(that + rendered(inner))


def spot_with_where(rng: Random, era: str) -> Nominal:
    """The village / where Anna works: le village / où Anna travaille."""
    head = a_thing(rng, frozenset({"spot"}), determiner="the")
    verb = verb_named(rng.choice(("live", "work", "sleep", "play", "rest", "walk", "dance")))
    tense = STATE_TENSES[era] if verb.state else rng.choice(("past", "past", "present"))
    if era == "past" and tense == "present":
        tense = "past progressive"
    inner = Clause(subject=a_person(rng), verb=verb, tense=tense)
    return head.followed_by(both("where", "où", tags="relative") + rendered(inner))


def strangers() -> list[Noun]:
    """People who need no owner, unlike the aunt."""
    return [noun for noun in nouns_of("adult|child|learner") if "relation" not in noun.classes]


def person_with_who_clause(rng: Random, era: str) -> Nominal:
    """The boy who broke the window."""
    head = described(rng, rng.choice(strangers()), 0.15, determiner="the")
    return head.followed_by(who_clause(rng, head, era))


THINKING = (("think", "penser"), ("say", "dire"), ("know", "savoir"), ("hope", "espérer"),
            ("believe", "croire"))  # fmt: skip


# What one may wish to be.
WISHED = ("young", "rich", "brave", "kind", "patient", "happy", "ill", "tired", "polite", "serious",
          "curious", "poor")  # fmt: skip


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
    verb = special_verb(english, french, "state")
    first = Clause(subject=speaker, verb=verb, tense=outer)
    if chance(rng, 0.1) and french in ("savoir", "dire"):
        first.negation = "not"
    second = in_tense(rng, rng.choice(inner_tenses))
    return rendered(first) + both("that", "que", tags="subordination") + second


def in_tense(rng: Random, tense: str, subject: Nominal | None = None, habits: bool = True) -> Both:
    """A clause that is certainly in this tense."""
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
            clause = being(rng, subject, HUMAN, "unreal", WISHED)
        else:
            clause = Clause(subject=subject, verb=verb_named("have"), tense="unreal")
            owned = rng.choice(nouns_of("costly"))
            clause.direct = described(rng, owned, 0.3, determiner="a", plural=False)
        first = rendered(clause)
        second = _would(rng, as_pronoun(subject))
    return both("if", "si", tags="subordination condition") + first + both(",", ",") + second


def _would(rng: Random, subject: Nominal) -> Both:
    """What somebody would do or be."""
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
    start = both("when", "quand", tags="subordination")
    return start + rendered(first) + both(",", ",") + second


def meanwhile(rng: Random) -> Both:
    """While Paul was sleeping, Anna was reading."""
    tense = rng.choice(("past progressive", "progressive"))
    start = both("while", "pendant que", tags="subordination")
    first, second = _going_on(rng, tense), _going_on(rng, tense)
    if first.english[0].text == second.english[0].text:
        return meanwhile(rng)
    return start + first + both(",", ",") + second


def _going_on(rng: Random, tense: str) -> Both:
    """Something that lasts: no arriving and no leaving."""
    while True:
        frame = rng.choice(("none", "object", "object", "to", "give"))
        clause = a_later_clause(rng, tense=tense, frame=frame, spare=0.2, modals=False)
        if clause.tense == tense and clause.negation is None:
            return rendered(clause)


def speech(rng: Random) -> Both:
    """Anna said: "I am tired." The adjective agrees with who speaks."""
    speaker = a_name(rng)
    said = Clause(subject=speaker, verb=special_verb("say", "dire", "state"), tense="past")
    pronoun = lexicon.SPEAKER_FEMININE if speaker.gender == "f" else lexicon.SPEAKER
    me = pronoun_phrase(pronoun)
    if chance(rng, 0.6):
        tense = rng.choice(("present", "state past", "future"))
        inner = rendered(being(rng, me, HUMAN, tense))
    else:
        inner = in_tense(rng, rng.choice(("past", "future", "progressive")), me)
    quoted = Both(english=capitalised(inner.english), french=capitalised(inner.french))
    return (
        rendered(said)
        + both(":", ":", tags="speech")
        + both('"', "«")
        + quoted
        + both(".", ".")
        + both('"', "»")
    )


def command(rng: Random) -> Both:
    """Close the door, Paul! Give it to me! Do not wake her!"""
    you = pronoun_phrase(lexicon.FRIEND)
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
