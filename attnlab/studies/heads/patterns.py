"""Where heads look on the whole: the mean of the maps of all sentences of one and the same size.

Nothing is stretched or cut, so that a head which looks one place back or at the end is seen to.
"""

from collections import Counter
from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray

Size = tuple[int, int]
"""Queries and keys."""


def typical_size(sizes: Iterable[Size]) -> Size:
    """The size at which most tokens stand: neither what is rare nor what is tiny.

    Raises:
        ValueError: there are no sizes.
    """
    counts = Counter(sizes)
    if not counts:
        raise ValueError("no sentences to choose a size from")
    return max(counts, key=lambda size: (counts[size] * sum(size), size))


class MeanPattern:
    """The mean of the maps that have `size`, (heads, queries, keys), and of how many."""

    def __init__(self, size: Size) -> None:
        self.size, self.sentences = size, 0
        self._sum: NDArray[np.float64] | None = None

    def add(self, weights: NDArray[np.floating], sizes: NDArray[np.int64]) -> None:
        """Take in a batch, (batch, heads, queries, keys), whose rows are of `sizes`, (batch, 2)."""
        chosen = (sizes == self.size).all(axis=1)
        if not chosen.any():
            return
        queries, keys = self.size
        of_batch = weights[chosen, :, :queries, :keys].sum(axis=0, dtype=np.float64)
        self._sum = of_batch if self._sum is None else self._sum + of_batch
        self.sentences += int(chosen.sum())

    def mean(self) -> NDArray[np.float64]:
        """(heads, queries, keys).

        Raises:
            ValueError: no sentence of that size was added.
        """
        if self._sum is None:
            raise ValueError(f"no map of {self.size[0]} queries and {self.size[1]} keys was added")
        return self._sum / self.sentences
