"""One matrix as a figure shows it: numbers, and words on both axes. Draws nothing."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from attnlab.plotting.lettering import visible_label

LEAST_PRINTED = 0.05
"""Smaller attention weights are not printed into their cells."""

_MANY = 30  # cells are small where there are more on one side
_MOST_INDICES = 6  # labels of places on one side
_ROUNDING = 1e-3  # half-precision weights may exceed 1 by this much


class Panel(Protocol):
    """What is drawn of any matrix.

    `values` has the shape (rows, columns); `row_texts` and `column_texts` are the labels as they
    are to be written, empty where a row or a column has none; `corner` says what columns and rows
    are; `gold` are cells (row, column) to be outlined.
    """

    title: str

    @property
    def values(self) -> NDArray[np.floating]: ...  # noqa: D102

    @property
    def row_texts(self) -> list[str]: ...  # noqa: D102

    @property
    def column_texts(self) -> list[str]: ...  # noqa: D102

    @property
    def corner(self) -> tuple[str, str]: ...  # noqa: D102

    @property
    def gold(self) -> frozenset[tuple[int, int]]: ...  # noqa: D102

    def numbers(self) -> dict[tuple[int, int], str]:
        """What can be written into cells (row, column)."""
        ...


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

    @property
    def values(self) -> NDArray[np.floating]:
        """See `Panel`."""
        return self.weights

    @property
    def row_texts(self) -> list[str]:
        """See `Panel`."""
        return [visible_label(token) for token in self.queries]

    @property
    def column_texts(self) -> list[str]:
        """See `Panel`."""
        return [visible_label(token) for token in self.keys]

    @property
    def corner(self) -> tuple[str, str]:
        """See `Panel`."""
        return f"{self.key_name} →", f"{self.query_name} ↓"

    def numbers(self) -> dict[tuple[int, int], str]:
        """See `Panel`; of small weights the colour says it all."""
        return {
            cell: f"{weight:.2f}"
            for cell, weight in np.ndenumerate(self.weights)
            if weight >= LEAST_PRINTED
        }


@dataclass(kw_only=True)
class MatrixPanel:
    """Any matrix: numbers of shape (rows, columns), NaN where there is none.

    `rows` and `columns` are labels, each at its place, empty where there is to be none, as
    `index_labels` and `number_labels` make them. `row_name` and `column_name` say what they are.

    Raises:
        ValueError: values that do not fit the labels, that are empty or infinite.
    """

    title: str
    values: NDArray[np.floating]
    rows: list[str]
    columns: list[str]
    row_name: str
    column_name: str
    gold: frozenset[tuple[int, int]] = frozenset()

    def __post_init__(self) -> None:
        expected = (len(self.rows), len(self.columns))
        if self.values.shape != expected or 0 in expected:
            raise ValueError(
                f"panel '{self.title}': values of shape {self.values.shape} for {expected[0]} rows "
                f"and {expected[1]} columns"
            )
        if np.isinf(self.values).any():
            raise ValueError(f"panel '{self.title}': infinite values have no colour")

    @property
    def row_texts(self) -> list[str]:
        """See `Panel`."""
        return [visible_label(label) if label else "" for label in self.rows]

    @property
    def column_texts(self) -> list[str]:
        """See `Panel`."""
        return [visible_label(label) if label else "" for label in self.columns]

    @property
    def corner(self) -> tuple[str, str]:
        """See `Panel`."""
        column, row = self.column_name, self.row_name
        return f"{column} →" if column else "", f"{row} ↓" if row else ""

    def numbers(self) -> dict[tuple[int, int], str]:
        """See `Panel`; with as many decimals in every cell as suit the largest."""
        return {
            cell: _number_text(value, self.values)
            for cell, value in np.ndenumerate(self.values)
            if np.isfinite(value)
        }


def _number_text(value: float, values: NDArray[np.floating]) -> str:
    finite = values[np.isfinite(values)]
    greatest = float(np.abs(finite).max())
    if (finite == np.round(finite)).all() and greatest < 1e5:
        text = f"{value:.0f}"
    elif 1e-2 <= greatest < 1e4:
        text = f"{value:.{max(0, 2 - max(0, math.floor(math.log10(greatest))))}f}"
    else:
        text = f"{value:.1e}"
    return text.replace("-", "−")


def index_labels(count: int, longest: int = 0) -> list[str]:
    """Places from 0 on as labels: of all where there are few, and else at even steps.

    `longest` is how many the matrix has on its longer side, where that is another one: cells are
    square, so beside a side of hundreds a shorter one has room for few labels.
    """
    most = _MOST_INDICES if longest < _MANY else max(2.0, _MOST_INDICES * count / longest)
    step = next(
        size * power
        for power in (10**exponent for exponent in range(20))
        for size in (1, 2, 5)
        if count <= most * size * power
    )
    return [str(place) if place % step == 0 else "" for place in range(count)]


def number_labels(numbers: Sequence[float], step: float) -> list[str]:
    """Labels of rising `numbers`: each multiple of `step`, where the nearest of them stands."""
    labels = [""] * len(numbers)
    first, last = np.ceil(numbers[0] / step - 1e-9), np.floor(numbers[-1] / step + 1e-9)
    for multiple in np.arange(first, last + 1):
        nearest = int(np.argmin(np.abs(np.asarray(numbers) - multiple * step)))
        labels[nearest] = f"{multiple * step + 0.0:g}"
    return labels
