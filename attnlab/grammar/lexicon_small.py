"""Closed classes: pronouns, determiners, numbers, names, places and times, both languages."""

from dataclasses import dataclass


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


def _pronoun(line: str) -> Pronoun:
    cells = line.split()
    return Pronoun(
        english=cells[0],
        english_object=cells[1],
        english_possessive=cells[2],
        french=cells[3],
        direct=cells[4],
        indirect=cells[5],
        tonic=cells[6],
        person=int(cells[7][0]),
        plural=cells[7][1] == "p",
        gender=cells[7][2],
    )


# subject, object, possessive | subject, direct, indirect, tonic | person, number, gender.
# Conventions where English does not say: I, you, we and they are masculine; you is one friend.
PRONOUN_TABLE = """
I    me   my    je    me   me   moi   1sm
you  you  your  tu    te   te   toi   2sm
he   him  his   il    le   lui  lui   3sm
she  her  her   elle  la   lui  elle  3sf
we   us   our   nous  nous nous nous  1pm
they them their ils   les  leur eux   3pm
it   it   its   il    le   lui  lui   3sm
it   it   its   elle  la   lui  elle  3sf
they them their elles les  leur elles 3pf
I    me   my    je    me   me   moi   1sf
you  you  your  tu    te   te   toi   2sf
"""
PRONOUNS = tuple(_pronoun(line) for line in PRONOUN_TABLE.strip().splitlines())
SPEAKER, FRIEND, HE, SHE, WE, THEY, IT_MASCULINE, IT_FEMININE, THEY_FEMININE = PRONOUNS[:9]
# For a speaker or a friend whose name the sentence tells.
SPEAKER_FEMININE, FRIEND_FEMININE = PRONOUNS[9:]

# The French possessive for masculine, feminine and plural things, by the owner's English word.
POSSESSIVES = {
    "my": ("mon", "ma", "mes"),
    "your": ("ton", "ta", "tes"),
    "his": ("son", "sa", "ses"),
    "her": ("son", "sa", "ses"),
    "its": ("son", "sa", "ses"),
    "our": ("notre", "notre", "nos"),
    "their": ("leur", "leur", "leurs"),
}

ARTICLES = {
    "the": ("le", "la", "les"),
    "this": ("ce", "cette", "ces"),
    "every": ("chaque", "chaque", ""),
}

NUMBERS = {
    2: ("two", "deux"), 3: ("three", "trois"), 4: ("four", "quatre"), 5: ("five", "cinq"),
    6: ("six", "six"), 7: ("seven", "sept"), 8: ("eight", "huit"), 9: ("nine", "neuf"),
    10: ("ten", "dix"), 11: ("eleven", "onze"), 12: ("twelve", "douze"),
    13: ("thirteen", "treize"), 14: ("fourteen", "quatorze"), 15: ("fifteen", "quinze"),
    16: ("sixteen", "seize"), 20: ("twenty", "vingt"), 30: ("thirty", "trente"),
    40: ("forty", "quarante"), 50: ("fifty", "cinquante"), 60: ("sixty", "soixante"),
    100: ("a hundred", "cent"), 1000: ("a thousand", "mille"),
}  # fmt: skip

# English, French, and what may be measured so: classes, "plural" for what is counted.
QUANTITIES = {
    "many": ("many", "beaucoup de", "plural"),
    "much": ("a lot of", "beaucoup de", "mass"),
    "too many": ("too many", "trop de", "plural"),
    "too much": ("too much", "trop de", "mass"),
    "enough": ("enough", "assez de", "plural mass"),
    "few": ("few", "peu de", "plural"),
    "a little": ("a little", "un peu de", "mass"),
    "a kilo": ("a~1 kilo~2 of~3", "un~1 kilo~2 de~3", "solid fruit vegetable"),
    "a slice": ("a~1 slice~2 of~3", "une~1 tranche~2 de~3", "solid"),
    "a glass": ("a~1 glass~2 of~3", "un~1 verre~2 de~3", "drink"),
    "a bottle": ("a~1 bottle~2 of~3", "une~1 bouteille~2 de~3", "bottled"),
    "a cup": ("a~1 cup~2 of~3", "une~1 tasse~2 de~3", "hot"),
    "a box": ("a~1 box~2 of~3", "une~1 boîte~2 de~3", "chocolates"),
}

MONTHS = (("January", "janvier"), ("February", "février"), ("March", "mars"), ("April", "avril"),
          ("May", "mai"), ("June", "juin"), ("July", "juillet"), ("August", "août"),
          ("September", "septembre"), ("October", "octobre"), ("November", "novembre"),
          ("December", "décembre"))  # fmt: skip

