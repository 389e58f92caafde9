"""Sentences whose pronouns agree with a noun in another clause: he, it, y and en."""

from collections.abc import Callable
from functools import cache
from random import Random

from attnlab.grammar import lexicon
from attnlab.grammar.clause import Clause
from attnlab.grammar.complements import HUMAN, place_name, place_phrase, time_phrase
from attnlab.grammar.content import (
    a_name,
    a_person,
    a_thing,
    as_pronoun,
    chance,
    described,
    pronoun_for,
)
from attnlab.grammar.lexicon import (
    Noun,
    Verb,
    adjectives_for,
    nouns_of,
    verb_named,
    verbs_of,
)
from attnlab.grammar.nominal import Nominal, pronoun_phrase
from attnlab.grammar.predicates import TIMES_OF_TENSE, a_clause, a_doer, a_later_clause, being
from attnlab.grammar.rendering import rendered
from attnlab.grammar.tsv import read_table
from attnlab.grammar.words import NOTHING, Both, Mark, Word, both, capitalised, word, words

Maker = Callable[[Random], Both]


@cache
def _events(kind: str) -> dict[str, tuple[str, ...]]:
    """Verbs, and the verbs or adjectives that go with them; `tables/events.tsv` has the kinds."""
    rows = read_table("events", ("kind", "verbs", "suited"), key=("kind", "verbs"))
    return {
        row["verbs"]: tuple(row["suited"].split())
        for row in rows
        if row.choice("kind", ("then", "because", "mood")) == kind
    }


def buy_and_eat(rng: Random) -> Both:
    """Anna bought an apple and she ate it: the pronoun takes the gender of the French apple."""
    first_name = rng.choice(list(_events("then")))
    first, then = verb_named(first_name), verb_named(rng.choice(_events("then")[first_name]))
    nouns = [noun for noun in nouns_of(first.objects - HUMAN) if noun.classes & then.objects]
    if not nouns:
        return buy_and_eat(rng)
    subject = a_doer(rng, then if "person" in first.subjects else first)
    noun = rng.choice(sorted(nouns, key=lambda noun: noun.english))
    thing = described(rng, noun, 0.3, owner=subject)
    tense = rng.choice(("past", "past", "future"))
    if "accident" in first.flags | then.flags or then.state:
        tense = "past"
    one = Clause(subject=subject, verb=first, tense=tense, direct=thing)
    two = Clause(
        subject=_again(subject),
        verb=then,
        tense="state past" if then.state else tense,
        direct=as_pronoun(thing, as_person=False),
    )
    return rendered(one) + both("and", "et", tags="coordination") + rendered(two)


def _again(subject: Nominal) -> Nominal:
    return as_pronoun(subject, as_person=subject.noun is None or subject.noun.human)


def because_it_is(rng: Random) -> Both:
    """Anna bought the dress because it was cheap: the adjective agrees across the clause."""
    names, among = rng.choice(list(_events("because").items()))
    verb = verb_named(rng.choice(names.split()))
    subject = a_doer(rng, verb)
    options = [
        noun
        for noun in nouns_of(verb.objects - HUMAN)
        if any(a.english in among for a in adjectives_for(noun.classes, alone=True))
    ]
    if not options:
        return because_it_is(rng)
    noun = rng.choice(options)
    thing = described(rng, noun, 0.0, owner=subject)
    tense = rng.choice(("past", "past", "progressive", "future"))
    if verb.state:
        tense = rng.choice(("present", "state past"))
    elif verb.momentary and tense == "progressive":
        tense = "past"
    one = Clause(subject=subject, verb=verb, tense=tense, direct=thing)
    it = pronoun_phrase(pronoun_for(thing, as_person=noun.human))
    two = being(rng, it, noun.classes, "state past" if "past" in tense else "present", among)
    return rendered(one) + _because() + rendered(two)


def _because() -> Both:
    return both("because", "parce que", tags="subordination")


def because_of_mood(rng: Random) -> Both:
    """The girls are sleeping because they are tired."""
    name, among = rng.choice(list(_events("mood").items()))
    verb = verb_named(name)
    subject = a_doer(rng, verb)
    one = Clause(subject=subject, verb=verb, tense=rng.choice(("progressive", "past")))
    if "object" in verb.frame:
        one.direct = described(rng, rng.choice(nouns_of("relation")), 0.0, owner=subject)
    elif verb.frame == "to":
        one.indirect = a_name(rng) if chance(rng, 0.4) else described(
            rng, rng.choice(nouns_of("relation")), 0.0, owner=subject
        )  # fmt: skip
    tense = "state past" if one.tense == "past" else "present"
    two = being(rng, _again(subject), HUMAN, tense, among)
    return rendered(one) + _because() + rendered(two)


def when_it_happened(rng: Random) -> Both:
    """Paul was sleeping when the teacher arrived."""
    one = a_clause(rng, tense="past progressive", frame=rng.choice(("none", "object")), spare=0.3)
    if one.tense != "past progressive" or one.negation:
        return when_it_happened(rng)
    two = a_later_clause(rng, tense="past", frame="travel", spare=0.0)
    two.negation = None
    if two.tense != "past" or two.verb.english in ("stay", "go"):
        return when_it_happened(rng)
    if two.verb.english in ("arrive", "return"):
        two.rest = NOTHING
    return rendered(one) + both("when", "quand", tags="subordination") + rendered(two)


def side_by_side(rng: Random) -> Both:
    """Paul is sleeping and Anna is reading a book."""
    tense = rng.choice(("past", "progressive", "future", "past progressive"))
    one = a_clause(rng, tense=tense, spare=0.3)
    two = a_later_clause(rng, tense=tense, spare=0.3)
    if one.tense != two.tense:
        return side_by_side(rng)
    if chance(rng, 0.15):
        return rendered(one) + both(";", ";") + rendered(two)
    english, french = ("and", "et") if bool(one.negation) == bool(two.negation) else ("but", "mais")
    return rendered(one) + both(english, french, tags="coordination") + rendered(two)


