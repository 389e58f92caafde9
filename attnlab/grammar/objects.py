"""Chooses to whom or to what something is done: the objects of a verb."""

from random import Random

from attnlab.grammar import closed_classes as closed
from attnlab.grammar.clause import Clause
from attnlab.grammar.content import a_thing, chance, described, someone_as_object
from attnlab.grammar.lexicon import Verb, nouns_of
from attnlab.grammar.nominal import Nominal, negative_phrase, pronoun_phrase

HUMAN = frozenset({"person"})


def give_objects(rng: Random, clause: Clause, negation: str | None = None) -> None:
    """Give a clause the objects that its verb asks for.

    Args:
        rng: the only source of chance.
        clause: its verb, subject, negation and adverb are settled.
        negation: "nothing" or "nobody" where the object must be this.
    """
    verb, subject = clause.verb, clause.subject
    negated = clause.negation is not None
    free = not negated and not subject.negative and clause.adverb is None and not verb.state
    wanted = negation in ("nobody", "nothing") or chance(rng, 0.05)
    if verb.frame == "object" and free and wanted and "generic" not in verb.flags:
        # He sees nobody, he eats nothing.
        human = verb.objects <= HUMAN
        clause.direct = negative_phrase(*(("nobody", "personne") if human else ("nothing", "rien")))
    elif verb.frame == "object":
        human_only = verb.objects <= {"person", "adult", "artist", "child"}
        if "person" in verb.objects and chance(rng, 0.7 if not human_only else 1.0):
            clause.direct = _someone(rng, "person", clause)
        elif chance(rng, 0.1) and "named" not in verb.flags:
            clause.direct = pronoun_phrase(rng.choice((closed.IT_MASCULINE, closed.THEY)))
        else:
            determiner = "generic" if "generic" in verb.flags else ""
            determiner = "the" if subject.negative else determiner
            clause.direct = a_thing(rng, verb.objects - HUMAN, subject, negated, determiner)
            _mend_object(rng, clause, negated)
    elif verb.frame == "to":
        clause.indirect = _someone(rng, "|".join(sorted(verb.objects)), clause)
    elif verb.frame == "of":
        if chance(rng, 0.25):
            clause.about = _somebody_or_it(rng, verb, subject)
            return
        noun = rng.choice(nouns_of("|".join(sorted(verb.objects))))
        clause.about = described(rng, noun, 0.2, owner=subject, plain=True)
        if noun.mass or "unique" in noun.classes or clause.about.plural:
            return
        if chance(rng, 0.3):
            clause.about = described(rng, noun, 0.2, determiner="a", plural=False)
    elif verb.frame == "give":
        if chance(rng, 0.3) and "named" not in verb.flags:
            clause.direct = pronoun_phrase(rng.choice((closed.IT_MASCULINE, closed.THEY)))
        else:
            clause.direct = a_thing(rng, verb.objects, subject, negated)
        clause.indirect = _someone(rng, "person", clause)


def _someone(rng: Random, classes: str, clause: Clause) -> Nominal:
    """Return a person; after a negation or "rarely", no indefinite one."""
    definite = clause.negation is not None or clause.adverb == ("rarely", "rarement")
    while True:
        someone = someone_as_object(rng, classes, clause.subject)
        if not (definite and someone.english[0].text in ("a", "some", "several")):
            return someone


def _mend_object(rng: Random, clause: Clause, negated: bool) -> None:
    """Let nobody have "the sister", and no man wear a skirt."""
    verb, thing, subject = clause.verb, clause.direct, clause.subject
    if thing is None or thing.noun is None:
        return
    if verb.english == "have" and "relation" in thing.noun.classes:
        determiner = "a" if not thing.plural else str(rng.randint(2, 5))
        clause.direct = described(rng, thing.noun, 0.1, negated=negated, determiner=determiner,
                                  plural=thing.plural)  # fmt: skip
    if verb.english == "wear" and "ladies" in thing.noun.classes and subject.gender == "m":
        clause.direct = a_thing(rng, frozenset({"unisex"}), subject, negated)


def _somebody_or_it(rng: Random, verb: Verb, subject: Nominal) -> Nominal:
    """Return a pronoun: about him, de lui; about it, en. "Them" would leave open which."""
    if not verb.objects & HUMAN or chance(rng, 0.4):
        return pronoun_phrase(closed.IT_MASCULINE)
    while True:
        someone = someone_as_object(rng, "person", subject)
        if someone.pronoun is not None and someone.pronoun.english != "they":
            return someone
