"""Clauses: a verb with objects, a tense and a time that suit it; and what makes no sense."""

from collections.abc import Callable
from functools import cache
from random import Random
from typing import Any

from attnlab.grammar import lexicon
from attnlab.grammar.clause import NEGATIONS, Clause
from attnlab.grammar.complements import HUMAN, company, give_objects, place_phrase, time_phrase
from attnlab.grammar.content import (
    a_person,
    a_thing,
    attribute,
    chance,
    chosen,
    described,
    gradable_for,
    someone_as_object,
)
from attnlab.grammar.inflection import english_verb
from attnlab.grammar.lexicon import (
    MEN,
    PLACES,
    WOMEN,
    Verb,
    adjectives,
    adjectives_for,
    modals,
    nouns,
    nouns_of,
    rare_nouns,
    special_verb,
    travels,
    verbs,
    verbs_of,
)
from attnlab.grammar.nominal import Nominal, compared
from attnlab.grammar.rendering import rendered
from attnlab.grammar.tsv import read_table
from attnlab.grammar.words import NOTHING, Both

# Verbs that also help another verb to its tense, or stand in many idioms.
HELPING = ("be", "have", "do", "go", "get", "use", "know")
VERB_FORMS = ("base", "third", "past", "participle", "ing")


def sensible(phrase: Both) -> bool:
    """Whether no noun, adjective, verb or name comes twice and nothing contradicts itself."""
    lemmas = _lemmas()
    found = [lemmas[part.text] for part in phrase.english if part.text in lemmas]
    if len(found) != len(set(found)):
        return False
    if not any("attribute" in part.tags for part in phrase.french):
        return True
    return all(len(contraries.intersection(found)) <= 1 for contraries in _contraries())


def sensibly(make: Callable[[Random], Both], rng: Random) -> Both:
    """The first phrase of a rule that is sensible."""
    while True:
        phrase = make(rng)
        if sensible(phrase):
            return phrase


@cache
def _contraries() -> list[frozenset[str]]:
    rows = read_table("contraries", ("adjectives",), key=("adjectives",))
    return [frozenset(row["adjectives"].split()) for row in rows]


@cache
def _lemmas() -> dict[str, str]:
    """Return, for each English form of a word with a meaning, the word that it belongs to."""
    found: dict[str, str] = {}
    for noun in (*nouns(), *(rare for rare, _ in rare_nouns())):
        for form in (noun.english, noun.english_plural):
            found[form.split()[-1]] = noun.english
    for adjective in adjectives():
        found[adjective.english] = adjective.english
    for verb in (*verbs(), *travels()):
        if verb.english not in HELPING:
            for form in VERB_FORMS:
                # "painting" stays a noun.
                found.setdefault(english_verb(verb.english, form), verb.english)
    for name in (*WOMEN, *MEN, *(place.name for place in PLACES)):
        found[name] = name
    # "The broken cup that she broke" says it twice.
    found["broken"] = "break"
    return found


TENSES_ACTION = {"present": 12, "progressive": 18, "past": 32, "perfect": 8,
                 "past progressive": 8, "used to": 4, "future": 18}  # fmt: skip
# By the first of these flags that a verb has.
TENSES_OF_KIND = {
    "state": {"present": 50, "state past": 30, "future": 20},
    "event": {"past": 60, "perfect": 15, "future": 25},
    "sense": {"present": 25, "past": 45, "perfect": 10, "future": 20},
    "accident": {"past": 75, "perfect": 25},
}
# What one may know how to do.
SKILLS = ("swim", "cook", "dance", "sing", "drive", "repair", "draw", "paint", "build", "write",
          "read", "translate", "feed")  # fmt: skip


def era_of(tense: str) -> str:
    """The time of a tense: "past", "present" or "future"."""
    if tense in ("past", "state past", "past progressive", "used to", "pluperfect"):
        return "past"
    return "future" if tense in ("future", "conditional") else "present"


def choose_tense(rng: Random, verb: Verb, wanted: str | None, asking: bool = False) -> str:
    """The tense `wanted`, if it suits the verb, or another one."""
    kind = next((kind for kind in TENSES_OF_KIND if kind in verb.flags), "")
    weights = TENSES_OF_KIND.get(kind, TENSES_ACTION)
    unclear = {"used to"} if asking else set()
    if not kind and (verb.frame not in ("none", "to") or "être" in verb.flags):
        unclear |= {"used to"}
    if "timeless" in verb.flags:
        unclear |= {"future"}
    if verb.tenseless:
        # "They read" would leave the tense open, and French may not.
        unclear |= {"present"}
    weights = {tense: weight for tense, weight in weights.items() if tense not in unclear}
    if wanted == "past" and verb.state:
        return "state past"
    if wanted in weights or wanted in ("conditional", "pluperfect"):
        return str(wanted)
    return chosen(rng, weights)


