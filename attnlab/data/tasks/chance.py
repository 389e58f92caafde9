"""Draws that are the same on every machine and with every version of Python.

Python promises that for `random()` alone, and not for `choice`, `sample` or `shuffle`.
"""

from collections.abc import Sequence
from random import Random
from typing import TypeVar

Item = TypeVar("Item")


class Chance:
    """A row of draws that follows from `seed`."""

    def __init__(self, seed: str) -> None:
        self._random = Random(seed)

    def below(self, bound: int) -> int:
        """A whole number from 0 to `bound` - 1, all as likely."""
        return int(self._random.random() * bound)

    def draw(self, items: Sequence[Item], count: int, *, repeats: bool) -> list[Item]:
        """`count` of the `items` in whatever order; the same one again only with `repeats`."""
        if repeats:
            return [items[self.below(len(items))] for _ in range(count)]
        rest = list(items)  # Fisher & Yates 1938, as far as it is needed
        for place in range(count):
            other = place + self.below(len(rest) - place)
            rest[place], rest[other] = rest[other], rest[place]
        return rest[:count]
