"""One source, its target and where the model must look for each symbol: a function for each task.

A link is sure where the target symbol comes from. It is possible where another place of the source
tells as much, so that an attention which looks there is not wrong.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import chain, product
from string import ascii_lowercase

from attnlab.data.tasks.chance import Chance
from attnlab.data.tasks.config import TaskConfig

ASK = "?"
"""What stands before the queries of lookup."""

Links = frozenset[tuple[int, int]]
"""Pairs of a source and a target symbol, both counted from 0."""


@dataclass(frozen=True)
class Example:
    """A sentence pair of symbols and its links; `possible` has none that is `sure`."""

    source: Sequence[str]
    target: Sequence[str]
    sure: Links
    possible: Links

    def line(self) -> str:
        """Its line of a TSV file: source, target and links, `0-1` if sure and `0p1` if possible."""
        marks = dict.fromkeys(self.sure, "-") | dict.fromkeys(self.possible, "p")
        links = " ".join(f"{one}{marks[one, other]}{other}" for one, other in sorted(marks))
        return "\t".join((" ".join(self.source), " ".join(self.target), links))


def example(task: TaskConfig, length: int, chance: Chance) -> Example:
    """One that has `length` symbols in its source, or in lookup so many pairs."""
    return _EXAMPLES[task.name](task, length, chance)


def alphabet(symbols: int) -> list[str]:
    """That many names of one width, in alphabetical order: a, b and so on, or aa, ab and so on."""
    names = ascii_lowercase
    if symbols > len(names):
        return ["".join(both) for both in product(names, names)][:symbols]
    return list(names[:symbols])


def _copy(task: TaskConfig, length: int, chance: Chance) -> Example:
    """y_i = x_i."""
    return _picked(_drawn(task, length, chance), range(length))


def _reverse(task: TaskConfig, length: int, chance: Chance) -> Example:
    """y_i = x_(n + 1 - i), counted from 1."""
    return _picked(_drawn(task, length, chance), range(length)[::-1])


def _sort(task: TaskConfig, length: int, chance: Chance) -> Example:
    """In alphabetical order; equal ones keep theirs, and any of them may be looked at."""
    source = _drawn(task, length, chance)
    order = sorted(range(length), key=source.__getitem__)  # is stable
    found = _picked(source, order)
    alike = frozenset(
        (place, target)
        for target, symbol in enumerate(found.target)
        for place in range(length)
        if source[place] == symbol
    )
    return Example(found.source, found.target, found.sure, alike - found.sure)


def _lookup(task: TaskConfig, length: int, chance: Chance) -> Example:
    """Pairs of a key and its value, then queries; the target has each query and its value.

    So there are two hops: to the query, and from what was just said to the pair with that key. The
    value is where the answer comes from, and its link is sure. That of its key is possible for
    both: an encoder that has read a pair may keep all of it at either place.
    """
    values = alphabet(task.symbols)
    keys = chance.draw([name.upper() for name in values], length, repeats=False)
    their_values = _drawn(task, length, chance)
    asked = chance.draw(range(length), task.queries or 0, repeats=False)
    pairs = [*zip(keys, their_values, strict=True)]
    queries_begin = 2 * length + 1
    sure, possible = set(), set()
    for query, place in enumerate(asked):
        sure |= {(queries_begin + query, 2 * query), (2 * place + 1, 2 * query + 1)}
        possible |= {(2 * place, 2 * query), (2 * place, 2 * query + 1)}
    return Example(
        source=[*chain(*pairs), ASK, *(keys[place] for place in asked)],
        target=[*chain(*(pairs[place] for place in asked))],
        sure=frozenset(sure),
        possible=frozenset(possible),
    )


_EXAMPLES: dict[str, Callable[[TaskConfig, int, Chance], Example]] = {
    "copy": _copy,
    "reverse": _reverse,
    "sort": _sort,
    "lookup": _lookup,
}


def _drawn(task: TaskConfig, length: int, chance: Chance) -> list[str]:
    return chance.draw(alphabet(task.symbols), length, repeats=task.repeats)


def _picked(source: list[str], order: Sequence[int]) -> Example:
    """The symbols of `source` at the places that `order` names, one after the other."""
    links = frozenset((place, target) for target, place in enumerate(order))
    return Example(source, [source[place] for place in order], links, frozenset())
