"""Closed classes of words in both languages, read from `tables/`: pronouns, numbers, places, times.

The order of rows is kept, because random draws depend on it.
"""

from collections import defaultdict
from dataclasses import dataclass

from attnlab.grammar.lexicon import CLASSES
from attnlab.grammar.tsv import read_table


@dataclass(frozen=True, kw_only=True)
class Pronoun:
    """A personal pronoun: its English cases, its French cases, and what agrees with it."""

    english: str
    english_object: str
    english_possessive: str
    french: str
    direct: str
    indirect: str
    tonic: str
    person: int
    plural: bool
    gender: str


CASES = ("english", "english_object", "english_possessive", "french", "direct", "indirect", "tonic")


def _pronouns() -> dict[str, Pronoun]:
    columns = ("name", *CASES, "person", "number", "gender")
    return {
        row["name"]: Pronoun(
            **{case: row[case] for case in CASES},
            person=int(row.choice("person", ("1", "2", "3"))),
            plural=row.choice("number", ("singular", "plural")) == "plural",
            gender=row.choice("gender", ("m", "f")),
        )
        for row in read_table("pronouns", columns, key=("name",))
    }


_PRONOUNS = _pronouns()
SPEAKER, FRIEND, HE, SHE, WE, THEY = (
    _PRONOUNS[name] for name in ("speaker", "friend", "he", "she", "we", "they")
)
IT_MASCULINE, IT_FEMININE, THEY_FEMININE = (
    _PRONOUNS[name] for name in ("it_masculine", "it_feminine", "they_feminine")
)
# For a speaker or a friend whose name the sentence tells.
SPEAKER_FEMININE, FRIEND_FEMININE = _PRONOUNS["speaker_feminine"], _PRONOUNS["friend_feminine"]


def _determiners(kind: str) -> dict[str, tuple[str, str, str]]:
    columns = ("kind", "english", "masculine", "feminine", "plural")
    return {
        row["english"]: (row["masculine"], row["feminine"], row["plural"])
        for row in read_table("determiners", columns, key=("english",), optional=("plural",))
        if row.choice("kind", ("article", "possessive")) == kind
    }


# The French forms for masculine, feminine and plural nouns, by the English word.
ARTICLES = _determiners("article")
POSSESSIVES = _determiners("possessive")

NUMBERS = {
    row.integer("number"): (row["english"], row["french"])
    for row in read_table("numbers", ("number", "english", "french"), key=("number",))
}


def _quantities() -> dict[str, tuple[str, str, frozenset[str]]]:
    columns = ("name", "english", "french", "classes")
    known = CLASSES | {"plural"}
    return {
        row["name"]: (row["english"], row["french"], row.choices("classes", known))
        for row in read_table("quantities", columns, key=("name",))
    }


# English, French, and the classes of what is measured so; "plural" for what is counted.
QUANTITIES = _quantities()


def _names(gender: str) -> tuple[str, ...]:
    rows = read_table("names", ("name", "gender"), key=("name",))
    return tuple(row["name"] for row in rows if row.choice("gender", ("m", "f")) == gender)


WOMEN, MEN = _names("f"), _names("m")


@dataclass(frozen=True, kw_only=True)
class Place:
    """How both languages say that one is at a place, goes there, or comes from there."""

    at: tuple[str, str]
    to: tuple[str, str]
    origin: tuple[str, str]


def _places() -> tuple[Place, ...]:
    columns = ("english_at", "english", "french_at", "french_to", "french")
    return tuple(
        Place(
            at=(f"{row['english_at']} {row['english']}", f"{row['french_at']} {row['french']}"),
            to=(f"to {row['english']}", f"{row['french_to']} {row['french']}"),
            origin=(f"from {row['english']}", f"de {row['french']}"),
        )
        for row in read_table("places", columns, key=("english",))
    )


PLACES = _places()
# Where one may live: towns and countries.
HOMES = tuple(
    place
    for place in PLACES
    if place.at[0].split()[-1].istitle() or place.at[0] == "in the village"
)
NEAR = tuple(place for place in PLACES if place not in HOMES)
OUTDOORS = tuple(
    place
    for place in PLACES
    if place.at[0].split()[-1]
    in ("garden", "park", "beach", "village", "Paris", "London", "Rome", "Lyon")
)
AWAY = tuple(place for place in PLACES if place.at[0] not in ("in the kitchen", "in the garden"))

_TENSE_GROUPS = ("past", "present", "habit", "future")


def _times() -> dict[str, tuple[tuple[str, str], ...]]:
    groups: defaultdict[str, list[tuple[str, str]]] = defaultdict(list)
    known = (*_TENSE_GROUPS, "month", "weekday", "frequency")
    columns = ("group", "english", "french")
    for row in read_table("times", columns, key=("group", "english")):
        groups[row.choice("group", known)].append((row["english"], row["french"]))
    return {group: tuple(groups[group]) for group in known}


_TIMES = _times()
# Times, by the tense that they ask for.
TIMES = {group: _TIMES[group] for group in _TENSE_GROUPS}
MONTHS, WEEKDAYS, FREQUENCIES = (_TIMES[group] for group in ("month", "weekday", "frequency"))
