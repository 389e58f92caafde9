"""Plurals, feminines and English verb forms: what follows a rule, and the lists that do not.

French verbs have a file of their own. Knows no sentences.
"""

from functools import cache

VOWELS = "aeiouâàéèêëîïôûüœ"

# Words whose h is aspirated: le héros, not l'héros. "onze" and "yaourt" behave likewise.
ASPIRATED = ("haut", "héros", "haricot", "honte", "hibou", "huit", "hollandais", "hongrie")
UNELIDED = ("onze", "onzième", "yaourt", "oui", "yeux-bleus")


def begins_with_vowel(text: str) -> bool:
    """Say whether a French word makes the word before it lose its vowel."""
    lowered = text.lower()
    if lowered.startswith(ASPIRATED) or lowered.startswith(UNELIDED):
        return False
    return lowered[0] in VOWELS or lowered[0] == "h" or lowered == "y" or lowered == "yeux"


FRENCH_PLURALS = {"œil": "yeux", "travail": "travaux", "bleu": "bleus", "pneu": "pneus",
                  "festival": "festivals", "genou": "genoux", "bijou": "bijoux",
                  "monsieur": "messieurs", "madame": "mesdames"}  # fmt: skip


@cache
def french_plural(singular: str) -> str:
    """Return the plural of a French noun or adjective; in "pomme de terre" the head changes."""
    head, space, rest = singular.partition(" ")
    if space:
        return french_plural(head) + space + rest
    if singular in FRENCH_PLURALS:
        return FRENCH_PLURALS[singular]
    if singular.endswith(("s", "x", "z")):
        return singular
    if singular.endswith(("eau", "eu", "au")):
        return singular + "x"
    if singular.endswith("al"):
        return singular[:-1] + "ux"
    return singular + "s"


FEMININES = {
    "beau": "belle", "nouveau": "nouvelle", "vieux": "vieille", "blanc": "blanche",
    "frais": "fraîche", "sec": "sèche", "long": "longue", "doux": "douce", "gros": "grosse",
    "bas": "basse", "gentil": "gentille", "public": "publique", "roux": "rousse",
    "fou": "folle", "épais": "épaisse", "faux": "fausse", "favori": "favorite",
    "inquiet": "inquiète", "complet": "complète", "secret": "secrète", "grec": "grecque",
    "jaloux": "jalouse", "travailleur": "travailleuse", "menteur": "menteuse",
    "meilleur": "meilleure", "bon": "bonne", "jumeau": "jumelle",
    "marron": "marron", "orange": "orange", "pareil": "pareille", "net": "nette", "muet": "muette",
}  # fmt: skip

FEMININE_RULES = (
    ("e", "e"), ("eux", "euse"), ("if", "ive"), ("er", "ère"), ("el", "elle"), ("en", "enne"),
    ("on", "onne"), ("s", "se"),
)  # fmt: skip

INVARIABLE = ("marron", "orange", "bon marché")

BEFORE_VOWEL = {"beau": "bel", "nouveau": "nouvel", "vieux": "vieil", "fou": "fol"}


@cache
def feminine(masculine: str) -> str:
    """Return the feminine singular of a French adjective."""
    if masculine in FEMININES:
        return FEMININES[masculine]
    for ending, feminine_ending in FEMININE_RULES:
        if masculine.endswith(ending):
            return masculine.removesuffix(ending) + feminine_ending
    return masculine + "e"


@cache
def agreeing(adjective: str, gender: str, plural: bool) -> str:
    """Return a French adjective in a gender, "m" or "f", and a number."""
    if adjective in INVARIABLE:
        return adjective
    form = feminine(adjective) if gender == "f" else adjective
    return french_plural(form) if plural else form


ENGLISH_PLURALS = {
    "child": "children", "man": "men", "woman": "women", "person": "people", "mouse": "mice",
    "foot": "feet", "tooth": "teeth", "sheep": "sheep", "goose": "geese", "fish": "fish",
    "knife": "knives", "wife": "wives", "wolf": "wolves", "leaf": "leaves", "shelf": "shelves",
    "scarf": "scarves", "thief": "thieves", "grandchild": "grandchildren", "half": "halves",
    "policeman": "policemen", "fireman": "firemen", "potato": "potatoes", "tomato": "tomatoes",
    "photo": "photos", "piano": "pianos", "hero": "heroes", "postman": "postmen",
}  # fmt: skip


@cache
def english_plural(singular: str) -> str:
    """Return the plural of an English noun; only its last word changes."""
    first, space, last = singular.rpartition(" ")
    if space:
        return first + space + english_plural(last)
    if singular in ENGLISH_PLURALS:
        return ENGLISH_PLURALS[singular]
    if singular.endswith(("s", "x", "ch", "sh")):
        return singular + "es"
    if singular.endswith("y") and singular[-2] not in "aeiou":
        return singular[:-1] + "ies"
    return singular + "s"


# base | past | participle; a verb that is not here adds -ed.
IRREGULAR_ENGLISH = """
be was been | have had had | do did done | go went gone | come came come | become became become
see saw seen | eat ate eaten | drink drank drunk | read read read | write wrote written
buy bought bought | sell sold sold | find found found | lose lost lost | give gave given
take took taken | bring brought brought | send sent sent | lend lent lent | show showed shown
tell told told | feed fed fed
say said said | know knew known | think thought thought | speak spoke spoken
understand understood understood | forget forgot forgotten | meet met met | leave left left
sleep slept slept | run ran run | swim swam swum | sing sang sung | win won won
break broke broken | drive drove driven | build built built | wear wore worn | fall fell fallen
hear heard heard | make made made | put put put | hide hid hidden | choose chose chosen
teach taught taught | catch caught caught | cut cut cut | grow grew grown | draw drew drawn
feel felt felt | get got got | wake woke woken | sit sat sat | begin began begun
throw threw thrown | keep kept kept | pay paid paid | hold held held | lie lied lied
hurt hurt hurt | fly flew flown | steal stole stolen | shut shut shut | cost cost cost
"""

DOUBLED_LAST = ("stop", "plan", "shop", "chat", "jog", "run", "swim", "win", "cut", "put", "get",
                "sit", "begin", "shut", "travel", "forget", "prefer")  # fmt: skip


@cache
def _principal_parts() -> dict[str, tuple[str, str]]:
    rows = IRREGULAR_ENGLISH.replace("\n", " | ").split("|")
    parts = [row.split() for row in rows if row.strip()]
    return {base: (past, participle) for base, past, participle in parts}


@cache
def english_verb(base: str, form: str) -> str:
    """Return an English form: "base", "third" (eats), "past", "participle" or "ing"."""
    if form == "base":
        return base
    if form in ("past", "participle"):
        parts = _principal_parts().get(base)
        if parts:
            return parts[form == "participle"]
        return _regular_past(base)
    if form == "third":
        irregular = {"be": "is", "have": "has", "do": "does", "go": "goes"}
        return irregular.get(base) or english_plural(base)
    if base in ("lie", "die"):
        return base[:-2] + "ying"
    if base in DOUBLED_LAST:
        return base + base[-1] + "ing"
    if base.endswith("e") and not base.endswith(("ee", "be")):
        return base[:-1] + "ing"
    return base + "ing"


def _regular_past(base: str) -> str:
    if base.endswith("e"):
        return base + "d"
    if base.endswith("y") and base[-2] not in "aeiou":
        return base[:-1] + "ied"
    if base in DOUBLED_LAST:
        return base + base[-1] + "ed"
    return base + "ed"
