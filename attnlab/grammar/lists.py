"""Dense sentences: lists of names, numbers, things and places, with little between them."""

from collections.abc import Callable
from random import Random

from attnlab.grammar import closed_classes as closed
from attnlab.grammar.clause import Clause
from attnlab.grammar.complements import place_phrase
from attnlab.grammar.content import chance
from attnlab.grammar.idioms import AGE, BORN, COST, amount_for, priced_nouns
from attnlab.grammar.lexicon import Noun, nouns_of, verbs_of
from attnlab.grammar.nominal import Nominal, name_phrase, noun_phrase
from attnlab.grammar.rendering import rendered
from attnlab.grammar.words import NOTHING, Both, both, tied

BOUGHT = ("buy", "sell", "find", "see")


def listed(items: list[Both]) -> Both:
    """Return one, two and three; un, deux et trois."""
    result = NOTHING
    for index, item in enumerate(items):
        if index and index == len(items) - 1:
            result = result + both("and", "et", notes="list")
        elif index:
            result = result + both(",", ",")
        result = result + item
    return result


def names(rng: Random, count: int) -> list[Nominal]:
    """Return different people, by name."""
    drawn = rng.sample((*closed.WOMEN, *closed.MEN), count)
    return [name_phrase(name, "f" if name in closed.WOMEN else "m") for name in drawn]


def group(people: list[Nominal]) -> Nominal:
    """Return several people as one subject; feminine only if all are."""
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
    """Return 17 apples, 17 pommes."""
    return figures(rng.randint(2, 99)) + noun_phrase(noun, True, "bare").both


def figures(number: int) -> Both:
    """Return a number in figures, however small."""
    return both(str(number), str(number), notes="number")


def shopping(rng: Random, size: int) -> Both:
    """Anna, Hugo and Marc bought 17 apples, 4 chairs and 28 pencils."""
    people = names(rng, rng.randint(1, max(1, size // 2)))
    name = rng.choice(BOUGHT)
    verb = next(verb for verb in verbs_of("object") if verb.english == name)
    options = [noun for noun in nouns_of("fruit|small|clothing|vegetable")
               if not noun.mass and (noun.classes & verb.objects or name == "see")]  # fmt: skip
    things = rng.sample(options, min(size, len(options)))
    clause = Clause(subject=group(people), verb=verb, tense=rng.choice(("past", "future")))
    clause.rest = listed([counted(rng, noun) for noun in things])
    return rendered(clause)


def homes(rng: Random, size: int) -> Both:
    """Paul lives in Rome, Anna in Paris and Hugo in London."""
    first, *others = names(rng, size)
    verb = next(verb for verb in verbs_of("none") if verb.english == "live")
    clause = Clause(subject=first, verb=verb, tense=rng.choice(("present", "state past")))
    first_home, *homes = rng.sample(closed.HOMES, size)
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
    return tied(f"in~1 {year}~2", f"en~1 {year}~2", notes="number")


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
    """Return a sentence of any of these kinds with so many members."""
    size = rng.randint(smallest, largest)
    if chance(rng, 0.2):
        return shopping(rng, size)
    return rng.choice(MAKERS)(rng, size)
