"""Sentences around one given noun: the ones that teach a rare word and the ones that ask for it."""

from functools import partial
from random import Random

from attnlab.grammar.clause import Clause
from attnlab.grammar.content import a_person, attribute, described
from attnlab.grammar.lexicon import Noun, Verb, adjectives_for
from attnlab.grammar.objects import HUMAN
from attnlab.grammar.predicates import BE
from attnlab.grammar.relatives import following, that_clause, verbs_of_things
from attnlab.grammar.sense import sensibly
from attnlab.grammar.tenses import era_of
from attnlab.grammar.words import Both, both


def sentence_about(noun: Noun, rng: Random) -> Both:
    """Return a sentence that names the noun once."""
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
    return Clause(subject=subject, verb=verb, tense=tense, direct=thing).words()


def _is_so(noun: Noun, rng: Random) -> Both:
    """This violin is too expensive."""
    if not adjectives_for(noun.classes, alone=True):
        return _done_to(noun, rng)
    thing = described(rng, noun, 0.0, subject=True)
    clause = Clause(subject=thing, verb=BE, tense=rng.choice(("present", "state past")))
    clause.rest = attribute(rng, thing, noun.classes)
    return clause.words()


def _that_is_so(noun: Noun, rng: Random) -> Both:
    """The violin that Anna bought is old."""
    if not adjectives_for(noun.classes, alone=True):
        return _done_to(noun, rng)
    head = described(rng, noun, 0.0, determiner="the")
    tense = rng.choice(("present", "state past"))
    inner = that_clause(rng, head, _verb_for(noun, rng), era_of(tense))
    whole = head.followed_by(following(inner))
    clause = Clause(subject=whole, verb=BE, tense=tense)
    clause.rest = attribute(rng, whole, noun.classes)
    return clause.words()
