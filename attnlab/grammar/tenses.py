"""Chooses how a clause is said: its tense, its negation or frequency, a modal before its verb."""

from random import Random

from attnlab.grammar import closed_classes as closed
from attnlab.grammar.clause import Clause
from attnlab.grammar.content import chosen
from attnlab.grammar.lexicon import Verb, modals

TENSES_ACTION = {"present": 12, "progressive": 18, "past": 32, "perfect": 8,
                 "past progressive": 8, "used to": 4, "future": 18}  # fmt: skip
TENSES_STATE = {"present": 50, "state past": 30, "future": 20}
TENSES_EVENT = {"past": 60, "perfect": 15, "future": 25}
TENSES_SENSE = {"present": 25, "past": 45, "perfect": 10, "future": 20}
TENSES_ACCIDENT = {"past": 75, "perfect": 25}
# What one may know how to do.
SKILLS = ("swim", "cook", "dance", "sing", "drive", "repair", "draw", "paint", "build", "write",
          "read", "translate", "feed")  # fmt: skip


def era_of(tense: str) -> str:
    """Return "past", "present" or "future": what a tense tells of."""
    if tense in ("past", "state past", "past progressive", "used to", "pluperfect"):
        return "past"
    return "future" if tense in ("future", "conditional") else "present"


def choose_tense(rng: Random, verb: Verb, wanted: str | None, asking: bool = False) -> str:
    """Return a tense that suits the verb: the wanted one, if it does.

    Args:
        rng: the only source of chance.
        verb: whose flags decide.
        wanted: a key of TENSES, or None.
        asking: for a question.
    """
    weights = TENSES_ACTION
    if verb.state:
        weights = TENSES_STATE
    elif "event" in verb.flags:
        weights = TENSES_EVENT
    elif "sense" in verb.flags:
        weights = TENSES_SENSE
    elif "accident" in verb.flags:
        weights = TENSES_ACCIDENT
    elif verb.frame not in ("none", "to") or "être" in verb.flags:
        weights = {tense: weight for tense, weight in weights.items() if tense != "used to"}
    unclear = {"used to"} if asking else set()
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
            # "She does not eat a cake" tells neither of now nor of every day.
            clause.negation = "never"
    elif clause.tense == "perfect" and draw < 0.6:
        clause.adverb = ("already", "déjà")
    elif habitual and clause.tense == "present" and draw < 0.2 + 0.3 * spare:
        clause.adverb = rng.choice(closed.FREQUENCIES)


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
