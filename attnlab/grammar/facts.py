"""Facts that each language says its own way: ages, weather, dates, prices, there is, to miss."""

from random import Random

from . import lexicon_small as small
from .circumstances import place_phrase, time_phrase
from .clause import Clause
from .clause_english import english_clause
from .clause_french import french_clause
from .content import a_name, a_person, chance, described, someone_as_object
from .lexicon_nouns import nouns_of
from .lexicon_verbs import Verb, verbs_of
from .nominal import Nominal, number_words, pronoun_phrase
from .words import Both, Mark, both, tied, word


def _verb(english: str, french: str, flags: str = "", frame: str = "none") -> Verb:
    base, _, particle = english.partition(" ")
    return Verb(
        english=base,
        particle=particle,
        french=french,
        frame=frame,
        subjects=frozenset(),
        objects=frozenset(),
        flags=frozenset(flags.split()),
    )


AGE = _verb("be", "avoir", "state")
COST = _verb("cost", "coûter", "state")
EXIST = _verb("be", "avoir", "state y", frame="object")
BORN = _verb("be born", "naître", "être")
DIE = _verb("die", "mourir", "être")
MISS, LACK = _verb("miss", "manquer", "state", frame="object"), _verb("miss", "manquer", frame="to")
RAIN, SNOW = _verb("rain", "pleuvoir"), _verb("snow", "neiger")
SKIES = (
    _verb("be cold", "faire froid", "state"),
    _verb("be hot", "faire chaud", "state"),
    _verb("be dark", "faire nuit", "state"),
    _verb("be nice", "faire beau", "state"),
)
NEAR = tuple(place for place in small.PLACES if place not in small.HOMES)
STATE_TENSES = ("present", "present", "state past", "future")


def age(rng: Random) -> Both:
    """Anna is ten years old: Anna a dix ans."""
    subject = a_person(rng, "child|relation")
    clause = Clause(subject=subject, verb=AGE, tense=rng.choice(STATE_TENSES))
    young = subject.noun is not None and "child" in subject.noun.classes
    number = rng.randint(3, 14) if young else rng.randint(2, 90)
    clause.rest = number_words(number) + tied("years~1 old~1", "ans~1")
    return clause.words()


def price(rng: Random) -> Both:
    """This car costs 9500 euros."""
    noun = rng.choice(nouns_of("costly|clothing|furniture|device"))
    thing = described(rng, noun, 0.28, subject=True)
    # "They cost" might be present or past, "it cost" may not.
    tense = "future" if thing.plural else rng.choice(STATE_TENSES)
    clause = Clause(subject=thing, verb=COST, tense=tense)
    amount = rng.choice((rng.randint(2, 99), rng.randint(1, 99) * 10, rng.randint(1, 99) * 100))
    clause.rest = number_words(amount) + both("euros", "euros")
    return clause.words()


def impersonal() -> Nominal:
    """Return it, il, where it means nothing."""
    return pronoun_phrase(small.IT_MASCULINE)


def weather(rng: Random) -> Both:
    """It was cold in Paris: il faisait froid à Paris. The place or time tells it from a thing."""
    if chance(rng, 0.5):
        verb = rng.choice((RAIN, SNOW))
        tense = rng.choice(("progressive", "past", "future", "past progressive"))
    else:
        verb, tense = rng.choice(SKIES), rng.choice(STATE_TENSES)
    clause = Clause(subject=impersonal(), verb=verb, tense=tense)
    if chance(rng, 0.2):
        clause.negation = "not"
    clause.rest = place_phrase(rng, "at", small.HOMES)
    times = {"past": "past", "future": "future", "progressive": "present"}
    if tense in times and chance(rng, 0.5):
        clause.rest = clause.rest + time_phrase(rng, times[tense])
    return clause.words()


def raining(tense: str, rng: Random) -> Both:
    """Return "it is raining" in a tense."""
    return Clause(subject=impersonal(), verb=rng.choice((RAIN, SNOW)), tense=tense).words()


