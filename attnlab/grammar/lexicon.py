"""The words of both languages, read from `tables/` and checked.

Random draws depend on the order of rows, which is kept.
"""

from dataclasses import dataclass, replace
from functools import cache

from attnlab.grammar.inflection import (
    FRENCH_TENSES,
    conjugate,
    english_plural,
    english_verb,
    french_plural,
)
from attnlab.grammar.tsv import Row, read_table

CLASSES = frozenset(
    row["class"] for row in read_table("classes", ("class", "meaning"), key=("class",))
)
# What the classes column of an adjective may have besides.
ADJECTIVE_MARKS = frozenset({"attributive", "predicative", "absolute", "colour"})
FRAMES = ("none", "object", "to", "of", "give")
FLAGS = frozenset({"être", "se", "state", "sense", "event", "accident", "generic", "place",
                   "outdoors", "home", "with", "daily", "timeless", "named"})  # fmt: skip
NOUN_COLUMNS = ("english", "english_plural", "french", "french_plural", "gender", "classes")
PLURALS = ("english_plural", "french_plural")

Classes = str | frozenset[str]
"""Classes of nouns; a text separates them by |."""


@dataclass(frozen=True, kw_only=True)
class Noun:
    """A noun in both languages, singular and plural."""

    english: str
    english_plural: str
    french: str
    french_plural: str
    gender: str
    classes: frozenset[str]

    @property
    def mass(self) -> bool:
        """True for what is not counted: bread, water."""
        return "mass" in self.classes

    @property
    def human(self) -> bool:
        """True for people."""
        return "person" in self.classes


def _noun(row: Row) -> Noun:
    return Noun(
        english=row["english"],
        english_plural=row["english_plural"] or english_plural(row["english"]),
        french=row["french"],
        french_plural=row["french_plural"] or french_plural(row["french"]),
        gender=row.choice("gender", ("m", "f")),
        classes=row.choices("classes", CLASSES),
    )


@cache
def nouns() -> tuple[Noun, ...]:
    """Every ordinary noun, in the order of the table."""
    rows = read_table("nouns", NOUN_COLUMNS, key=("english",), optional=PLURALS)
    return tuple(map(_noun, rows))


@cache
def rare_nouns() -> tuple[tuple[Noun, int], ...]:
    """Every rare noun with the number of training sentences that show it."""
    rows = read_table("rare_nouns", ("shown", *NOUN_COLUMNS), key=("english",), optional=PLURALS)
    ordinary = {noun.english for noun in nouns()}
    for row in rows:
        if row["english"] in ordinary:
            raise row.error(f"{row['english']} is in nouns.tsv, too; a rare noun is only here")
    return tuple((_noun(row), row.integer("shown")) for row in rows)


@cache
def nouns_of(classes: Classes) -> tuple[Noun, ...]:
    """The nouns in at least one of the classes, which may be written "text|picture"."""
    wanted = set(classes.split("|")) if isinstance(classes, str) else classes
    found = tuple(noun for noun in nouns() if noun.classes & wanted)
    if not found:
        raise ValueError(f"no noun of nouns.tsv is in {classes}")
    return found


@dataclass(frozen=True, kw_only=True)
class Adjective:
    """An adjective in both languages."""

    english: str
    french: str
    before: bool
    classes: frozenset[str]

    @property
    def gradable(self) -> bool:
        """Whether there is more and less of it."""
        return not self.classes & {"absolute", "colour"}


@cache
def adjectives() -> tuple[Adjective, ...]:
    """Every adjective, in the order of the table."""
    rows = read_table("adjectives", ("english", "french", "position", "classes"), key=("english",))
    return tuple(
        Adjective(
            english=row["english"],
            french=row["french"],
            before=row.choice("position", ("before", "after")) == "before",
            classes=row.choices("classes", CLASSES | ADJECTIVE_MARKS),
        )
        for row in rows
    )


