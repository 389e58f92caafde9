"""Questions: est-ce que and inversion, question words, how many and which."""

from random import Random

from attnlab.grammar import closed_classes as closed
from attnlab.grammar.clause import Clause
from attnlab.grammar.complements import HUMAN
from attnlab.grammar.content import a_name, a_person, attribute, chance
from attnlab.grammar.lexicon import Verb, nouns_of, travels, verbs_of
from attnlab.grammar.nominal import Nominal, noun_phrase, pronoun_phrase
from attnlab.grammar.predicates import BE, a_clause
from attnlab.grammar.relatives import verbs_of_things
from attnlab.grammar.rendering import rendered
from attnlab.grammar.words import NOTHING, Both, Mark, both, tied, word

WORD_QUESTIONS = (("where", "où"), ("when", "quand"), ("why", "pourquoi"))
ASKED_TENSES = ("past", "past", "progressive", "future")


def yes_no_question(rng: Random) -> Both:
    """Do you know the teacher?"""
    clause = a_clause(rng, asking=True, spare=0.6)
    clause.question = NOTHING
    return rendered(clause)


def question_to_a_friend(rng: Random) -> Both:
    """Are you tired, Anna? The name tells the gender of you."""
    friend = a_name(rng)
    pronoun = closed.FRIEND_FEMININE if friend.gender == "f" else closed.FRIEND
    you = pronoun_phrase(pronoun)
    if chance(rng, 0.6):
        clause = Clause(subject=you, verb=BE, tense=rng.choice(("present", "state past")))
        clause.rest = attribute(rng, you, HUMAN)
    else:
        clause = Clause(subject=you, verb=rng.choice(_settled()), tense="past")
    clause.question = NOTHING
    return rendered(clause) + both(",", ",") + friend.both


def _settled() -> list[Verb]:
    """Return the verbs with être that say enough alone."""
    return [verb for verb in travels() if verb.english in ("leave", "go out")]


def word_question(rng: Random) -> Both:
    """Where did Paul buy this hat?"""
    frame = rng.choice(("none", "object", "object", "give", "go"))
    if frame == "go":
        verb = next(verb for verb in travels() if verb.english == "go")
        tense = rng.choice(("progressive", "past", "future", "past progressive"))
        clause = Clause(subject=a_person(rng), verb=verb, tense=tense)
        clause.question = both("where", "où")
        return rendered(clause)
    clause = a_clause(rng, asking=True, spare=0.0, frame=frame, modals=False)
    if clause.tense not in ASKED_TENSES:
        return word_question(rng)
    if clause.verb.state or "accident" in clause.verb.flags or "person" not in clause.verb.subjects:
        return word_question(rng)
    english, french = rng.choice(WORD_QUESTIONS)
    if english != "why" and (clause.tense == "progressive" or frame == "give"):
        return word_question(rng)
    clause.question = both(english, french)
    return rendered(clause)


def thing_question(rng: Random) -> Both:
    """How many letters did she write? Which letter did you read? The participle agrees."""
    verb = _active(rng)
    options = [noun for noun in nouns_of("|".join(sorted(verb.objects - HUMAN)))
               if not noun.mass and "unique" not in noun.classes]  # fmt: skip
    if not options:
        return thing_question(rng)
    noun = rng.choice(options)
    many = chance(rng, 0.5)
    plural = many or chance(rng, 0.3)
    asked = noun_phrase(noun, plural, "bare")
    clause = Clause(subject=a_person(rng), verb=verb, tense=_asked_tense(rng, verb))
    clause.extracted = asked
    if many:
        start = tied("how~1 many~1", "combien~1 de~1")
    else:
        which = {"m": ("quel", "quels"), "f": ("quelle", "quelles")}[noun.gender][plural]
        start = both("which", which)
    clause.question = start + asked.both
    return rendered(clause)


def what_question(rng: Random) -> Both:
    """What are you eating? Who did they invite?"""
    if chance(rng, 0.65):
        verb = _active(rng)
        start = both("what", "que")
    else:
        verb = rng.choice(verbs_of_people())
        start = both("who", "qui")
    clause = Clause(subject=a_person(rng), verb=verb, tense=_asked_tense(rng, verb))
    clause.question = start
    return rendered(clause)


def verbs_of_people() -> list[Verb]:
    """Return the verbs by which people do something to people, at a definite time."""
    return [verb for verb in verbs_of("object") if verb.objects <= HUMAN and not verb.state]


def who_question(rng: Random) -> Both:
    """Who broke the glass? Who turns nothing round, in either language."""
    mark = Mark()
    who = Nominal(
        english=[word("who", mark)],
        french=[word("qui", mark, notes="question")],
        gender="m",
        plural=False,
    )
    clause = a_clause(rng, subject=who, spare=0.4, asking=True, modals=False)
    return rendered(clause)


def _active(rng: Random) -> Verb:
    return rng.choice([verb for verb in verbs_of_things() if not verb.state])


def _asked_tense(rng: Random, verb: Verb) -> str:
    tense = rng.choice(ASKED_TENSES)
    return "past" if verb.momentary else tense
