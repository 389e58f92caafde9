"""Relative clauses: qui, que, dont, où, and what agrees across them."""

from dataclasses import replace
from random import Random

from attnlab.grammar.clause import Clause
from attnlab.grammar.complements import HUMAN
from attnlab.grammar.content import a_person, a_thing, described
from attnlab.grammar.lexicon import Noun, Verb, nouns_of, verbs_of
from attnlab.grammar.nominal import Nominal
from attnlab.grammar.predicates import a_later_clause
from attnlab.grammar.rendering import rendered
from attnlab.grammar.words import Both, Mark, word

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


def relative_subject(head: Nominal, english: str = "who") -> Nominal:
    """Return who, qui, as the subject of its clause: it agrees like the head."""
    mark = Mark()
    return Nominal(
        english=[word(english, mark)],
        french=[word("qui", mark, notes="relative")],
        gender=head.gender,
        plural=head.plural,
        noun=head.noun,
    )


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

    Args:
        rng: the only source of chance.
        head: what was written.
        verb: what was done with it.
        era: whether the clause around it is "past", "present" or "future".
        subject: who did it; otherwise somebody is chosen.
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
    """Return "that Anna wrote": the relative pronoun, and the clause it is the object of."""
    mark = Mark()
    that = Both(english=[word("that", mark)], french=[word("que", mark, notes="relative")])
    return that + rendered(clause)


def thing_with_that_clause(rng: Random, era: str) -> tuple[Nominal, Verb]:
    """Return a thing described by what somebody did with it, and that verb."""
    verb = rng.choice(verbs_of_things())
    noun = rng.choice(nouns_of("|".join(sorted(verb.objects - HUMAN))))
    if noun.human:
        return thing_with_that_clause(rng, era)
    head = described(rng, noun, 0.1, determiner="the")
    return head.followed_by(following(that_clause(rng, head, verb, era))), verb


# What has been eaten is no longer there for anything else to be done to it.
CONSUMING = ("eat", "drink")


def verbs_of_things() -> list[Verb]:
    """Return the verbs by which people do something to a certain thing."""
    return [verb for verb in verbs_of("object") if verb.objects - HUMAN
            and "person" in verb.subjects and "generic" not in verb.flags]  # fmt: skip


def thing_with_dont(rng: Random, era: str) -> Nominal:
    """The key / that I need: la clé / dont j'ai besoin."""
    verb = rng.choice(verbs_of("of"))
    head = a_thing(rng, verb.objects - HUMAN, determiner="the")
    if head.noun is None or head.noun.human:
        return thing_with_dont(rng, era)
    active = {"past": "past", "present": "progressive"}.get(era, "past")
    tense = STATE_TENSES[era] if verb.state else rng.choice(("past", active))
    inner = Clause(subject=a_person(rng), verb=verb, tense=tense)
    mark = Mark()
    # dont stands for de: it takes the link of the English preposition too.
    linked = word("dont", mark, inner.particle_mark, notes="relative")
    that = Both(english=[word("that", mark)], french=[linked])
    return head.followed_by(that + rendered(inner))


def spot_with_where(rng: Random, era: str) -> Nominal:
    """The village / where Anna works: le village / où Anna travaille."""
    head = a_thing(rng, frozenset({"spot"}), determiner="the")
    name = rng.choice(("live", "work", "sleep", "play", "rest", "walk", "dance"))
    verb = next(verb for verb in verbs_of("none") if verb.english == name)
    tense = STATE_TENSES[era] if verb.state else rng.choice(("past", "past", "present"))
    if era == "past" and tense == "present":
        tense = "past progressive"
    inner = Clause(subject=a_person(rng), verb=verb, tense=tense)
    mark = Mark()
    where = Both(english=[word("where", mark)], french=[word("où", mark, notes="relative")])
    return replace(head.followed_by(where + rendered(inner)), noun=head.noun)


def strangers() -> list[Noun]:
    """Return the people that may be told of without saying whose they are: not the aunt."""
    return [noun for noun in nouns_of("adult|child|learner") if "relation" not in noun.classes]


def person_with_who_clause(rng: Random, era: str) -> Nominal:
    """Return the boy who broke the window."""
    head = described(rng, rng.choice(strangers()), 0.15, determiner="the")
    return head.followed_by(who_clause(rng, head, era))
