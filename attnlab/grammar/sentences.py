"""Sentences of every kind, and how often each comes."""

from collections.abc import Callable
from dataclasses import replace
from random import Random

from attnlab.grammar import anaphora, idioms, lexicon, subordination
from attnlab.grammar.clause import Clause
from attnlab.grammar.complements import HUMAN, place_of
from attnlab.grammar.content import a_name, a_person, attribute, chance, chosen, superlative
from attnlab.grammar.lexicon import (
    TOWNS,
    Verb,
    adjectives_for,
    nouns_of,
    travels,
    verb_named,
)
from attnlab.grammar.long import a_list
from attnlab.grammar.nominal import Nominal, noun_phrase, pronoun_phrase, unit
from attnlab.grammar.predicates import BE, a_clause, a_later_clause, being, era_of, sensibly
from attnlab.grammar.rendering import rendered
from attnlab.grammar.subordination import (
    CONSUMING,
    person_with_who_clause,
    spot_with_where,
    thing_with_dont,
    thing_with_that_clause,
    verbs_of_people,
    verbs_of_things,
)
from attnlab.grammar.words import NOTHING, Both, both, tied

WORD_QUESTIONS = (("where", "où"), ("when", "quand"), ("why", "pourquoi"))
ASKED_TENSES = ("past", "past", "progressive", "future")


def yes_no_question(rng: Random) -> Both:
    """Do you know the teacher?"""
    clause = a_clause(rng, asking=True, spare=0.6)
    clause.question = NOTHING
    return rendered(clause)


def question_to_a_friend(rng: Random) -> Both:
    """Are you tired, Anna? The name gives the gender of you."""
    friend = a_name(rng)
    pronoun = lexicon.FRIEND_FEMININE if friend.gender == "f" else lexicon.FRIEND
    you = pronoun_phrase(pronoun)
    if chance(rng, 0.6):
        clause = being(rng, you, HUMAN, rng.choice(("present", "state past")))
    else:
        clause = Clause(subject=you, verb=rng.choice(_settled()), tense="past")
    clause.question = NOTHING
    return rendered(clause) + both(",", ",") + friend.both


def _settled() -> list[Verb]:
    """The verbs with être that say enough alone."""
    return [verb for verb in travels() if verb.english in ("leave", "go out")]


