"""Idioms: ages, names, weather, dates, prices, durations, and crossed roles.

Roles are crossed where the French subject is the English object: I miss you, tu me manques.
"""

from dataclasses import replace
from random import Random

from attnlab.grammar import lexicon
from attnlab.grammar.clause import Clause
from attnlab.grammar.complements import place_phrase, time_phrase
from attnlab.grammar.content import a_name, a_person, chance, described, someone_as_object
from attnlab.grammar.lexicon import Noun, Verb, nouns_of, special_verb, verb_named
from attnlab.grammar.nominal import Nominal, number_words, pronoun_phrase, unit
from attnlab.grammar.rendering import rendered
from attnlab.grammar.words import Both, both, tied

AGE = special_verb("be", "avoir", "state")
COST = special_verb("cost", "coûter", "state")
EXIST = special_verb("be", "avoir", "state y", frame="object")
BORN = special_verb("be born", "naître", "être")
DIE = special_verb("die", "mourir", "être")
CALLED = special_verb("be called", "appeler", "se state")
RAIN, SNOW = special_verb("rain", "pleuvoir"), special_verb("snow", "neiger")
SKIES = (
    special_verb("be cold", "faire froid", "state"),
    special_verb("be hot", "faire chaud", "state"),
    special_verb("be windy", "avoir de le vent", "state y"),
    special_verb("be sunny", "avoir de le soleil", "state y"),
    special_verb("be nice", "faire beau", "state"),
)
# What there may be, and where.
PUBLIC = "market station airport library theatre cinema restaurant hospital hotel bank school park"
THERE_IS = (
    ("adult|child", PUBLIC + " beach garden village"),
    ("adult|child", PUBLIC),
    ("farm|pet|wild", "garden park village"),
    ("furniture", "kitchen library restaurant hotel school"),
    ("container|load", "kitchen station airport hotel school"),
    ("plant", "garden park village hotel"),
    ("vehicle", "village station park"),
)
STATE_TENSES = ("present", "present", "state past", "future")


def age(rng: Random) -> Both:
    """Anna is ten years old: Anna a dix ans."""
    subject = a_person(rng, "child|relation")
    clause = Clause(subject=subject, verb=AGE, tense=rng.choice(STATE_TENSES))
    low, high = _ages_of(subject)
    number = rng.randint(low, high)
    clause.rest = number_words(number) + tied("years~1 old~1", "ans~1")
    return rendered(clause)


# The year in which all this is said.
TODAY = 2020
# How old somebody may be, by what we call them; children go by their class.
AGES = {
    "grandfather": (58, 95), "grandmother": (58, 95), "father": (30, 75), "mother": (30, 75),
    "uncle": (25, 80), "aunt": (25, 80), "son": (2, 40), "daughter": (2, 40),
}  # fmt: skip


def _ages_of(subject: Nominal) -> tuple[int, int]:
    noun = subject.noun
    if noun is not None and "child" in noun.classes:
        return 3, 14
    return AGES.get(noun.english, (5, 70)) if noun is not None else (5, 90)


def called(rng: Random) -> Both:
    """My sister is called Anna: ma sœur s'appelle Anna."""
    relations = [noun for noun in nouns_of("relation|pet") if "hunter" not in noun.classes or
                 noun.english in ("dog", "cat")]  # fmt: skip
    subject = described(rng, rng.choice(relations), 0.2, determiner="own", plural=False)
    clause = Clause(subject=subject, verb=CALLED, tense=rng.choice(("present", "state past")))
    feminine = subject.gender == "f"
    name = rng.choice(lexicon.WOMEN if feminine else lexicon.MEN)
    clause.rest = both(name, name)
    return rendered(clause)


def price(rng: Random) -> Both:
    """This car costs 9500 euros."""
    noun = rng.choice(priced_nouns())
    thing = described(rng, noun, 0.28, subject=True)
    if {"cheap", "expensive"} & {part.text for part in thing.english}:
        return price(rng)
    # "They cost" might be present or past, "it cost" may not.
    tense = "future" if thing.plural else rng.choice(STATE_TENSES)
    clause = Clause(subject=thing, verb=COST, tense=tense)
    clause.rest = number_words(amount_for(rng, noun)) + both("euros", "euros")
    return rendered(clause)


# What a thing of a class costs, in euros.
PRICES = {"vehicle": (2400, 9999), "device": (40, 1500), "clothing": (9, 250), "decor": (30, 400),
          "furniture": (40, 1900)}  # fmt: skip


def priced_nouns() -> list[Noun]:
    """What has a price below ten thousand euros."""
    return [noun for noun in nouns_of("|".join(PRICES)) if noun.english not in ("bicycle", "sock")]


