"""French conjugation: three regular groups, their spelling changes, and the irregular verbs.

Knows nothing of English and nothing of sentences. Persons are numbered as in a grammar book:
je, tu, il, nous, vous, ils are 0 to 5.
"""

from functools import cache

TENSES = ("present", "imperfect", "future", "conditional")

IMPERFECT_ENDINGS = ("ais", "ais", "ait", "ions", "iez", "aient")
FUTURE_ENDINGS = ("ai", "as", "a", "ons", "ez", "ont")

# infinitive | present | stem of the imperfect | stem of the future | past participle
IRREGULAR_TABLE = """
être      | suis es est sommes êtes sont                         | ét      | ser     | été
avoir     | ai as a avons avez ont                               | av      | aur     | eu
aller     | vais vas va allons allez vont                        | all     | ir      | allé
venir     | viens viens vient venons venez viennent              | ven     | viendr  | venu
tenir     | tiens tiens tient tenons tenez tiennent              | ten     | tiendr  | tenu
faire     | fais fais fait faisons faites font                   | fais    | fer     | fait
dire      | dis dis dit disons dites disent                      | dis     | dir     | dit
lire      | lis lis lit lisons lisez lisent                      | lis     | lir     | lu
rire      | ris ris rit rions riez rient                         | ri      | rir     | ri
écrire    | écris écris écrit écrivons écrivez écrivent          | écriv   | écrir   | écrit
voir      | vois vois voit voyons voyez voient                   | voy     | verr    | vu
croire    | crois crois croit croyons croyez croient             | croy    | croir   | cru
boire     | bois bois boit buvons buvez boivent                  | buv     | boir    | bu
savoir    | sais sais sait savons savez savent                   | sav     | saur    | su
pouvoir   | peux peux peut pouvons pouvez peuvent                | pouv    | pourr   | pu
vouloir   | veux veux veut voulons voulez veulent                | voul    | voudr   | voulu
devoir    | dois dois doit devons devez doivent                  | dev     | devr    | dû
recevoir  | reçois reçois reçoit recevons recevez reçoivent      | recev   | recevr  | reçu
prendre   | prends prends prend prenons prenez prennent          | pren    | prendr  | pris
mettre    | mets mets met mettons mettez mettent                 | mett    | mettr   | mis
battre    | bats bats bat battons battez battent                 | batt    | battr   | battu
connaître | connais connais connaît connaissons connaissez connaissent | connaiss | connaîtr | connu
conduire  | conduis conduis conduit conduisons conduisez conduisent | conduis | conduir | conduit
peindre   | peins peins peint peignons peignez peignent          | peign   | peindr  | peint
ouvrir    | ouvre ouvres ouvre ouvrons ouvrez ouvrent            | ouvr    | ouvrir  | ouvert
courir    | cours cours court courons courez courent             | cour    | courr   | couru
suivre    | suis suis suit suivons suivez suivent                | suiv    | suivr   | suivi
vivre     | vis vis vit vivons vivez vivent                      | viv     | vivr    | vécu
mourir    | meurs meurs meurt mourons mourez meurent             | mour    | mourr   | mort
plaire    | plais plais plaît plaisons plaisez plaisent         | plais   | plair   | plu
naître    | nais nais naît naissons naissez naissent             | naiss   | naîtr   | né
partir    | pars pars part partons partez partent                | part    | partir  | parti
sortir    | sors sors sort sortons sortez sortent                | sort    | sortir  | sorti
dormir    | dors dors dort dormons dormez dorment                | dorm    | dormir  | dormi
servir    | sers sers sert servons servez servent                | serv    | servir  | servi
sentir    | sens sens sent sentons sentez sentent                | sent    | sentir  | senti
mentir    | mens mens ment mentons mentez mentent                | ment    | mentir  | menti
envoyer   | envoie envoies envoie envoyons envoyez envoient      | envoy   | enverr  | envoyé
falloir   | - - faut - - -                                       | fall    | faudr   | fallu
pleuvoir  | - - pleut - - -                                      | pleuv   | pleuvr  | plu
"""

