"""Forms of single words: plurals, feminines, English verbs and French conjugation, by rule.

French persons are numbered as in a grammar book: je, tu, il, nous, vous, ils are 0 to 5.
"""

from functools import cache
from itertools import takewhile

from attnlab.grammar.tsv import read_table

VOWELS = "aeiouâàéèêëîïôûüœ"

# Words whose h is aspirated: le héros, not l'héros. "onze" and "yaourt" behave likewise.
ASPIRATED = ("haut", "héros", "haricot", "honte", "hibou", "huit", "hollandais", "hongrie")
UNELIDED = ("onze", "onzième", "yaourt", "oui", "yeux-bleus")


def begins_with_vowel(text: str) -> bool:
    """Whether a French word makes the word before it lose its vowel."""
    lowered = text.lower()
    if lowered.startswith(ASPIRATED) or lowered.startswith(UNELIDED):
        return False
    return lowered[0] in VOWELS or lowered[0] == "h" or lowered == "y" or lowered == "yeux"


@cache
def irregular(kind: str) -> dict[str, str]:
    """The irregular forms of a kind: french_plural, feminine, before_vowel or english_plural."""
    kinds = ("french_plural", "feminine", "before_vowel", "english_plural")
    rows = read_table("irregular_forms", ("kind", "base", "form"), key=("kind", "base"))
    return {row["base"]: row["form"] for row in rows if row.choice("kind", kinds) == kind}


@cache
def french_plural(singular: str) -> str:
    """The plural of a French noun or adjective; in "pomme de terre" the head changes."""
    head, space, rest = singular.partition(" ")
    if space:
        return french_plural(head) + space + rest
    if singular in irregular("french_plural"):
        return irregular("french_plural")[singular]
    if singular.endswith(("s", "x", "z")):
        return singular
    if singular.endswith(("eau", "eu", "au")):
        return singular + "x"
    if singular.endswith("al"):
        return singular[:-1] + "ux"
    return singular + "s"


FEMININE_RULES = (
    ("e", "e"), ("eux", "euse"), ("if", "ive"), ("er", "ère"), ("el", "elle"), ("en", "enne"),
    ("on", "onne"), ("s", "se"),
)  # fmt: skip

INVARIABLE = ("marron", "orange", "bon marché")


@cache
def feminine(masculine: str) -> str:
    """The feminine singular of a French adjective."""
    if masculine in irregular("feminine"):
        return irregular("feminine")[masculine]
    for ending, feminine_ending in FEMININE_RULES:
        if masculine.endswith(ending):
            return masculine.removesuffix(ending) + feminine_ending
    return masculine + "e"


@cache
def agreeing(adjective: str, gender: str, plural: bool) -> str:
    """A French adjective in a gender, "m" or "f", and a number."""
    if adjective in INVARIABLE:
        return adjective
    form = feminine(adjective) if gender == "f" else adjective
    return french_plural(form) if plural else form


@cache
def english_plural(singular: str) -> str:
    """The plural of an English noun; only its last word changes."""
    first, space, last = singular.rpartition(" ")
    if space:
        return first + space + english_plural(last)
    if singular in irregular("english_plural"):
        return irregular("english_plural")[singular]
    if singular.endswith(("s", "x", "ch", "sh")):
        return singular + "es"
    if singular.endswith("y") and singular[-2] not in "aeiou":
        return singular[:-1] + "ies"
    return singular + "s"


DOUBLED_LAST = ("stop", "plan", "shop", "chat", "jog", "run", "swim", "win", "cut", "put", "get",
                "sit", "begin", "shut", "travel", "forget", "prefer")  # fmt: skip


@cache
def _principal_parts() -> dict[str, tuple[str, str]]:
    """Past and participle of the irregular English verbs."""
    rows = read_table("english_verbs", ("base", "past", "participle"), key=("base",))
    return {row["base"]: (row["past"], row["participle"]) for row in rows}


@cache
def english_verb(base: str, form: str) -> str:
    """An English form: "base", "third" (eats), "past", "participle" or "ing"."""
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


FRENCH_TENSES = ("present", "imperfect", "conditional", "future")

IMPERFECT_ENDINGS = ("ais", "ais", "ait", "ions", "iez", "aient")
FUTURE_ENDINGS = ("ai", "as", "a", "ons", "ez", "ont")

# Verbs in -eler and -eter that double the consonant (il appelle); the others take a grave accent.
DOUBLING = ("appeler", "jeter", "rappeler")


