"""Relative clauses: qui, que, dont, où, and what agrees across them."""

from dataclasses import replace
from random import Random

from .clause import Clause
from .content import a_person, a_thing, described
from .lexicon_nouns import nouns_of
from .lexicon_verbs import Verb, verbs_of
from .nominal import Nominal
from .predicates import HUMAN, a_later_clause
from .words import Both, Mark, word

WHO_TENSES = ("past", "past", "progressive", "present", "past progressive")
THAT_TENSES = ("past", "past", "perfect", "progressive", "future")


def relative_subject(head: Nominal, english: str = "who") -> Nominal:
    """Return who, qui, as the subject of its clause: it agrees like the head."""
    mark = Mark()
    return Nominal(
        english=[word(english, mark)],
        french=[word("qui", mark, notes="relative")],
        gender=head.gender,
        plural=head.plural,
    )


def who_clause(rng: Random, head: Nominal) -> Both:
    """The boy / who broke the window: le garçon / qui a cassé la fenêtre."""
    who = relative_subject(head)
    while True:
        tense = rng.choice(WHO_TENSES)
        clause = a_later_clause(rng, subject=who, spare=0.4, tense=tense)
        if clause.tense in (tense, "state past") and clause.negation != "no longer":
            return clause.words()


def that_clause(rng: Random, head: Nominal, verb: Verb, subject: Nominal | None = None) -> Both:
    """The letter / that Anna wrote: la lettre / qu'Anna a écrite."""
    mark = Mark()
    that = Both(english=[word("that", mark)], french=[word("que", mark, notes="relative")])
    tenses: tuple[str, ...] = THAT_TENSES
    if verb.state:
        tenses = ("present", "state past")
    elif verb.momentary:
        tenses = ("past", "perfect")
    inner = Clause(
        subject=subject or a_person(rng), verb=verb, tense=rng.choice(tenses), extracted=head
    )
    return that + inner.words()


def thing_with_that_clause(rng: Random) -> tuple[Nominal, Verb]:
    """Return a thing described by what somebody did with it, and that verb."""
    verb = rng.choice(verbs_of_things())
    noun = rng.choice(nouns_of("|".join(sorted(verb.objects - HUMAN))))
    if noun.human:
        return thing_with_that_clause(rng)
    head = described(rng, noun, 0.1, determiner="the")
    return head.followed_by(that_clause(rng, head, verb)), verb


def verbs_of_things() -> list[Verb]:
    """Return the verbs by which people do something to a thing."""
    return [verb for verb in verbs_of("object") if verb.objects - HUMAN
            and "person" in verb.subjects]  # fmt: skip


def thing_with_dont(rng: Random) -> Nominal:
    """The key / that I need: la clé / dont j'ai besoin."""
    verb = rng.choice(verbs_of("of"))
    head = a_thing(rng, verb.objects - HUMAN, determiner="the")
    if head.noun is None or head.noun.human:
        return thing_with_dont(rng)
    tense = rng.choice(("present", "state past") if verb.state else ("past", "progressive"))
    inner = Clause(subject=a_person(rng), verb=verb, tense=tense)
    mark = Mark()
    # dont stands for de: it takes the link of the English preposition too.
    linked = word("dont", mark, inner.particle_mark, notes="relative")
    that = Both(english=[word("that", mark)], french=[linked])
    return head.followed_by(that + inner.words())


def spot_with_where(rng: Random) -> Nominal:
    """The village / where Anna works: le village / où Anna travaille."""
    head = a_thing(rng, frozenset({"spot"}), determiner="the")
    name = rng.choice(("live", "work", "sleep", "play", "rest", "walk", "dance"))
    verb = next(verb for verb in verbs_of("none") if verb.english == name)
    tense = rng.choice(("present", "state past") if verb.state else ("past", "present"))
    inner = Clause(subject=a_person(rng), verb=verb, tense=tense)
    mark = Mark()
    where = Both(english=[word("where", mark)], french=[word("où", mark, notes="relative")])
    return replace(head.followed_by(where + inner.words()), noun=head.noun)


def person_with_who_clause(rng: Random) -> Nominal:
    """Return the boy who broke the window."""
    head = described(rng, rng.choice(nouns_of("adult|child|learner")), 0.15, determiner="the")
    return head.followed_by(who_clause(rng, head))