@cache
def adjectives_for(classes: frozenset[str], alone: bool = False) -> tuple[Adjective, ...]:
    """The adjectives for a noun of these classes; `alone`: those that may follow "to be"."""
    unfit = "attributive" if alone else "predicative"
    return tuple(
        adjective
        for adjective in adjectives()
        if adjective.classes & classes and unfit not in adjective.classes
    )


@dataclass(frozen=True, kw_only=True)
class Verb:
    """A verb in both languages, in one of its frames; `tables/verbs.tsv` explains the columns."""

    english: str
    particle: str
    french: str
    frame: str
    subjects: frozenset[str]
    objects: frozenset[str]
    flags: frozenset[str]

    @property
    def infinitive(self) -> str:
        """The French verb itself: avoir, of avoir faim."""
        return self.french.partition(" ")[0]

    @property
    def complement(self) -> str:
        """What follows the French verb as a part of it: faim, of avoir faim."""
        return self.french.partition(" ")[2]

    @property
    def reflexive(self) -> bool:
        """True for verbs with se; they take être."""
        return "se" in self.flags

    @property
    def auxiliary(self) -> str:
        """The French auxiliary of the perfect: "avoir" or "être"."""
        return "être" if self.flags & {"être", "se"} else "avoir"

    @property
    def tenseless(self) -> bool:
        """True where English has one form for present and past: they read, they cut."""
        return english_verb(self.english, "past") == self.english

    @property
    def momentary(self) -> bool:
        """True for what is not going on for a while: it has no progressive."""
        return bool(self.flags & {"event", "accident", "sense"})

    @property
    def state(self) -> bool:
        """True for what lasts: no progressive, and a past in the French imperfect."""
        return "state" in self.flags


def special_verb(english: str, french: str, flags: str = "", frame: str = "none") -> Verb:
    """A verb that is in no table, for one rule, which chooses its subject."""
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


def _verb(row: Row, frame: str, objects: frozenset[str]) -> Verb:
    verb = replace(
        special_verb(row["english"], row["french"], frame=frame),
        subjects=row.choices("subjects", CLASSES),
        objects=objects,
        flags=row.choices("flags", FLAGS),
    )
    try:
        conjugate(verb.infinitive)
    except ValueError as error:
        raise row.error(str(error)) from error
    return verb


@cache
def verbs() -> tuple[Verb, ...]:
    """Every verb that says what somebody does, in the order of the table."""
    columns = ("english", "french", "frame", "subjects", "objects", "flags")
    key = ("english", "french", "frame")
    found = []
    for row in read_table("verbs", columns, key=key, optional=("objects", "flags")):
        frame, objects = row.choice("frame", FRAMES), row.choices("objects", CLASSES)
        if (frame == "none") != (not objects):
            count = "objects" if objects else "no objects"
            raise row.error(f"a verb of frame {frame} has {count}")
        found.append(_verb(row, frame, objects))
    return tuple(found)


@cache
def verbs_of(frame: str) -> tuple[Verb, ...]:
    """The verbs of one frame."""
    return tuple(verb for verb in verbs() if verb.frame == frame)


@cache
def verb_named(english: str) -> Verb:
    """The first verb with this English name, particle included, as frames are listed."""
    for verb in (*(verb for frame in FRAMES for verb in verbs_of(frame)), *travels()):
        if f"{verb.english} {verb.particle}".rstrip() == english:
            return verb
    raise ValueError(f"{english}: no such verb in verbs.tsv")


@cache
def travels() -> tuple[Verb, ...]:
    """The verbs of going and staying; their `objects` say which place phrase follows."""
    columns = ("english", "french", "place", "subjects", "flags")
    rows = read_table("travel_verbs", columns, key=("english",), optional=("flags",))
    places = ("to", "from", "at", "none")
    return tuple(_verb(row, "none", frozenset({row.choice("place", places)})) for row in rows)


@dataclass(frozen=True, kw_only=True)
class Modal:
    """A verb that stands before another one; `tables/modals.tsv` explains the columns."""

    kind: str
    english: tuple[str, ...]
    french: str
    link: str
    tense: str