WOMEN = ("Anna", "Marie", "Lucie", "Claire", "Julie", "Sophie", "Emma", "Alice", "Camille",
         "Hélène", "Louise", "Nina", "Sarah", "Zoé")  # fmt: skip
MEN = ("Paul", "Pierre", "Marc", "Louis", "Thomas", "Hugo", "Antoine", "Nicolas", "David",
       "Julien", "Victor", "Oscar", "Martin", "Simon")  # fmt: skip

# English at rest, place | French at rest, towards, place. From is always from and de.
PLACE_TABLE = """
in | the garden       | dans | dans | le jardin
in | the kitchen      | dans | dans | la cuisine
in | the park         | dans | à    | le parc
at | the market       | à    | à    | le marché
at | the station      | à    | à    | la gare
at | the airport      | à    | à    | le aéroport
at | the library      | à    | à    | la bibliothèque
at | the theatre      | à    | à    | le théâtre
at | the cinema       | à    | à    | le cinéma
at | the restaurant   | à    | à    | le restaurant
at | the hospital     | à    | à    | le hôpital
at | the hotel        | à    | à    | le hôtel
at | the beach        | à    | à    | la plage
at | the bank         | à    | à    | la banque
at | school           | à    | à    | la école
in | the village      | à    | à    | le village
in | Paris            | à    | à    | Paris
in | London           | à    | à    | Londres
in | Rome             | à    | à    | Rome
in | Lyon             | à    | à    | Lyon
in | France           | en   | en   | France
in | Italy            | en   | en   | Italie
in | Spain            | en   | en   | Espagne
in | Germany          | en   | en   | Allemagne
in | Japan            | à    | à    | le Japon
in | Canada           | à    | à    | le Canada
"""


@dataclass(frozen=True, kw_only=True)
class Place:
    """How both languages say that one is at a place, goes there, or comes from there."""

    at: tuple[str, str]
    to: tuple[str, str]
    origin: tuple[str, str]


def _place(line: str) -> Place:
    at, english, french_at, french_to, french = (cell.strip() for cell in line.split("|"))
    return Place(
        at=(f"{at} {english}", f"{french_at} {french}"),
        to=(f"to {english}", f"{french_to} {french}"),
        origin=(f"from {english}", f"de {french}"),
    )


PLACES = tuple(_place(line) for line in PLACE_TABLE.strip().splitlines())
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

# Times, by the tense that they ask for. Words with the same number are linked; a phrase without
# numbers is linked as a whole. Elision comes later, so "la année".
TIMES = {
    "past": (
        ("yesterday", "hier"),
        ("last~1 week~2", "la~2 semaine~2 dernière~1"),
        ("last~1 year~2", "la~2 année~2 dernière~1"),
        ("last~1 month~2", "le~2 mois~2 dernier~1"),
        ("last~1 Sunday~2", "dimanche~2 dernier~1"),
        ("this~1 morning~2", "ce~1 matin~2"),
        ("last night", "hier soir"),
        ("two~1 days~2 ago~3", "il~3 y~3 a~3 deux~1 jours~2"),
    ),
    "present": (("now", "maintenant"), ("today", "aujourd'hui")),
    "habit": (
        ("every~1 day~2", "chaque~1 jour~2"),
        ("every~1 evening~2", "chaque~1 soir~2"),
        ("every~1 week~2", "chaque~1 semaine~2"),
        ("every~1 year~2", "chaque~1 année~2"),
        ("every~1 Sunday~2", "chaque~1 dimanche~2"),
        ("in~1 the~1 morning~2", "le~1 matin~2"),
        ("in~1 the~1 evening~2", "le~1 soir~2"),
        ("in~1 summer~2", "en~1 été~2"),
        ("in~1 winter~2", "en~1 hiver~2"),
    ),
    "future": (
        ("tomorrow", "demain"),
        ("tomorrow~1 morning~2", "demain~1 matin~2"),
        ("next~1 week~2", "la~2 semaine~2 prochaine~1"),
        ("next~1 year~2", "la~2 année~2 prochaine~1"),
        ("next~1 month~2", "le~2 mois~2 prochain~1"),
        ("next~1 Saturday~2", "samedi~2 prochain~1"),
        ("this~1 evening~2", "ce~1 soir~2"),
    ),
}

WEEKDAYS = (("Monday", "lundi"), ("Tuesday", "mardi"), ("Wednesday", "mercredi"),
            ("Thursday", "jeudi"), ("Friday", "vendredi"), ("Saturday", "samedi"),
            ("Sunday", "dimanche"))  # fmt: skip

FREQUENCIES = (("often", "souvent"), ("always", "toujours"), ("sometimes", "parfois"),
               ("rarely", "rarement"))  # fmt: skip
