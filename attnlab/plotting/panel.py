"""One attention map as a figure shows it: weights, and words on both axes. Draws nothing."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

_ROUNDING = 1e-3  # half-precision weights may exceed 1 by this much


@dataclass(kw_only=True)
class AttentionPanel:
    """One attention map: who (a row) looked where (the columns).

    Attributes:
        title: What is seen, as "decoder · layer 2 · cross · head 3".
        weights: Shape (queries, keys), each from 0 to 1; a row sums to 1, or to 0 where a query
            could see nothing.
        queries: Row labels from the top, such as the words of a translation.
        keys: Column labels from the left, such as the words of a source sentence.
        query_name: What the rows are, as "translation".
        key_name: What the columns are, as "source".
        gold: Cells (row, column) to be outlined: those that a gold standard links.

    Raises:
        ValueError: Weights that do not fit the labels, that are empty, not finite, or outside
            0..1; a gold cell that is not there.
    """

    title: str
    weights: NDArray[np.floating]
    queries: list[str]
    keys: list[str]
    query_name: str
    key_name: str
    gold: frozenset[tuple[int, int]] = frozenset()

    def __post_init__(self) -> None:
        where = f"attention panel '{self.title}'"
        expected = (len(self.queries), len(self.keys))
        if self.weights.shape != expected:
            raise ValueError(
                f"{where}: weights of shape {self.weights.shape} "
                f"for {expected[0]} queries and {expected[1]} keys"
            )
        if 0 in expected:
            raise ValueError(f"{where}: needs a query and a key at least, has {expected}")
        if not np.isfinite(self.weights).all():
            row, column = np.argwhere(~np.isfinite(self.weights))[0]
            raise ValueError(
                f"{where}: the weight of query {row} ('{self.queries[row]}') on key {column} "
                f"('{self.keys[column]}') is {self.weights[row, column]}"
            )
        if self.weights.min() < -_ROUNDING or self.weights.max() > 1 + _ROUNDING:
            raise ValueError(
                f"{where}: weights from {self.weights.min():g} to {self.weights.max():g}; "
                "they must lie between 0 and 1"
            )
        for row, column in sorted(self.gold):
            if not (0 <= row < expected[0] and 0 <= column < expected[1]):
                raise ValueError(
                    f"{where}: the gold cell {(row, column)} is outside a map of "
                    f"{expected[0]} queries and {expected[1]} keys"
                )