# Verbs that follow an irregular one, with another beginning.
FAMILIES = {
    "venir": ("revenir", "devenir", "prévenir", "souvenir"),
    "tenir": ("appartenir", "retenir"),
    "faire": ("refaire",),
    "lire": ("relire",),
    "rire": ("sourire",),
    "écrire": ("décrire",),
    "prendre": ("apprendre", "comprendre", "surprendre"),
    "mettre": ("promettre", "permettre"),
    "conduire": ("construire", "traduire", "produire"),
    "connaître": ("reconnaître",),
    "ouvrir": ("offrir", "découvrir", "couvrir"),
    "suivre": ("poursuivre",),
    "dormir": ("endormir",),
}

# Verbs in -eler and -eter that double the consonant (il appelle); the others take a grave accent.
DOUBLING = ("appeler", "jeter", "rappeler")


class Conjugation:
    """All the forms of one verb.

    Args:
        infinitive: the verb, without a reflexive pronoun.
    """

    def __init__(self, infinitive: str) -> None:
        self.infinitive = infinitive
        row = _irregular_row(infinitive) or _regular_row(infinitive)
        self.present, self._imperfect, self._future, self.participle = row

    def form(self, tense: str, person: int) -> str:
        """Return the form of a simple tense, one of TENSES, for a person from 0 to 5."""
        if tense == "present":
            return self.present[person]
        if tense == "future":
            return self._future + FUTURE_ENDINGS[person]
        if tense == "conditional":
            return self._future + IMPERFECT_ENDINGS[person]
        ending = IMPERFECT_ENDINGS[person]
        return _soften(self._imperfect, ending) + ending

    def imperative(self) -> str:
        """Return the command to one friend: the form with tu, without -s after -e and in va."""
        special = {"être": "sois", "avoir": "aie", "savoir": "sache"}
        form = special.get(self.infinitive, self.present[1])
        return form[:-1] if form.endswith(("es", "vas")) else form


@cache
def conjugate(infinitive: str) -> Conjugation:
    """Return the conjugation of a verb; each is worked out once."""
    return Conjugation(infinitive)


def person_index(person: int, plural: bool) -> int:
    """Return 0 to 5 for the first, second or third person, singular or plural."""
    return person - 1 + 3 * plural


def agreeing_participle(participle: str, gender: str, plural: bool) -> str:
    """Return the past participle that agrees with a gender, "m" or "f", and a number."""
    if participle == "dû" and (gender == "f" or plural):
        participle = "du"
    form = participle + ("e" if gender == "f" else "")
    return form + ("s" if plural and not form.endswith("s") else "")


Row = tuple[tuple[str, ...], str, str, str]


@cache
def _irregular_rows() -> dict[str, Row]:
    rows: dict[str, Row] = {}
    for line in IRREGULAR_TABLE.strip().splitlines():
        infinitive, present, imperfect, future, participle = (x.strip() for x in line.split("|"))
        rows[infinitive] = (tuple(present.split()), imperfect, future, participle)
    for model, followers in FAMILIES.items():
        present_forms, *stems = rows[model]
        for follower in followers:
            rows[follower] = _with_beginning(follower, model, present_forms, stems)
    return rows


def _with_beginning(follower: str, model: str, present: tuple[str, ...], stems: list[str]) -> Row:
    """Return the model's row with the part before the common ending exchanged."""
    common = 0
    while follower[-common - 1 :] == model[-common - 1 :]:
        common += 1
        if common in (len(model), len(follower)):
            break
    old, new = model[: len(model) - common], follower[: len(follower) - common]

    def exchange(form: str) -> str:
        return new + form.removeprefix(old)

    return tuple(map(exchange, present)), exchange(stems[0]), exchange(stems[1]), exchange(stems[2])


def _irregular_row(infinitive: str) -> Row | None:
    return _irregular_rows().get(infinitive)


def _regular_row(infinitive: str) -> Row:
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
    raise ValueError(f"{infinitive}: no French verb ends so; add it to IRREGULAR_TABLE")


def _first_group(infinitive: str, stem: str) -> Row:
    """Return the forms of a verb in -er; the stem changes where the ending is silent."""
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
    present = (
        silent + "e",
        silent + "es",
        silent + "e",
        _soften(stem, "ons") + "ons",
        stem + "ez",
        silent + "ent",
    )
    return present, stem, future, stem + "é"


def _soften(stem: str, ending: str) -> str:
    """Return the stem spelt so that its g or c stays soft before a or o: mangeons, commençait."""
    if ending[0] in "ao":
        if stem.endswith("g"):
            return stem + "e"
        if stem.endswith("c"):
            return stem[:-1] + "ç"
    return stem
