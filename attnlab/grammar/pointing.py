"""The pronouns y and en: there, j'y vais; of them, j'en ai trois; about it, j'en parle."""

from random import Random

from attnlab.grammar import closed_classes as closed
from attnlab.grammar.clause import Clause
from attnlab.grammar.complements import HUMAN, place_name, place_phrase, time_phrase
from attnlab.grammar.content import a_person, a_thing, chance, pronoun_for
from attnlab.grammar.joined import verb_named
from attnlab.grammar.lexicon import Noun, Verb, nouns_of, travels, verbs_of
from attnlab.grammar.nominal import Nominal, pronoun_phrase
from attnlab.grammar.predicates import TIMES_OF_TENSE, a_doer
from attnlab.grammar.realise import capitalised
from attnlab.grammar.rendering import rendered
from attnlab.grammar.words import Both, Mark, Word, both, word, words

# France would need an article here that it lacks elsewhere: la France.
TOPICS = tuple(place for place in closed.PLACES if not place.to[1].startswith("en "))
DONE_THERE = ("work", "sleep", "wait", "rest", "dance", "have fun", "have lunch", "play cards")
COUNTED = ("buy", "eat", "find", "choose", "lose", "draw", "receive", "write", "read", "wash",
           "repair", "break", "paint", "order")  # fmt: skip
AMOUNTS = (*((english, french) for english, french in list(closed.NUMBERS.values())[:11]),
           ("several", "plusieurs"), ("many", "beaucoup"), ("too many", "trop"))  # fmt: skip


def _asked_and_told(topic: Both, clause: Clause) -> Both:
    """Return "The market? Anna went there.", without the last full stop."""
    answer = rendered(clause)
    told = Both(english=capitalised(answer.english), french=capitalised(answer.french))
    return topic.noted("topic") + both("?", "?") + told


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
    travelled = [verb for verb in travels() if verb.english in ("go", "stay", "arrive")]
    if chance(rng, 0.35):
        return _gone_and_done(rng)
    place = rng.choice(TOPICS)
    verb = rng.choice((*travelled[:2], *(verb_named(name) for name in DONE_THERE)))
    if place in closed.HOMES and chance(rng, 0.4):
        verb = verb_named("live")
    clause = Clause(subject=a_person(rng), verb=verb, tense=_tense(rng, verb))
    if not verb.state and chance(rng, 0.15):
        clause.negation = "not"
    clause.rest, clause.clitic = _clitic_there()
    group, _ = TIMES_OF_TENSE.get(clause.tense, ("", 0.0))
    if group and not verb.state and (clause.tense == "present" or chance(rng, 0.35)):
        clause.rest = clause.rest + time_phrase(rng, group, near="daily" in verb.flags)
    return _asked_and_told(place_name(place), clause)


def _gone_and_done(rng: Random) -> Both:
    """Paul went to the park and he slept there."""
    subject = a_person(rng)
    tense = rng.choice(("past", "past", "future"))
    goes = next(verb for verb in travels() if verb.english == "go")
    one = Clause(subject=subject, verb=goes, tense=tense, rest=place_phrase(rng, "to", closed.AWAY))
    again = pronoun_phrase(subject.pronoun or pronoun_for(subject, as_person=True))
    stays = next(verb for verb in travels() if verb.english == "stay")
    done = rng.choice((stays, *(verb_named(name) for name in DONE_THERE)))
    two = Clause(subject=again, verb=done, tense=tense)
    two.rest, two.clitic = _clitic_there()
    return rendered(one) + both("and", "et", notes="coordination") + rendered(two)


def of_them(rng: Random) -> Both:
    """Apples? Anna bought three of them: des pommes ? Anna en a acheté trois."""
    verb = verb_named(rng.choice(COUNTED))
    options: list[Noun] = [
        noun
        for noun in nouns_of("|".join(sorted(verb.objects - HUMAN)))
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
        french=words(french, amount, notes="quantity"),
        gender=noun.gender,
        plural=True,
    )
    clause.clitic = word("en", those)
    return _asked_and_told(topic, clause)


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
    clause.about = pronoun_phrase(pronoun_for(thing, as_person=False))
    return _asked_and_told(thing.both, clause)
