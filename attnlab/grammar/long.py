"""Dense sentences, which are lists of names and numbers, and long ones of many clauses."""

from collections.abc import Callable
from functools import partial
from random import Random

from attnlab.grammar import anaphora, lexicon, subordination
from attnlab.grammar.anaphora import Maker
from attnlab.grammar.clause import Clause
from attnlab.grammar.complements import place_phrase
from attnlab.grammar.content import chance, chosen
from attnlab.grammar.idioms import AGE, BORN, COST, amount_for, priced_nouns
from attnlab.grammar.lexicon import Noun, nouns_of, verb_named
from attnlab.grammar.nominal import Nominal, name_phrase, noun_phrase
from attnlab.grammar.predicates import POINTING, a_later_clause, era_of, sensibly
from attnlab.grammar.rendering import rendered
from attnlab.grammar.subordination import CONSUMING, person_with_who_clause, thing_with_that_clause
from attnlab.grammar.words import NOTHING, Both, both, tied

BOUGHT = ("buy", "sell", "find", "see")


def listed(items: list[Both]) -> Both:
    """One, two and three; un, deux et trois."""
    result = items[0]
    for item in items[1:-1]:
        result = result + both(",", ",") + item
    return result + both("and", "et", tags="list") + items[-1] if len(items) > 1 else result


def names(rng: Random, count: int) -> list[Nominal]:
    """Different people, by name."""
    drawn = rng.sample((*lexicon.WOMEN, *lexicon.MEN), count)
    return [name_phrase(name, "f" if name in lexicon.WOMEN else "m") for name in drawn]


def group(people: list[Nominal]) -> Nominal:
    """Several people as one subject; feminine only if all are."""
    if len(people) == 1:
        return people[0]
    phrase = listed([person.both for person in people])
    feminine = all(person.gender == "f" for person in people)
    return Nominal(
        english=phrase.english,
        french=phrase.french,
        gender="f" if feminine else "m",
        plural=True,
    )


def counted(rng: Random, noun: Noun) -> Both:
    """17 apples, 17 pommes."""
    return figures(rng.randint(2, 99)) + noun_phrase(noun, True, "bare").both


def figures(number: int) -> Both:
    """A number in figures, however small."""
    return both(str(number), str(number), tags="number")


