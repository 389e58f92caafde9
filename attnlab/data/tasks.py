"""Corpora of known attention, copy, reverse, sort and lookup, generated from a seed.

A link is sure where the target symbol comes from. It is possible where another source position
holds the same information, so that attention to it is not wrong either.
"""

import math
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from functools import partial
from itertools import chain, product
from pathlib import Path
from random import Random
from string import ascii_lowercase
from typing import Annotated, TypeVar

from attnlab.support.cache import Cache, code_digest
from attnlab.support.errors import UsageError
from attnlab.support.folders import cache_folder
from attnlab.support.ranges import Count, Range, Seed

TASKS = ("copy", "reverse", "sort", "lookup")
LOOKUP = "lookup"
MOST_SYMBOLS = 26**2  # names of two letters
ASK = "?"
"""Separates the pairs and the queries of lookup."""
TEST, LONG, VALID, TRAIN = SPLITS = ("test", "test_long", "valid", "train")
"""In the order of generation, so that the test sets do not depend on the size of train."""

Item = TypeVar("Item")
Length = Annotated[int, Range(minimum=1, maximum=1000)]
Pairs = Annotated[int, Range(minimum=1, maximum=10_000_000)]
Links = frozenset[tuple[int, int]]
"""Pairs of a source and a target position, both counted from 0."""


@dataclass(kw_only=True)
class TaskConfig:
    """A task and the sizes of its splits.

    Attributes:
        name: copy, reverse, sort or lookup.
        symbols: how many different ones there are; lookup has as many keys and as many values.
        shortest: the fewest symbols in a source; of lookup, pairs of a key and its value.
        longest: the most, in all splits but test_long, which has those that are longer, up to
            twice this.
        repeats: whether a symbol may stand in one source twice; of lookup a value, its keys
            never do.
        queries: of lookup, how many different keys a source asks for; null elsewhere.
        pairs: how many sentence pairs train has.
        held_out: how many each of valid, test and test_long has.
        seed: another seed, other sentences; it is not the training's.
    """

    name: str
    symbols: Annotated[int, Range(minimum=2, maximum=MOST_SYMBOLS)]
    shortest: Length
    longest: Length
    repeats: bool
    queries: Count | None
    pairs: Pairs
    held_out: Pairs
    seed: Seed

    def __post_init__(self) -> None:
        if self.name not in TASKS:
            raise UsageError(
                f"unknown data.task.name '{self.name}'; choose one of: {', '.join(TASKS)}"
            )
        if self.longest < self.shortest:
            raise UsageError(
                f"data.task.longest={self.longest} must be at least "
                f"data.task.shortest={self.shortest}"
            )
        self._check_queries()
        if (self.name == LOOKUP or not self.repeats) and 2 * self.longest > self.symbols:
            remedy = "" if self.name == LOOKUP else ", or data.task.repeats=true"
            raise UsageError(
                f"data.task.symbols={self.symbols} are too few for {2 * self.longest} different "
                f"ones, which the longest sources of test_long have: set data.task.symbols="
                f"{2 * self.longest} or more, or data.task.longest={self.symbols // 2}{remedy}"
            )
        self._check_room("pairs", self.pairs + 2 * self.held_out, self.lengths)
        self._check_room("held_out", self.held_out, self.long_lengths)

    @property
    def lengths(self) -> range:
        """Source lengths of all splits but test_long."""
        return range(self.shortest, self.longest + 1)

    @property
    def long_lengths(self) -> range:
        """Source lengths of test_long."""
        return range(self.longest + 1, 2 * self.longest + 1)

    def _check_queries(self) -> None:
        if self.name != LOOKUP:
            if self.queries is not None:
                raise UsageError(
                    f"data.task.queries={self.queries} belongs to data=lookup; with "
                    f"data.task.name={self.name} it must be null"
                )
        elif self.queries is None or not 1 <= self.queries <= self.shortest:
            raise UsageError(
                f"data.task.queries={self.queries} must be from 1 to data.task.shortest="
                f"{self.shortest}, so that every source has as many keys"
            )

    def _check_room(self, setting: str, wanted: int, lengths: range) -> None:
        """Refuse to draw more than half of the sources that exist; none is drawn twice."""
        there = sum(map(self._sources, lengths))
        if wanted > there // 2:
            raise UsageError(
                f"data.task.{setting}={getattr(self, setting)}: {wanted:,} different sources of "
                f"{lengths[0]} to {lengths[-1]} are wanted, and there are {there:,}, of which "
                f"half may be used; lower it, or raise data.task.symbols or data.task.longest"
            )

    def _sources(self, length: int) -> int:
        """The number of different sources of that length."""
        drawn = self.symbols**length if self.repeats else math.perm(self.symbols, length)
        if self.queries is None:
            return drawn
        return math.perm(self.symbols, length) * drawn * math.perm(length, self.queries)


