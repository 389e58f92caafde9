"""The sentences of test_agree and fewshot: minimal pairs of agreement, and one given noun.

In a minimal pair, another noun with the other number or the other gender stands between the word
that decides and the word that agrees. The wrong version agrees with that one.
"""

from dataclasses import dataclass, replace
from functools import partial
from random import Random

from attnlab.grammar import lexicon
from attnlab.grammar.clause import Clause
from attnlab.grammar.complements import HUMAN, place_phrase
from attnlab.grammar.content import a_name, a_person, a_thing, chance, described
from attnlab.grammar.lexicon import Noun, Verb, adjectives_for, nouns_of
from attnlab.grammar.nominal import Nominal, owned
from attnlab.grammar.predicates import being, era_of, sensible, sensibly
from attnlab.grammar.rendering import rendered
from attnlab.grammar.subordination import (
    following,
    relative_subject,
    strangers,
    that_clause,
    verbs_of_people,
    verbs_of_things,
)
from attnlab.grammar.words import Both, Word, both

KINDS = ("verb", "adjective", "participle")


@dataclass(frozen=True, kw_only=True)
class MinimalPair:
    """A sentence, the same with one wrong form, and which agreement is tried."""

    right: Both
    wrong: Both
    kind: str


def minimal_pair(rng: Random) -> MinimalPair:
    """A sentence and its tempting mistake."""
    while True:
        kind = rng.choice(KINDS)
        found = _participle(rng) if kind == "participle" else _subject(rng, kind)
        if found is not None and sensible(found[0]):
            sentence, target = found
            return MinimalPair(
                right=_ended(sentence), wrong=_ended(_with_rival(sentence, target)), kind=kind
            )


def _ended(phrase: Both) -> Both:
    return phrase + both(".", ".")


def _with_rival(sentence: Both, target: Word) -> Both:
    wrong = [replace(part, text=part.rival or part.text) if part is target else part
             for part in sentence.french]  # fmt: skip
    return Both(english=sentence.english, french=wrong)


def _subject(rng: Random, kind: str) -> tuple[Both, Word] | None:
    """The keys that the teacher lost were small: étaient, not était; petites, not petits."""
    tense = rng.choice(("present", "present", "state past", "state past", "future"))
    if chance(rng, 0.5):
        head, tempting, classes = _thing_that(rng, tense)
    else:
        head, tempting, classes = rng.choice((_thing_of, _person_who))(rng)
    if not adjectives_for(classes, alone=True):
        return None
    number, gender = head.plural == tempting.plural, head.gender == tempting.gender
    clause = being(rng, head, classes, tense)
    if number if kind == "verb" else gender:
        return None
    sentence = rendered(clause)
    for part in reversed(sentence.french):
        agrees = clause.tense_mark in part.marks if kind == "verb" else "attribute" in part.tags
        if agrees and part.rival:
            return sentence, part
    return None


def _thing_that(rng: Random, tense: str) -> tuple[Nominal, Nominal, frozenset[str]]:
    """The keys that the teacher lost: the subject of the relative clause tempts."""
    verb = rng.choice(verbs_of_things())
    noun = rng.choice([noun for noun in nouns_of(verb.objects - HUMAN)
                       if not noun.human])  # fmt: skip
    head = described(rng, noun, 0.1, determiner="the")
    doer = _doer(rng)
    inner = that_clause(rng, head, verb, era_of(tense), doer)
    if not verb.state and chance(rng, 0.4):
        # One more noun stands between, so what agrees is farther away.
        inner.rest = place_phrase(rng, "at", lexicon.NEAR)
    return head.followed_by(following(inner)), doer, noun.classes


def _thing_of(rng: Random) -> tuple[Nominal, Nominal, frozenset[str]]:
    """The teacher's keys, les clés du professeur: the owner tempts."""
    thing = a_thing(rng, frozenset({"thing", "vehicle"}), determiner="generic")
    owner = a_name(rng) if chance(rng, 0.3) else described(
        rng, rng.choice(nouns_of("worker|learner")), 0.2, determiner="the", plural=False
    )  # fmt: skip
    return owned(thing, owner), owner, thing.noun.classes if thing.noun else frozenset()


def _person_who(rng: Random) -> tuple[Nominal, Nominal, frozenset[str]]:
    """The girls who thanked the doctor: the object of the relative clause tempts."""
    head = described(rng, rng.choice(strangers()), 0.1, determiner="the")
    other = _doer(rng)
    inner = Clause(subject=relative_subject(head), verb=rng.choice(verbs_of_people()), tense="past")
    inner.direct = other
    if chance(rng, 0.4):
        inner.rest = place_phrase(rng, "at", lexicon.NEAR)
    return head.followed_by(rendered(inner)), other, HUMAN


def _doer(rng: Random) -> Nominal:
    noun = rng.choice(nouns_of("worker|learner|child"))
    return described(rng, noun, 0.1, determiner="the")


def _participle(rng: Random) -> tuple[Both, Word] | None:
    """The letters that the boy wrote: écrites, not écrits."""
    tense = rng.choice(("present", "state past"))
    head, doer, classes = _thing_that(rng, tense)
    if head.gender == doer.gender or not adjectives_for(classes, alone=True):
        return None
    clause = being(rng, head, classes, tense)
    sentence = rendered(clause)
    targets = [part for part in sentence.french if "perfect" in part.tags and part.rival]
    return (sentence, targets[0]) if targets else None


def sentence_about(noun: Noun, rng: Random) -> Both:
    """A sentence that names the noun once."""
    make = rng.choice((_done_to, _done_to, _is_so, _that_is_so))
    return sensibly(partial(make, noun), rng) + both(".", ".")


def _verb_for(noun: Noun, rng: Random) -> Verb:
    return rng.choice([verb for verb in verbs_of_things() if (verb.objects - HUMAN) & noun.classes])


def _done_to(noun: Noun, rng: Random) -> Both:
    """Anna bought a violin."""
    verb, subject = _verb_for(noun, rng), a_person(rng)
    if verb.state:
        tense = rng.choice(("present", "state past"))
    else:
        tense = "past" if verb.momentary else rng.choice(("past", "progressive", "future"))
    thing = described(rng, noun, 0.2, owner=subject)
    return rendered(Clause(subject=subject, verb=verb, tense=tense, direct=thing))


def _is_so(noun: Noun, rng: Random) -> Both:
    """This violin is too expensive."""
    if not adjectives_for(noun.classes, alone=True):
        return _done_to(noun, rng)
    thing = described(rng, noun, 0.0, subject=True)
    return rendered(being(rng, thing, noun.classes, rng.choice(("present", "state past"))))


def _that_is_so(noun: Noun, rng: Random) -> Both:
    """The violin that Anna bought is old."""
    if not adjectives_for(noun.classes, alone=True):
        return _done_to(noun, rng)
    head = described(rng, noun, 0.0, determiner="the")
    tense = rng.choice(("present", "state past"))
    inner = that_clause(rng, head, _verb_for(noun, rng), era_of(tense))
    whole = head.followed_by(following(inner))
    return rendered(being(rng, whole, noun.classes, tense))