def amount_for(rng: Random, noun: Noun) -> int:
    """What such a thing may cost, often a round number."""
    low, high = next(PRICES[name] for name in PRICES if name in noun.classes)
    amount = rng.randint(low, high)
    return amount if chance(rng, 0.5) else max(low, amount // 10 * 10)


def impersonal() -> Nominal:
    """It, il, where it means nothing."""
    return pronoun_phrase(lexicon.IT_MASCULINE)


def weather(rng: Random) -> Both:
    """It was cold in Paris: il faisait froid à Paris. The place or time rules out a thing."""
    if chance(rng, 0.5):
        verb = rng.choice((RAIN, SNOW))
        tense = rng.choice(("progressive", "past", "future", "past progressive"))
    else:
        verb, tense = rng.choice(SKIES), rng.choice(STATE_TENSES)
    clause = Clause(subject=impersonal(), verb=verb, tense=tense)
    if chance(rng, 0.2):
        clause.negation = "not"
    clause.rest = place_phrase(rng, "at", lexicon.HOMES)
    times = {"past": "past", "future": "future", "progressive": "present"}
    if tense in times and chance(rng, 0.5):
        clause.rest = clause.rest + time_phrase(rng, times[tense])
    return rendered(clause)


def raining(tense: str, rng: Random) -> Both:
    """It is raining in a tense."""
    return rendered(Clause(subject=impersonal(), verb=rng.choice((RAIN, SNOW)), tense=tense))


def existence(rng: Random) -> Both:
    """There are two cats in the garden: il y a deux chats dans le jardin."""
    tense = rng.choice(STATE_TENSES)
    negated = chance(rng, 0.2)
    classes, near = rng.choice(THERE_IS)
    noun = rng.choice([noun for noun in nouns_of(classes) if "relation" not in noun.classes])
    plural = chance(rng, 0.6)
    determiner = rng.choice(("some", "many", "several", "number")) if plural else "a"
    if negated:
        determiner = "any" if plural else "not a"
    if determiner == "number":
        determiner = str(rng.randint(2, 12))
    thing = described(rng, noun, 0.25, determiner=determiner, plural=plural)
    there = replace(unit("there", "il"), english_plural=plural)
    clause = Clause(subject=there, verb=EXIST, tense=tense, direct=thing)
    clause.negation = "not" if negated else None
    clause.rest = place_phrase(rng, "at", lexicon.places_named(*near.split()))
    return rendered(clause)


def life(rng: Random) -> Both:
    """Marie was born on 3 May 1987: Marie est née le 3 mai 1987."""
    dead = chance(rng, 0.3)
    subject = a_name(rng) if chance(rng, 0.6) else a_person(rng, "relation", pronouns=not dead)
    clause = Clause(subject=subject, verb=DIE if dead else BORN, tense="past")
    low, high = _ages_of(subject)
    clause.rest = date(rng, TODAY - 130, TODAY) if dead else date(rng, TODAY - high, TODAY - low)
    if chance(rng, 0.4):
        clause.rest = place_phrase(rng, "at", lexicon.HOMES) + clause.rest
    return rendered(clause)


def date(rng: Random, earliest: int, latest: int) -> Both:
    """On 3 May 1987, in May 1987 or in 1987."""
    year = rng.randint(earliest, latest)
    english, french = rng.choice(lexicon.MONTHS)
    draw = rng.random()
    if draw < 0.3:
        return tied(f"in~1 {year}~2", f"en~1 {year}~2", tags="number time")
    if draw < 0.5:
        return tied(f"in~1 {english}~2 {year}~3", f"en~1 {french}~2 {year}~3", tags="number time")
    day = rng.randint(1, 28)
    french_day = "1er" if day == 1 else str(day)
    return tied(
        f"on~1 {day}~2 {english}~3 {year}~4",
        f"le~1 {french_day}~2 {french}~3 {year}~4",
        tags="number time",
    )


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
    verb = verb_named(name)
    clause = Clause(subject=a_person(rng), verb=verb, tense="perfect progressive")
    if "home" in verb.flags or chance(rng, 0.4):
        clause.rest = place_phrase(
            rng, "at", lexicon.HOMES if "home" in verb.flags else lexicon.PLACES
        )
    english, french = rng.choice(LASTING[name])
    length = number_words(rng.randint(2, 16)) + both(english, french, tags="time")
    clause.rest = clause.rest + both("for", "depuis") + length
    return rendered(clause)


MISS = special_verb("miss", "manquer", "state", frame="object")
LACK = special_verb("miss", "manquer", frame="to")
LIKE = special_verb("like", "aimer", "state", frame="object")
PLEASE = special_verb("like", "plaire", frame="to")
LIKED = "clothing|show|text|picture|music|spot|public|home|vehicle|furniture|decor"


def missing(rng: Random) -> Both:
    """I miss you: tu me manques."""
    person = a_person(rng)
    missed = someone_as_object(rng, "relation", person)
    return _crossed(MISS, LACK, person, missed, rng.choice(STATE_TENSES))


def pleasing(rng: Random) -> Both:
    """Anna likes this house: cette maison plaît à Anna."""
    person = a_person(rng)
    noun = rng.choice(nouns_of(LIKED))
    determiner = rng.choice(("the", "this", "this", "my", "your"))
    thing = described(rng, noun, 0.3, determiner=determiner)
    tense = rng.choice(STATE_TENSES)
    return _crossed(LIKE, PLEASE, person, thing, tense, "not" if chance(rng, 0.2) else None)


def _crossed(
    verb: Verb,
    french_verb: Verb,
    person: Nominal,
    other: Nominal,
    tense: str,
    negation: str | None = None,
) -> Both:
    """A clause whose English object is the French subject, and the subject the indirect object."""
    english = Clause(subject=person, verb=verb, tense=tense, direct=other, negation=negation)
    french = replace(english, subject=other, verb=french_verb, direct=None, indirect=person)
    return rendered(english, french).tagged("idiom")
