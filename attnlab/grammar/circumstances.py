"""Where, with whom and when: the phrases that end a clause."""

from random import Random

from . import lexicon_small as small
from .content import chance, someone_as_object
from .lexicon_small import PLACES, Place
from .nominal import Nominal, stressed
from .words import Both, Mark, both, tied, word


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


def company(rng: Random, subject: Nominal) -> Both:
    """Return "with him", "with her brother"."""
    someone = someone_as_object(rng, "relation", subject)
    return both("with", "avec") + stressed(someone)


def time_phrase(rng: Random, group: str) -> Both:
    """Return a time of one group: past, present, habit or future; sometimes an hour."""
    if group != "present" and chance(rng, 0.25):
        return clock_time(rng)
    english, french = rng.choice(small.TIMES[group])
    return tied(english, french, notes="time")


def clock_time(rng: Random) -> Both:
    """Return "at five o'clock", "at half past five" or "on Monday"."""
    draw = rng.random()
    if draw < 0.35:
        english, french = rng.choice(small.WEEKDAYS)
        return tied(f"on~1 {english}~1", f"{french}~1", notes="time")
    english, french = small.NUMBERS[rng.randint(2, 11)]
    if draw < 0.75:
        return tied(f"at~1 {english}~2 o'clock~3", f"à~1 {french}~2 heures~3", notes="time number")
    return tied(
        f"at~1 half~3 past~3 {english}~2", f"à~1 {french}~2 heures~3 et~3 demie~3",
        notes="time number",
    )  # fmt: skip