class Draws:
    """Random draws that are the same on every machine and with every version of Python.

    Python promises that for `random()` alone, not for `choice`, `sample` or `shuffle`.
    """

    def __init__(self, seed: str) -> None:
        self._random = Random(seed)

    def below(self, bound: int) -> int:
        """A uniform integer from 0 to `bound` - 1."""
        return int(self._random.random() * bound)

    def draw(self, items: Sequence[Item], count: int, *, repeats: bool) -> list[Item]:
        """`count` of the `items` in random order, with or without replacement."""
        if repeats:
            return [items[self.below(len(items))] for _ in range(count)]
        rest = list(items)  # Fisher & Yates 1938, stopped after `count` steps
        for place in range(count):
            other = place + self.below(len(rest) - place)
            rest[place], rest[other] = rest[other], rest[place]
        return rest[:count]


@dataclass(frozen=True)
class Example:
    """A sentence pair of symbols and its links; no link is both `sure` and `possible`."""

    source: Sequence[str]
    target: Sequence[str]
    sure: Links
    possible: Links = frozenset()

    def line(self) -> str:
        """Its line of a TSV file: source, target and links, `0-1` if sure and `0p1` if possible."""
        marks = dict.fromkeys(self.sure, "-") | dict.fromkeys(self.possible, "p")
        links = " ".join(f"{one}{marks[one, other]}{other}" for one, other in sorted(marks))
        return "\t".join((" ".join(self.source), " ".join(self.target), links))


def alphabet(symbols: int) -> list[str]:
    """That many names of one width, in alphabetical order: a, b and so on, or aa, ab and so on."""
    names = ascii_lowercase
    if symbols > len(names):
        return ["".join(both) for both in product(names, names)][:symbols]
    return list(names[:symbols])


def example(task: TaskConfig, length: int, draws: Draws) -> Example:
    """A random example with `length` symbols in its source, or in lookup so many pairs.

    copy: y_i = x_i. reverse: y_i = x_(n + 1 - i), counted from 1. sort: in alphabetical order,
    equal symbols in theirs; attention to any of the equal ones is possible.
    """
    if task.name == LOOKUP:
        return _lookup(task, length, draws)
    source = draws.draw(alphabet(task.symbols), length, repeats=task.repeats)
    order: Sequence[int] = range(length)
    if task.name == "reverse":
        order = order[::-1]
    elif task.name == "sort":
        order = sorted(order, key=source.__getitem__)  # is stable
    target = [source[place] for place in order]
    sure = frozenset((place, position) for position, place in enumerate(order))
    possible: Links = frozenset()
    if task.name == "sort":
        equal = product(range(length), range(length))
        possible = frozenset(pair for pair in equal if source[pair[0]] == target[pair[1]]) - sure
    return Example(source, target, sure, possible)


def _lookup(task: TaskConfig, length: int, draws: Draws) -> Example:
    """Pairs of a key and its value, then queries; the target has each query and its value.

    There are two hops: to the query, and from the query to the pair with that key. The link to the
    value is sure. The link to its key is possible for both target symbols: an encoder that has read
    a pair may represent all of it at either position.
    """
    names = alphabet(task.symbols)
    keys = draws.draw([name.upper() for name in names], length, repeats=False)
    values = draws.draw(names, length, repeats=task.repeats)
    asked = draws.draw(range(length), task.queries or 0, repeats=False)
    pairs = [*zip(keys, values, strict=True)]
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


def task_folder(task: TaskConfig) -> Path:
    """The folder with the task's splits, each as SPLIT.tsv, which are generated if need be.

    Equal settings give equal files, byte for byte.

    Raises:
        AttnlabError: there is nowhere to write to.
    """
    cache = Cache(cache_folder("tasks"), f"the corpus of data.task.name={task.name}")
    facts = {"task": asdict(task), "code": code_digest(Path(__file__))}
    return cache.folder(task.name, facts, partial(write_task, task))


def write_task(task: TaskConfig, folder: Path) -> None:
    """Write every split to `folder`, which exists.

    Raises:
        OSError: it cannot be written to.
    """
    seen: set[str] = set()
    for split in SPLITS:
        with (folder / f"{split}.tsv").open("w", encoding="utf-8", newline="\n") as file:
            file.writelines(f"{each.line()}\n" for each in _examples(task, split, seen))


def _examples(task: TaskConfig, split: str, seen: set[str]) -> Iterator[Example]:
    """Examples with uniform lengths and sources that were not `seen`, to which they are added."""
    draws = Draws(f"{task.name} {split} {task.seed}")
    lengths = task.long_lengths if split == LONG else task.lengths
    wanted = task.pairs if split == TRAIN else task.held_out
    while wanted:
        found = example(task, lengths[draws.below(len(lengths))], draws)
        source = " ".join(found.source)
        if source not in seen:
            seen.add(source)
            wanted -= 1
            yield found