def existence(rng: Random) -> Both:
    """There are two cats in the garden: il y a deux chats dans le jardin."""
    tense = rng.choice(STATE_TENSES)
    negated = chance(rng, 0.2)
    noun = rng.choice([noun for noun in nouns_of("animal|adult|child|furniture|plant|container")
                       if "relation" not in noun.classes])  # fmt: skip
    plural = chance(rng, 0.6)
    determiner = rng.choice(("some", "many", "several", "number")) if plural else "a"
    if negated:
        determiner = "any" if plural else "not a"
    if determiner == "number":
        determiner = str(rng.randint(2, 12))
    thing = described(rng, noun, 0.25, determiner=determiner, plural=plural)
    mark = Mark()
    there = Nominal(
        english=[word("there", mark)],
        french=[word("il", mark)],
        gender="m",
        plural=False,
        english_plural=plural,
    )
    clause = Clause(subject=there, verb=EXIST, tense=tense, direct=thing)
    clause.negation = "not" if negated else None
    clause.rest = place_phrase(rng, "at", NEAR)
    return clause.words()


def life(rng: Random) -> Both:
    """Marie was born on 3 May 1987: Marie est née le 3 mai 1987."""
    dead = chance(rng, 0.3)
    subject = a_name(rng) if chance(rng, 0.6) else a_person(rng, "relation", pronouns=not dead)
    clause = Clause(subject=subject, verb=DIE if dead else BORN, tense="past")
    clause.rest = date(rng)
    if chance(rng, 0.4):
        clause.rest = place_phrase(rng, "at", small.HOMES) + clause.rest
    return clause.words()


def date(rng: Random) -> Both:
    """Return "on 3 May 1987", "in May" or "in 1987"."""
    year = rng.randint(1890, 2020)
    english, french = rng.choice(small.MONTHS)
    draw = rng.random()
    if draw < 0.3:
        return tied(f"in~1 {year}~2", f"en~1 {year}~2", notes="number time")
    if draw < 0.5:
        return tied(f"in~1 {english}~2 {year}~3", f"en~1 {french}~2 {year}~3", notes="number time")
    day = rng.randint(1, 28)
    french_day = "1er" if day == 1 else str(day)
    return tied(
        f"on~1 {day}~2 {english}~3 {year}~4",
        f"le~1 {french_day}~2 {french}~3 {year}~4",
        notes="number time",
    )


def missing(rng: Random) -> Both:
    """I miss you: tu me manques. Who is missed is the French subject."""
    sad = a_person(rng)
    missed = someone_as_object(rng, "relation", sad)
    tense = rng.choice(STATE_TENSES)
    english = Clause(subject=sad, verb=MISS, tense=tense, direct=missed)
    french = Clause(
        subject=missed,
        verb=LACK,
        tense=tense,
        indirect=sad,
        tense_mark=english.tense_mark,
        verb_mark=english.verb_mark,
    )
    return Both(english=english_clause(english), french=french_clause(french)).noted("idiom")


HOURS, DAYS, WEEKS = ("hours", "heures"), ("days", "jours"), ("weeks", "semaines")
MONTHS, YEARS = ("months", "mois"), ("years", "ans")
# What may last how long.
LASTING = {
    "work": (HOURS, MONTHS, YEARS),
    "wait": (HOURS, DAYS),
    "sleep": (HOURS,),
    "play": (HOURS,),
    "travel": (DAYS, WEEKS, MONTHS),
    "rest": (HOURS, DAYS),
    "live": (MONTHS, YEARS),
}


def duration(rng: Random) -> Both:
    """Paul has been living here for ten years: Paul habite ici depuis dix ans."""
    name = rng.choice(list(LASTING))
    verb = next(verb for verb in verbs_of("none") if verb.english == name)
    clause = Clause(subject=a_person(rng), verb=verb, tense="perfect progressive")
    if "home" in verb.flags or chance(rng, 0.4):
        clause.rest = place_phrase(rng, "at", small.HOMES if "home" in verb.flags else small.PLACES)
    english, french = rng.choice(LASTING[name])
    length = number_words(rng.randint(2, 16)) + both(english, french, notes="time")
    clause.rest = clause.rest + both("for", "depuis") + length
    return clause.words()