class Conjugation:
    """All forms of a verb, given by its infinitive without a reflexive pronoun."""

    def __init__(self, infinitive: str) -> None:
        self.infinitive = infinitive
        row = _irregular_rows().get(infinitive) or _regular_row(infinitive)
        self.present, self._imperfect, self._future, self.participle = row

    def form(self, tense: str, person: int) -> str:
        """The form of a simple tense, one of FRENCH_TENSES, for a person from 0 to 5."""
        if tense == "present":
            return self.present[person]
        if tense == "future":
            return self._future + FUTURE_ENDINGS[person]
        if tense == "conditional":
            return self._future + IMPERFECT_ENDINGS[person]
        ending = IMPERFECT_ENDINGS[person]
        return _soften(self._imperfect, ending) + ending

    def imperative(self) -> str:
        """The command to one friend: the form with tu, without -s after -e and in va."""
        special = {"être": "sois", "avoir": "aie", "savoir": "sache"}
        form = special.get(self.infinitive, self.present[1])
        return form[:-1] if form.endswith(("es", "vas")) else form


@cache
def conjugate(infinitive: str) -> Conjugation:
    """The conjugation of a verb; each is worked out once."""
    return Conjugation(infinitive)


def person_index(person: int, plural: bool) -> int:
    """Return 0 to 5 for the first, second or third person, singular or plural."""
    return person - 1 + 3 * plural


def agreeing_participle(participle: str, gender: str, plural: bool) -> str:
    """The past participle that agrees with a gender, "m" or "f", and a number."""
    if participle == "dû" and (gender == "f" or plural):
        participle = "du"
    form = participle + ("e" if gender == "f" else "")
    return form + ("s" if plural and not form.endswith("s") else "")


Forms = tuple[tuple[str, ...], str, str, str]


@cache
def _irregular_rows() -> dict[str, Forms]:
    columns = ("infinitive", "present", "imperfect", "future", "participle", "followers")
    found: dict[str, Forms] = {}
    followers: list[tuple[str, str]] = []
    for row in read_table("french_verbs", columns, key=("infinitive",), optional=("followers",)):
        present = tuple(row["present"].split())
        if len(present) != 6:
            raise row.error(f"present has {len(present)} forms instead of 6")
        found[row["infinitive"]] = present, row["imperfect"], row["future"], row["participle"]
        followers += [(row["infinitive"], follower) for follower in row["followers"].split()]
    for model, follower in followers:
        present_forms, *stems = found[model]
        found[follower] = _with_beginning(follower, model, present_forms, stems)
    return found


def _with_beginning(follower: str, model: str, present: tuple[str, ...], stems: list[str]) -> Forms:
    """The model's row with the part before the common ending exchanged."""
    letters = zip(reversed(follower), reversed(model), strict=False)
    common = sum(1 for _ in takewhile(lambda both: both[0] == both[1], letters))
    old, new = model[: len(model) - common], follower[: len(follower) - common]

    def exchange(form: str) -> str:
        return new + form.removeprefix(old)

    return tuple(map(exchange, present)), exchange(stems[0]), exchange(stems[1]), exchange(stems[2])


def _regular_row(infinitive: str) -> Forms:
    stem, ending = infinitive[:-2], infinitive[-2:]
    if ending == "er":
        return _first_group(infinitive, stem)
    if ending == "ir":
        present = tuple(stem + e for e in ("is", "is", "it", "issons", "issez", "issent"))
        return present, stem + "iss", infinitive, stem + "i"
    if infinitive.endswith("re"):
        third = "" if stem.endswith("d") else "t"
        present = tuple(stem + e for e in ("s", "s", third, "ons", "ez", "ent"))
        return present, stem, stem + "r", stem + "u"
    raise ValueError(f"{infinitive}: no French verb ends so; add it to french_verbs.tsv")


def _first_group(infinitive: str, stem: str) -> Forms:
    """The forms of a verb in -er; the stem changes where the ending is silent."""
    silent, future = stem, infinitive
    if infinitive in DOUBLING:
        silent = stem + stem[-1]
        future = silent + "er"
    elif len(stem) > 2 and stem[-2] == "e" and stem[-1] in "lmntv":
        silent = stem[:-2] + "è" + stem[-1]
        future = silent + "er"
    elif len(stem) > 2 and stem[-2] == "é" and stem[-1] in "drt":
        silent = stem[:-2] + "è" + stem[-1]
    elif stem.endswith(("oy", "uy", "ay")):
        silent = stem[:-1] + "i"
        future = silent + "er"
    we = _soften(stem, "ons") + "ons"
    present = (silent + "e", silent + "es", silent + "e", we, stem + "ez", silent + "ent")
    return present, stem, future, stem + "é"


def _soften(stem: str, ending: str) -> str:
    """The stem spelt so that its g or c stays soft before a or o: mangeons, commençait."""
    if ending[0] in "ao":
        if stem.endswith("g"):
            return stem + "e"
        if stem.endswith("c"):
            return stem[:-1] + "ç"
    return stem