@cache
def modals() -> tuple[Modal, ...]:
    """Every verb that takes another verb, in the order of the table."""
    columns = ("kind", "english", "french", "link", "tense")
    return tuple(
        Modal(
            kind=row.choice("kind", ("auxiliary", "two", "be", "just", "verb")),
            english=tuple(row["english"].split()),
            french=row["french"],
            link=row["link"],
            tense=row.choice(
                "tense", ("state", "event") if row["kind"] == "verb" else FRENCH_TENSES
            ),
        )
        for row in read_table("modals", columns, key=("english",), optional=("link",))
    )


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


_PRONOUNS = {
    row["name"]: Pronoun(
        **{case: row[case] for case in CASES},
        person=int(row.choice("person", ("1", "2", "3"))),
        plural=row.choice("number", ("singular", "plural")) == "plural",
        gender=row.choice("gender", ("m", "f")),
    )
    for row in read_table("pronouns", ("name", *CASES, "person", "number", "gender"), key=("name",))
}
SPEAKER, FRIEND, HE, SHE, WE, THEY = (
    _PRONOUNS[name] for name in ("speaker", "friend", "he", "she", "we", "they")
)
IT_MASCULINE, IT_FEMININE, THEY_FEMININE = (
    _PRONOUNS[name] for name in ("it_masculine", "it_feminine", "they_feminine")
)
# For a speaker or a friend whose name the sentence gives.
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


# English, French, and the classes of what is measured so; "plural" for what is counted.
QUANTITIES = {
    row["name"]: (row["english"], row["french"], row.choices("classes", CLASSES | {"plural"}))
    for row in read_table("quantities", ("name", "english", "french", "classes"), key=("name",))
}

WOMEN, MEN = (
    tuple(
        row["name"]
        for row in read_table("names", ("name", "gender"), key=("name",))
        if row.choice("gender", ("m", "f")) == gender
    )
    for gender in ("f", "m")
)


@dataclass(frozen=True, kw_only=True)
class Place:
    """A place with its prepositions: at it, to it, and from it; each English and French."""

    at: tuple[str, str]
    to: tuple[str, str]
    origin: tuple[str, str]

    @property
    def name(self) -> str:
        """The last word of the English phrase."""
        return self.at[0].split()[-1]


_PLACE_COLUMNS = ("english_at", "english", "french_at", "french_to", "french")
PLACES = tuple(
    Place(
        at=(f"{row['english_at']} {row['english']}", f"{row['french_at']} {row['french']}"),
        to=(f"to {row['english']}", f"{row['french_to']} {row['french']}"),
        origin=(f"from {row['english']}", f"de {row['french']}"),
    )
    for row in read_table("places", _PLACE_COLUMNS, key=("english",))
)
# Where one may live: towns and countries.
HOMES = tuple(place for place in PLACES if place.name.istitle() or place.at[0] == "in the village")
NEAR = tuple(place for place in PLACES if place not in HOMES)
AWAY = tuple(place for place in PLACES if place.at[0] not in ("in the kitchen", "in the garden"))


def places_named(*names: str) -> tuple[Place, ...]:
    """The places of these names, in the order of the table."""
    return tuple(place for place in PLACES if place.name in names)


TOWNS = ("village", "Paris", "London", "Rome", "Lyon")
OUTDOORS = places_named("garden", "park", "beach", *TOWNS)

_TENSE_GROUPS = ("past", "present", "habit", "future")


_TIME_ROWS = read_table("times", ("group", "english", "french"), key=("group", "english"))
_GROUPS = (*_TENSE_GROUPS, "month", "weekday", "frequency")
_TIMES = {
    group: tuple(
        (row["english"], row["french"])
        for row in _TIME_ROWS
        if row.choice("group", _GROUPS) == group
    )
    for group in _GROUPS
}
# Times, by the tense that they ask for.
TIMES = {group: _TIMES[group] for group in _TENSE_GROUPS}
MONTHS, WEEKDAYS, FREQUENCIES = (_TIMES[group] for group in ("month", "weekday", "frequency"))