def shopping(rng: Random, size: int) -> Both:
    """Anna, Hugo and Marc bought 17 apples, 4 chairs and 28 pencils."""
    people = names(rng, rng.randint(1, max(1, size // 2)))
    verb = verb_named(rng.choice(BOUGHT))
    anything = verb.english == "see"
    options = [noun for noun in nouns_of("fruit|small|clothing|vegetable")
               if not noun.mass and (anything or noun.classes & verb.objects)]  # fmt: skip
    things = rng.sample(options, min(size, len(options)))
    clause = Clause(subject=group(people), verb=verb, tense=rng.choice(("past", "future")))
    clause.rest = listed([counted(rng, noun) for noun in things])
    return rendered(clause)


def homes(rng: Random, size: int) -> Both:
    """Paul lives in Rome, Anna in Paris and Hugo in London."""
    first, *others = names(rng, size)
    clause = Clause(
        subject=first, verb=verb_named("live"), tense=rng.choice(("present", "state past"))
    )
    first_home, *homes = rng.sample(lexicon.HOMES, size)
    clause.rest = place_phrase(rng, "at", (first_home,))
    further = [one.both + place_phrase(rng, "at", (home,))
               for one, home in zip(others, homes, strict=True)]  # fmt: skip
    return listed([rendered(clause), *further])


def ages(rng: Random, size: int) -> Both:
    """Anna is 34 years old, Paul 27 and Hugo 61."""
    first, *others = names(rng, size)
    clause = Clause(subject=first, verb=AGE, tense="present")
    clause.rest = figures(rng.randint(2, 99)) + tied("years~1 old~1", "ans~1")
    return listed([rendered(clause), *(one.both + figures(rng.randint(2, 99)) for one in others)])


def births(rng: Random, size: int) -> Both:
    """Marie was born in 1987, Paul in 1954 and Hugo in 2003."""
    first, *others = names(rng, size)
    clause = Clause(subject=first, verb=BORN, tense="past")
    clause.rest = _year(rng)
    return listed([rendered(clause), *(one.both + _year(rng) for one in others)])


def _year(rng: Random) -> Both:
    year = rng.randint(1890, 2020)
    return tied(f"in~1 {year}~2", f"en~1 {year}~2", tags="number")


def prices(rng: Random, size: int) -> Both:
    """The lamp costs 120 euros, the chair 85 and the bed 940."""
    drawn = rng.sample(priced_nouns(), size)
    things = [noun_phrase(noun, False, "the") for noun in drawn]
    clause = Clause(subject=things[0], verb=COST, tense=rng.choice(("present", "state past")))
    clause.rest = figures(amount_for(rng, drawn[0])) + both("euros", "euros")
    others = [thing.both + figures(amount_for(rng, noun))
              for thing, noun in zip(things[1:], drawn[1:], strict=True)]  # fmt: skip
    return listed([rendered(clause), *others])


MAKERS: tuple[Callable[[Random, int], Both], ...] = (shopping, homes, ages, births, prices)


def a_list(rng: Random, smallest: int = 2, largest: int = 4) -> Both:
    """A sentence of any of these kinds with so many members."""
    size = rng.randint(smallest, largest)
    if chance(rng, 0.2):
        return shopping(rng, size)
    return rng.choice(MAKERS)(rng, size)


# All clauses of a sentence are past, present or future.
# The tenses of each story, and the French tenses that would not fit into it.
STORIES = (
    (("past", "past", "past", "past progressive"), {"future", "present"}),
    (("progressive", "progressive", "present"), {"future", "conditional", "pluperfect"}),
    (("future",), {"present", "imperfect", "conditional", "pluperfect"}),
)
Story = tuple[tuple[str, ...], set[str]]
PIECES = {"statement": 5, "that": 2, "relative": 3, "sequence": 1, "mood": 1, "list": 1}


def a_long_sentence(rng: Random, target: int = 0) -> Both:
    """A sentence of many clauses with about `target` tokens; from 21 to 60 for 0."""
    target = target or rng.randint(21, 60)
    story = rng.choice(STORIES)
    make = partial(_piece, story=story)
    result, last = sensibly(make, rng), ""
    while len(result.french) < target - 6:
        piece = sensibly(make, rng)
        if not any(part.tags & story[1] for part in piece.french):
            connection = _connection(rng, last)
            last = connection.english[-1].text
            result = result + connection + piece
    return result + both(".", ".")


def _connection(rng: Random, last: str) -> Both:
    """A semicolon, "and" or ", but"; "but" never twice in a row."""
    if chance(rng, 0.25):
        return both(";", ";")
    if last == "but" or chance(rng, 0.7):
        comma = both(",", ",") if chance(rng, 0.8) else NOTHING
        return comma + both("and", "et", tags="coordination")
    return both(",", ",") + both("but", "mais", tags="coordination")


def _piece(rng: Random, story: Story) -> Both:
    kind = chosen(rng, PIECES)
    tense = rng.choice(story[0])
    if kind == "sequence":
        return _settled(anaphora.buy_and_eat, rng, later=slice(0, 2))
    if kind == "mood":
        return _settled(anaphora.because_of_mood, rng, later=slice(0, 2))
    if kind == "that":
        return _settled(subordination.that_sentence, rng)
    if kind == "list":
        return a_list(rng)
    if kind == "statement":
        return _statement(rng, tense, None)
    if chance(rng, 0.5):
        return _statement(rng, tense, person_with_who_clause(rng, era_of(tense)))
    return _thing_seen(rng, tense)


def _statement(rng: Random, tense: str, subject: Nominal | None) -> Both:
    """A statement in a tense, or in the one that its verb has instead."""
    while True:
        clause = a_later_clause(rng, tense=tense, spare=0.8, subject=subject, modals=False)
        if clause.tense in (tense, "state past"):
            return rendered(clause)


def _thing_seen(rng: Random, tense: str) -> Both:
    """Anna found the key that Paul lost."""
    while True:
        clause = a_later_clause(rng, frame="object", spare=0.0, tense=tense, modals=False)
        whole, verb = thing_with_that_clause(rng, era_of(tense))
        fitting = whole.noun is not None and whole.noun.classes & clause.verb.objects
        if (
            verb.english in CONSUMING
            or not fitting
            or clause.verb is verb
            or clause.negation
            or clause.negative_phrase
        ):
            continue
        pointing = any(part.text in POINTING for part in whole.english)
        if pointing or clause.tense != tense or "generic" in clause.verb.flags:
            continue
        clause.direct = whole
        return rendered(clause)


def _settled(make: Maker, rng: Random, later: slice = slice(None)) -> Both:
    """A piece whose pronouns refer to nothing before it: no it or they among the words `later`."""
    while True:
        phrase = make(rng)
        if not any(part.text in POINTING for part in phrase.english[later]):
            return phrase