def negate_or_qualify(rng: Random, clause: Clause, spare: float) -> None:
    """Add not, never or no longer, or else a word of frequency, where the tense bears it."""
    draw = rng.random()
    if clause.modal is not None:
        if draw < 0.2 and clause.modal.kind != "just":
            clause.negation = "not"
        return
    if clause.subject.negative:
        return
    habitual = clause.tense in ("present", "used to") and not clause.verb.state
    if clause.tense != "used to" and draw < 0.2:
        kinds = {"not": 70, "never": 22 if _bears_never(clause.tense) else 0,
                 "no longer": 12 if _bears_no_longer(clause.tense) else 0}  # fmt: skip
        clause.negation = chosen(rng, kinds)
        if habitual and clause.negation == "not" and clause.verb.frame in ("object", "give"):
            # "She does not eat a cake" means neither now nor every day.
            clause.negation = "never"
    elif clause.tense == "perfect" and draw < 0.6:
        clause.adverb = ("already", "déjà")
    elif habitual and clause.tense == "present" and draw < 0.2 + 0.3 * spare:
        clause.adverb = rng.choice(lexicon.FREQUENCIES)


def add_modal(rng: Random, clause: Clause) -> None:
    """Put can, must, want to ... before the verb, where verb and modal suit each other."""
    verb = clause.verb
    if verb.state or "accident" in verb.flags or verb.frame == "be":
        return
    modal = rng.choice(modals())
    if modal.french == "savoir" and verb.english not in SKILLS:
        return
    if clause.subject.pronoun is None and clause.subject.noun is not None:
        animal = "animal" in clause.subject.noun.classes
        if animal or not clause.subject.noun.human:
            return
    if modal.kind == "verb":
        tenses = ("present", "state past") if modal.tense == "state" else ("past", "past", "future")
        clause.tense = rng.choice(tenses)
    else:
        clause.tense = "present" if modal.tense == "present" else "conditional"
    clause.modal = modal


def _bears_never(tense: str) -> bool:
    return tense in ("present", "past", "perfect", "future", "conditional")


def _bears_no_longer(tense: str) -> bool:
    return tense in ("present", "state past", "future")


FRAMES = {"none": 18, "object": 42, "to": 9, "of": 6, "give": 13, "travel": 11, "be": 12}
DEGREES = {"more": 6, "as": 2, "less": 2}
THINGS = "thing|food|drink|building|vehicle|text|show|words|music|pet|opening"

BE = special_verb("be", "être", "state", frame="be")
PEOPLE = frozenset({"person", "adult", "worker", "child", "learner"})

# What one does every week or every year, while the rest is done every day.
SEASONAL = ("travel", "swim", "go", "return", "visit", "buy", "sell", "paint", "write", "invite")

# The times that suit a tense, and how often a time is said at all.
TIMES_OF_TENSE = {
    "present": ("habit", 0.45),
    "progressive": ("present", 0.2),
    "past": ("past", 0.35),
    "perfect": ("", 0.0),
    "state past": ("", 0.0),
    "past progressive": ("", 0.0),
    "used to": ("habit", 0.3),
    "future": ("future", 0.4),
    "conditional": ("future", 0.2),
}


def a_clause(
    rng: Random,
    *,
    subject: Nominal | None = None,
    tense: str | None = None,
    frame: str | None = None,
    spare: float = 1.0,
    asking: bool = False,
    modals: bool = True,
    negation: str | None = None,
    habits: bool = True,
) -> Clause:
    """A statement whose optional parts are as likely as `spare` says: 0 leaves the bare clause.

    `subject` (a person), `tense` and `frame` may be chosen already; so may `negation`, "nothing"
    and "nobody" (the object) included. `asking` leaves out what a question would not say (never,
    often, "some"); `modals` allows can, must, want to; with `habits`, what is in the simple
    present is said with how often it happens.
    """
    frame = frame or chosen(rng, FRAMES)
    if frame == "be":
        return _being(rng, subject, tense, asking)
    options = travels() if frame == "travel" else verbs_of(frame)
    verb = rng.choice(options)
    if subject is not None and not may_do(subject, verb):
        return a_clause(
            rng, subject=subject, tense=tense, spare=spare, asking=asking, modals=modals
        )
    subject = subject or a_doer(rng, verb, 0.3 * spare)
    tense = choose_tense(rng, verb, tense, asking)
    clause = Clause(subject=subject, verb=verb, tense=tense)
    if modals and chance(rng, 0.13):
        add_modal(rng, clause)
    if negation in NEGATIONS:
        clause.negation = negation
    elif not asking and negation is None:
        negate_or_qualify(rng, clause, spare)
    give_objects(rng, clause, negation)
    clause.rest = _circumstances(rng, clause, spare)
    if habits:
        _say_how_often(rng, clause)
    return clause


def may_do(subject: Nominal, verb: Verb) -> bool:
    """Whether somebody does such things; a name or a pronoun does whatever people do."""
    if "person" in verb.subjects:
        return True
    if subject.noun is None:
        return bool(verb.subjects & PEOPLE)
    return bool(verb.subjects & subject.noun.classes)


