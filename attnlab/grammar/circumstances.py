"""Where, with whom and when: the phrases that end a clause."""

from random import Random

from attnlab.grammar import closed_classes as closed
from attnlab.grammar.closed_classes import PLACES, Place
from attnlab.grammar.content import chance, someone_as_object
from attnlab.grammar.nominal import Nominal, stressed
from attnlab.grammar.words import Both, Mark, both, tied, word


def place_of(place: Place) -> Both:
    """Return where a superlative holds: "in the village", du village; "in Paris", de Paris."""
    name, mark = place_name(place), Mark()
    return Both(
        english=[word(place.at[0].split()[0], mark), *name.english],
        french=[word("de", mark), *name.french],
    )


def place_phrase(rng: Random, kind: str, places: tuple[Place, ...] = PLACES) -> Both:
    """Return a place: "at" it, "to" it or "from" it."""
    place = rng.choice(places)
    english, french = {"at": place.at, "to": place.to, "from": place.origin}[kind]
    preposition, *english_rest = english.split()
    french_preposition, *french_rest = french.split()
    first, article, noun = Mark(), Mark(), Mark()
    result = Both(english=[word(preposition, first)], french=[word(french_preposition, first)])
    article_mark = article if len(english_rest) == 2 else noun
    result.english += [word(part, article) for part in english_rest[:-1]]
    result.french += [word(part, article_mark) for part in french_rest[:-1]]
    return result + Both(
        english=[word(english_rest[-1], noun)], french=[word(french_rest[-1], noun)]
    )


def place_name(place: Place) -> Both:
    """Return the place itself, without a preposition: the market, le marché."""
    english, french = (side.split()[1:] for side in place.origin)
    article, noun = Mark(), Mark()
    article_mark = article if len(english) == 2 else noun
    return Both(
        english=[*(word(part, article) for part in english[:-1]), word(english[-1], noun)],
        french=[*(word(part, article_mark) for part in french[:-1]), word(french[-1], noun)],
    )


def company(rng: Random, subject: Nominal) -> Both:
    """Return "with him", "with her brother"."""
    someone = someone_as_object(rng, "relation", subject)
    return both("with", "avec") + stressed(someone)


def time_phrase(rng: Random, group: str, near: bool = False, hours: bool = True) -> Both:
    """Return a time of one group: past, present, habit or future.

    Args:
        rng: the only source of chance.
        group: a key of TIMES.
        near: no week, month or year, which do not suit what is done every day.
        hours: an hour of the clock may be told.
    """
    if group != "present" and chance(rng, 0.12):
        return weekday(rng, group == "habit")
    if group != "present" and hours and chance(rng, 0.25):
        return clock_time(rng)
    times = closed.TIMES[group]
    if near:
        times = tuple(time for time in times if not any(far in time[0] for far in FAR))
    english, french = rng.choice(times)
    return tied(english, french, notes="time")


FAR = ("week", "month", "year", "summer", "winter")


def weekday(rng: Random, habit: bool) -> Both:
    """Return "on Monday", lundi, or as a habit "on Mondays", le lundi."""
    english, french = rng.choice(closed.WEEKDAYS)
    if habit:
        return tied(f"on~1 {english}s~2", f"le~1 {french}~2", notes="time")
    return tied(f"on~1 {english}~1", f"{french}~1", notes="time")


def clock_time(rng: Random) -> Both:
    """Return "at five o'clock", "at half past five", "at a quarter to five" or "at noon"."""
    draw = rng.random()
    if draw < 0.1:
        english, french = rng.choice((("noon", "midi"), ("midnight", "minuit")))
        return tied(f"at~1 {english}~2", f"à~1 {french}~2", notes="time")
    english, french = closed.NUMBERS[rng.randint(2, 11)]
    english_hour, french_hour, notes = f"{english}~2", f"{french}~2 heures", "time number"
    if draw < 0.6:
        return tied(f"at~1 {english_hour} o'clock~3", f"à~1 {french_hour}~3", notes=notes)
    if draw < 0.8:
        half = f"at~1 half~3 past~4 {english_hour}"
        return tied(half, f"à~1 {french_hour}~4 et~4 demie~3", notes=notes)
    if draw < 0.9:
        past = f"at~1 a~3 quarter~3 past~4 {english_hour}"
        return tied(past, f"à~1 {french_hour}~4 et~4 quart~3", notes=notes)
    before = f"at~1 a~3 quarter~3 to~4 {english_hour}"
    return tied(before, f"à~1 {french_hour}~4 moins~4 le~3 quart~3", notes=notes)
