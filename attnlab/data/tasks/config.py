"""What can be chosen of a task: its symbols, its lengths and how much of it is written."""

import math
from dataclasses import dataclass
from typing import Annotated

from attnlab.support.errors import UsageError
from attnlab.support.ranges import Count, Range, Seed

TASKS = ("copy", "reverse", "sort", "lookup")
LOOKUP = "lookup"
MOST_SYMBOLS = 26**2  # names of two letters

Length = Annotated[int, Range(minimum=1, maximum=1000)]
Pairs = Annotated[int, Range(minimum=1, maximum=10_000_000)]


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
        if self._needs_different and 2 * self.longest > self.symbols:
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
        """Those of all splits but test_long."""
        return range(self.shortest, self.longest + 1)

    @property
    def long_lengths(self) -> range:
        """Those of test_long."""
        return range(self.longest + 1, 2 * self.longest + 1)

    @property
    def _needs_different(self) -> bool:
        return self.name == LOOKUP or not self.repeats

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
        """Refuse to look for sources that hardly are there; none is written twice."""
        there = sum(map(self._sources, lengths))
        if wanted > there // 2:
            raise UsageError(
                f"data.task.{setting}={getattr(self, setting)}: {wanted:,} different sources of "
                f"{lengths[0]} to {lengths[-1]} are wanted, and there are {there:,}, of which "
                f"half may be used; lower it, or raise data.task.symbols or data.task.longest"
            )

    def _sources(self, length: int) -> int:
        """How many different ones there are of that length."""
        drawn = self.symbols**length if self.repeats else math.perm(self.symbols, length)
        if self.queries is None:
            return drawn
        return math.perm(self.symbols, length) * drawn * math.perm(length, self.queries)