def a_doer(rng: Random, verb: Verb, adjective: float = 0.3) -> Nominal:
    """Somebody, or rarely an animal, as the subject of a verb."""
    others = sorted(verb.subjects - PEOPLE)
    if others and (not verb.subjects & PEOPLE or chance(rng, 0.15)):
        return described(rng, rng.choice(nouns_of(frozenset(others))), adjective, subject=True)
    return a_person(rng, verb.subjects & PEOPLE)


def _say_how_often(rng: Random, clause: Clause) -> None:
    """Add how often something is done where the simple present alone would sound unfinished."""
    verb = clause.verb
    if clause.tense != "present" or verb.state or "sense" in verb.flags or clause.modal:
        return
    qualified = clause.adverb or clause.negation or clause.negative_phrase
    if qualified or any("time" in part.tags for part in clause.rest.french):
        return
    clause.rest = clause.rest + time_phrase(
        rng, "habit", near=verb.english not in SEASONAL, hours=False
    )


def a_later_clause(rng: Random, *, subject: Nominal | None = None, **options: Any) -> Clause:
    """A clause that may follow another, as `a_clause`: its it and they refer to nothing before.

    Otherwise "she bought the pears and Paul sold them" would leave open what they agrees with.
    """
    while True:
        clause = a_clause(rng, subject=subject, **options)
        spoken = rendered(clause).english[len(subject.english) if subject else 0 :]
        if not any(part.text in POINTING for part in spoken):
            return clause


POINTING = ("it", "they", "them")


def _circumstances(rng: Random, clause: Clause, spare: float) -> Both:
    """Place, company and time, as far as verb and tense like them."""
    verb, result = clause.verb, NOTHING
    if verb in travels():
        result = result + _destination(rng, verb)
    elif "home" in verb.flags:
        result = result + place_phrase(rng, "at", lexicon.HOMES)
    elif "place" in verb.flags and chance(rng, 0.35 * spare):
        places = lexicon.OUTDOORS if "outdoors" in verb.flags else lexicon.PLACES
        result = result + place_phrase(rng, "at", places)
    animal = clause.subject.noun is not None and "animal" in clause.subject.noun.classes
    if "with" in verb.flags and not animal and chance(rng, 0.25 * spare):
        result = result + company(rng, clause.subject)
    group, probability = TIMES_OF_TENSE.get(clause.tense, ("", 0.0))
    lasting = (verb.state and clause.tense == "present") or clause.modal is not None
    free = clause.adverb is None and clause.negation != "never"
    # "Nobody comes every day" says something else in French.
    free = free and not ((clause.negation or clause.negative_phrase) and group == "habit")
    near = "daily" in verb.flags or (group == "habit" and verb.english not in SEASONAL)
    if group and not lasting and free and chance(rng, probability * spare):
        hours = near or verb.momentary or verb.frame in ("none", "to")
        result = result + time_phrase(rng, group, near, hours)
    return result


def _destination(rng: Random, verb: Verb) -> Both:
    kind = next(iter(verb.objects), "none")
    if kind == "none":
        return NOTHING
    # One does not "return" from the kitchen: rentrer is to come home.
    places = lexicon.AWAY if verb.french == "rentrer" else lexicon.PLACES
    return place_phrase(rng, kind, places)


def _being(rng: Random, subject: Nominal | None, tense: str | None, asking: bool) -> Clause:
    """The soup is too hot, Anna was tired."""
    classes = HUMAN
    if subject is None and chance(rng, 0.5):
        noun = rng.choice([n for n in nouns_of(THINGS) if adjectives_for(n.classes, alone=True)])
        subject = described(rng, noun, 0.0, subject=True, plain=chance(rng, 0.6))
        classes = noun.classes
    elif subject is None:
        subject = a_person(rng)
    clause = Clause(subject=subject, verb=BE, tense=choose_tense(rng, BE, tense))
    if not asking:
        negate_or_qualify(rng, clause, 0.0)
    if clause.negation == "never":
        clause.negation = "not"
    if chance(rng, 0.3):
        clause.rest = _compared(rng, subject, classes)
    else:
        clause.rest = attribute(rng, subject, classes)
    return clause


def _compared(rng: Random, subject: Nominal, classes: frozenset[str]) -> Both:
    """Bigger than Paul, as expensive as this car."""
    options = gradable_for(classes)
    if not options:
        return attribute(rng, subject, classes)
    if classes == HUMAN:
        other = someone_as_object(rng, "relation|learner|worker", subject)
    elif subject.noun is None:
        other = a_thing(rng, classes, determiner="this")
    else:
        kin = [noun for noun in nouns_of(THINGS) if noun.classes == subject.noun.classes]
        other = described(rng, rng.choice(kin), 0.0, plain=True)
    return compared(rng.choice(options), subject, other, chosen(rng, DEGREES))


def being(
    rng: Random, subject: Nominal, classes: frozenset[str], tense: str, among: tuple[str, ...] = ()
) -> Clause:
    """The soup is too hot: `subject`, of these classes, is an adjective, `among` these if any."""
    return Clause(
        subject=subject, verb=BE, tense=tense, rest=attribute(rng, subject, classes, among)
    )