def word_question(rng: Random) -> Both:
    """Where did Paul buy this hat?"""
    frame = rng.choice(("none", "object", "object", "give", "go"))
    if frame == "go":
        verb = verb_named("go")
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
    options = [noun for noun in nouns_of(verb.objects - HUMAN)
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


def who_question(rng: Random) -> Both:
    """Who broke the glass? Who turns nothing round, in either language."""
    who = unit("who", "qui", tags="question")
    clause = a_clause(rng, subject=who, spare=0.4, asking=True, modals=False)
    return rendered(clause)


def _active(rng: Random) -> Verb:
    return rng.choice([verb for verb in verbs_of_things() if not verb.state])


def _asked_tense(rng: Random, verb: Verb) -> str:
    tense = rng.choice(ASKED_TENSES)
    return "past" if verb.momentary else tense


Maker = Callable[[Random], Both]


def ended(phrase: Both, mark: str = ".") -> Both:
    """The phrase with its final punctuation."""
    return phrase + both(mark, mark)


def statement(rng: Random) -> Both:
    """Anna is reading a book in the garden."""
    return rendered(a_clause(rng))


TOLD_TENSES = ("past", "past", "past progressive", "progressive", "present", "future")


def subject_relative(rng: Random) -> Both:
    """The boy who broke the window is sleeping."""
    tense = rng.choice(TOLD_TENSES)
    whole = person_with_who_clause(rng, era_of(tense))
    while True:
        clause = a_later_clause(rng, subject=whole, spare=0.4, tense=tense)
        if era_of(clause.tense) == era_of(tense):
            return rendered(clause)


def object_with_relative(rng: Random) -> Both:
    """I know the boy who broke the window."""
    clause = a_clause(rng, frame=rng.choice(("object", "to")), spare=0.0)
    if clause.negation or not clause.verb.objects <= HUMAN or _unfinished(clause):
        return object_with_relative(rng)
    whole = person_with_who_clause(rng, era_of(clause.tense))
    if clause.verb.frame == "to":
        clause.indirect = whole
    else:
        clause.direct = whole
    clause.rest = NOTHING
    return rendered(clause)


def _unfinished(clause: Clause) -> bool:
    """Say whether, without its time, the clause would be a bare simple present."""
    return clause.tense == "present" and not clause.verb.state and not clause.adverb


def object_relative(rng: Random) -> Both:
    """The letter that Anna wrote is long."""
    if chance(rng, 0.6):
        return _described_so(rng, lambda rng, era: thing_with_that_clause(rng, era)[0])
    outer = a_clause(rng, frame="object", spare=0.0)
    whole, verb = thing_with_that_clause(rng, era_of(outer.tense))
    classes = whole.noun.classes if whole.noun else frozenset()
    shared = classes & (outer.verb.objects - HUMAN)
    if (
        outer.negation
        or _unfinished(outer)
        or not shared
        or outer.verb is verb
        or verb.english in CONSUMING
        or "generic" in outer.verb.flags
    ):
        return object_relative(rng)
    outer.direct = whole
    outer.rest = NOTHING
    return rendered(outer)


def _described_so(rng: Random, make: Callable[[Random, str], Nominal]) -> Both:
    """A thing with a relative clause, and an adjective; the tenses fit."""
    tense = rng.choice(("present", "state past"))
    whole = make(rng, era_of(tense))
    classes = whole.noun.classes if whole.noun else frozenset()
    if not adjectives_for(classes, alone=True):
        return _described_so(rng, make)
    clause = Clause(subject=whole, verb=BE, tense=tense)
    if chance(rng, 0.2):
        clause.negation = "not"
    clause.rest = attribute(rng, whole, classes)
    return rendered(clause)


def dont_or_where(rng: Random) -> Both:
    """The key that I need is small. The village where Anna lives is old."""
    return _described_so(rng, thing_with_dont if chance(rng, 0.55) else spot_with_where)


BEST_OF = (
    ("building|spot", (*TOWNS, "France", "Italy", "Spain", "Germany", "Japan", "Canada")),
    ("building|spot", TOWNS),
    ("adult", (*TOWNS, "school", "hospital", "France")),
    ("plant", ("garden", "park", "village")),
)


def the_best(rng: Random) -> Both:
    """This is the oldest church in the village: c'est la plus vieille église du village."""
    this = unit("this", "ce")
    this.french = [replace(this.french[0], before_vowel="c'")]
    kinds, places = rng.choice(BEST_OF)
    place = rng.choice(lexicon.places_named(*places))
    options = [noun for noun in nouns_of(kinds) if "relation" not in noun.classes and
               noun.english not in ("village", "town", "island")]  # fmt: skip
    clause = Clause(subject=this, verb=BE, tense=rng.choice(("present", "state past")))
    clause.rest = superlative(rng, rng.choice(options), plural=False).both + place_of(place)
    return rendered(clause)


# How often a kind comes, its final punctuation, its rule.
KINDS: dict[str, tuple[int, str, Maker]] = {
    "statement": (380, ".", statement),
    "nobody": (8, ".", subordination.nobody),
    "question": (60, "?", yes_no_question),
    "question to a friend": (8, "?", question_to_a_friend),
    "word question": (30, "?", word_question),
    "thing question": (20, "?", thing_question),
    "what question": (14, "?", what_question),
    "who question": (8, "?", who_question),
    "subject relative": (40, ".", subject_relative),
    "object with relative": (25, ".", object_with_relative),
    "object relative": (65, ".", object_relative),
    "dont or where": (20, ".", dont_or_where),
    "side by side": (30, ".", anaphora.side_by_side),
    "when": (20, ".", anaphora.when_it_happened),
    "mood": (25, ".", anaphora.because_of_mood),
    "sequence": (40, ".", anaphora.buy_and_eat),
    "because": (40, ".", anaphora.because_it_is),
    "topic": (30, ".", anaphora.topic),
    "that": (25, ".", subordination.that_sentence),
    "condition": (20, ".", subordination.condition),
    "when it comes": (10, ".", subordination.when_it_comes),
    "meanwhile": (10, ".", subordination.meanwhile),
    "speech": (14, "", subordination.speech),
    "command": (20, "!", subordination.command),
    "age": (10, ".", idioms.age),
    "price": (8, ".", idioms.price),
    "weather": (10, ".", idioms.weather),
    "existence": (14, ".", idioms.existence),
    "life": (8, ".", idioms.life),
    "best": (22, ".", the_best),
    "called": (6, ".", idioms.called),
    "missing": (14, ".", idioms.missing),
    "pleasing": (14, ".", idioms.pleasing),
    "there": (24, ".", anaphora.there),
    "of them": (20, ".", anaphora.of_them),
    "about it": (10, ".", anaphora.about_it),
    "duration": (8, ".", idioms.duration),
    "list": (50, ".", lambda rng: a_list(rng, 2, 5)),
}


def a_sentence(rng: Random) -> Both:
    """A sentence of any kind, with its final punctuation."""
    kind = chosen(rng, {kind: weight for kind, (weight, _, _) in KINDS.items()})
    return of_kind(kind, rng)


def of_kind(kind: str, rng: Random) -> Both:
    """A sentence of one kind, a key of KINDS."""
    _, mark, make = KINDS[kind]
    phrase = sensibly(make, rng)
    return ended(phrase, mark) if mark else phrase