def topic(rng: Random) -> Both:
    """This letter? I sent it to them yesterday."""
    clause = a_clause(rng, frame=rng.choice(("give", "object")), spare=0.6)
    wanted = clause.verb.objects - HUMAN
    if clause.negative_phrase:
        return topic(rng)
    if not wanted or "person" not in clause.verb.subjects or "generic" in clause.verb.flags:
        return topic(rng)
    determiner = rng.choice(("the", "this", "my", "your", "his", "her", "our", "their"))
    thing = a_thing(rng, wanted, clause.subject, determiner=determiner)
    if thing.noun is None or thing.noun.human:
        return topic(rng)
    clause.direct = as_pronoun(thing, as_person=False)
    return _topic_and_comment(thing.both, clause)


def _topic_and_comment(thing: Both, clause: Clause) -> Both:
    """The market? Anna went there. The last full stop is left out."""
    comment = rendered(clause)
    return (
        thing.tagged("topic")
        + both("?", "?")
        + Both(english=capitalised(comment.english), french=capitalised(comment.french))
    )


# France would need an article here that it lacks elsewhere: la France.
TOPICS = tuple(place for place in lexicon.PLACES if not place.to[1].startswith("en "))
DONE_THERE = ("work", "sleep", "wait", "rest", "dance", "have fun", "have lunch", "play cards")
COUNTED = ("buy", "eat", "find", "choose", "lose", "draw", "receive", "write", "read", "wash",
           "repair", "break", "paint", "order")  # fmt: skip
AMOUNTS = (*((english, french) for english, french in list(lexicon.NUMBERS.values())[:11]),
           ("several", "plusieurs"), ("many", "beaucoup"), ("too many", "trop"))  # fmt: skip


def _clitic_there() -> tuple[Both, Word]:
    mark = Mark()
    return Both(english=[word("there", mark)], french=[]), word("y", mark)


def _tense(rng: Random, verb: Verb) -> str:
    if verb.state:
        return rng.choice(("present", "state past"))
    # "J'y irai" is not said.
    tenses = ("past", "past", "progressive", "future", "past progressive", "present")
    return rng.choice(tenses[:3] if verb.french == "aller" else tenses)


def there(rng: Random) -> Both:
    """The market? Anna went there yesterday. Paul went to the park and he slept there."""
    if chance(rng, 0.35):
        return _gone_and_done(rng)
    place = rng.choice(TOPICS)
    verb = verb_named(rng.choice(("go", "arrive", *DONE_THERE)))
    if place in lexicon.HOMES and chance(rng, 0.4):
        verb = verb_named("live")
    clause = Clause(subject=a_person(rng), verb=verb, tense=_tense(rng, verb))
    if not verb.state and chance(rng, 0.15):
        clause.negation = "not"
    clause.rest, clause.clitic = _clitic_there()
    group, _ = TIMES_OF_TENSE.get(clause.tense, ("", 0.0))
    if group and not verb.state and (clause.tense == "present" or chance(rng, 0.35)):
        clause.rest = clause.rest + time_phrase(rng, group, near="daily" in verb.flags)
    return _topic_and_comment(place_name(place), clause)


def _gone_and_done(rng: Random) -> Both:
    """Paul went to the park and he slept there."""
    subject = a_person(rng)
    tense = rng.choice(("past", "past", "future"))
    one = Clause(subject=subject, verb=verb_named("go"), tense=tense)
    one.rest = place_phrase(rng, "to", lexicon.AWAY)
    done = verb_named(rng.choice(("stay", *DONE_THERE)))
    two = Clause(subject=as_pronoun(subject), verb=done, tense=tense)
    two.rest, two.clitic = _clitic_there()
    return rendered(one) + both("and", "et", tags="coordination") + rendered(two)


def of_them(rng: Random) -> Both:
    """Apples? Anna bought three of them: des pommes ? Anna en a acheté trois."""
    verb = verb_named(rng.choice(COUNTED))
    options: list[Noun] = [
        noun
        for noun in nouns_of(verb.objects - HUMAN)
        if not noun.mass and "unique" not in noun.classes
    ]
    noun, mark = rng.choice(options), Mark()
    topic = Both(
        english=words(noun.english_plural, mark),
        french=[word("des", mark), *words(noun.french_plural, mark)],
    )
    tense = "past" if verb.momentary else rng.choice(("past", "past", "future", "perfect"))
    clause = Clause(subject=a_doer(rng, verb), verb=verb, tense=tense)
    english, french = rng.choice(AMOUNTS)
    amount, those = Mark(), Mark()
    clause.direct = Nominal(
        english=[*words(english, amount), *words("of them", those)],
        french=words(french, amount, tags="quantity"),
        gender=noun.gender,
        plural=True,
    )
    clause.clitic = word("en", those)
    return _topic_and_comment(topic, clause)


def about_it(rng: Random) -> Both:
    """This book? We talked about it: nous en avons parlé."""
    verb = rng.choice(verbs_of("of"))
    subject = a_person(rng)
    determiner = rng.choice(("the", "this", "my", "your", "our"))
    thing = a_thing(rng, verb.objects - HUMAN, subject, determiner=determiner)
    tenses = ("past", "progressive", "future", "past progressive")
    tense = rng.choice(("present", "state past", "future") if verb.state else tenses)
    clause = Clause(subject=subject, verb=verb, tense=tense)
    if chance(rng, 0.2):
        clause.negation = "not"
    clause.about = as_pronoun(thing, as_person=False)
    return _topic_and_comment(thing.both, clause)
