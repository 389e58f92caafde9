"""A labelled matrix to be drawn as a heatmap, and labels at even steps."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from attnlab.plotting.text import visible_label

LEAST_PRINTED = 0.05
"""Smaller attention weights are not printed into their cells."""

_MANY = 30  # rows or columns, from which on cells are small
_MOST_INDICES = 6  # labels on one side, where not every row or column has one
_ROUNDING = 1e-3  # half-precision weights may exceed 1 by this much

Cell = tuple[int, int]
"""Row and column."""


@dataclass(kw_only=True)
class Heatmap:
    """A matrix of shape (rows, columns) with its labels; cells that are NaN are grey.

    Attributes:
        title: Heading of the panel.
        values: The numbers.
        rows: Row labels from the top, empty where there is to be none.
        columns: Column labels from the left, likewise.
        row_name: Name of the axis of rows, as "translation".
        column_name: Name of the axis of columns, as "source".
        gold: Cells to be outlined: those that a gold standard links.
        number_format: Format of printed numbers; by default as many decimals as suit the largest.
        least_printed: Smaller numbers are not printed.

    Raises:
        ValueError: The values do not fit the labels, are empty or infinite, or a gold cell is
            outside the matrix.
    """

    title: str
    values: NDArray[np.floating]
    rows: Sequence[str]
    columns: Sequence[str]
    row_name: str = ""
    column_name: str = ""
    gold: frozenset[Cell] = frozenset()
    number_format: str | None = None
    least_printed: float = -math.inf

    def __post_init__(self) -> None:
        expected = (len(self.rows), len(self.columns))
        where = f"heatmap '{self.title}'"
        if self.values.shape != expected or 0 in expected:
            raise ValueError(
                f"{where}: values of shape {self.values.shape} for {expected[0]} rows "
                f"and {expected[1]} columns"
            )
        if np.isinf(self.values).any():
            raise ValueError(f"{where}: infinite values have no colour")
        for row, column in sorted(self.gold):
            if not (0 <= row < expected[0] and 0 <= column < expected[1]):
                raise ValueError(
                    f"{where}: the gold cell {(row, column)} is outside a map of "
                    f"{expected[0]} rows and {expected[1]} columns"
                )

    @property
    def row_labels(self) -> list[str]:
        """Row labels with something to see in each that is not empty."""
        return [label and visible_label(label) for label in self.rows]

    @property
    def column_labels(self) -> list[str]:
        """Column labels, likewise."""
        return [label and visible_label(label) for label in self.columns]

    @property
    def axis_names(self) -> tuple[str, str]:
        """Names of columns and rows, with arrows along their axes."""
        column, row = self.column_name, self.row_name
        return f"{column} →" if column else "", f"{row} ↓" if row else ""

    def numbers(self) -> dict[Cell, str]:
        """Text of the numbers that can be printed into cells."""
        number_format = self.number_format or _suitable_format(self.values)
        return {
            (row, column): format(value, number_format).replace("-", "−")
            for (row, column), value in np.ndenumerate(self.values)
            if np.isfinite(value) and value >= self.least_printed
        }


def attention_heatmap(
    *,
    title: str,
    weights: NDArray[np.floating],
    queries: Sequence[str],
    keys: Sequence[str],
    query_name: str,
    key_name: str,
    gold: frozenset[Cell] = frozenset(),
) -> Heatmap:
    """A heatmap of attention weights, shape (queries, keys), with a label for every token.

    A row sums to 1, or to 0 where a query could see no key.

    Raises:
        ValueError: The weights do not fit the tokens, are empty, not finite, or outside 0..1; or a
            gold cell is outside the map.
    """
    where = f"attention map '{title}'"
    expected = (len(queries), len(keys))
    if weights.shape != expected:
        raise ValueError(
            f"{where}: weights of shape {weights.shape} "
            f"for {expected[0]} queries and {expected[1]} keys"
        )
    if 0 in expected:
        raise ValueError(f"{where}: needs a query and a key at least, has {expected}")
    if not np.isfinite(weights).all():
        row, column = np.argwhere(~np.isfinite(weights))[0]
        raise ValueError(
            f"{where}: the weight of query {row} ('{queries[row]}') on key {column} "
            f"('{keys[column]}') is {weights[row, column]}"
        )
    if weights.min() < -_ROUNDING or weights.max() > 1 + _ROUNDING:
        raise ValueError(
            f"{where}: weights from {weights.min():g} to {weights.max():g}; "
            "they must lie between 0 and 1"
        )
    return Heatmap(
        title=title,
        values=weights,
        rows=[visible_label(token) for token in queries],
        columns=[visible_label(token) for token in keys],
        row_name=query_name,
        column_name=key_name,
        gold=gold,
        number_format=".2f",
        least_printed=LEAST_PRINTED,
    )


def _suitable_format(values: NDArray[np.floating]) -> str:
    finite = values[np.isfinite(values)]
    greatest = float(np.abs(finite).max(initial=0.0))
    if (finite == np.round(finite)).all() and greatest < 1e5:
        return ".0f"
    if 1e-2 <= greatest < 1e4:
        return f".{max(0, 2 - max(0, math.floor(math.log10(greatest))))}f"
    return ".1e"


def index_labels(count: int, longest: int = 0) -> list[str]:
    """Indices from 0 as labels: all of them where there are few, and else at even steps.

    `longest`: length of the matrix's longer side. Cells are square, so that beside a side of
    hundreds a shorter one has room for few labels.
    """
    most = _MOST_INDICES if longest < _MANY else max(2.0, _MOST_INDICES * count / longest)
    step = next(
        size * power
        for power in (10**exponent for exponent in range(20))
        for size in (1, 2, 5)
        if count <= most * size * power
    )
    return [str(index) if index % step == 0 else "" for index in range(count)]


def number_labels(numbers: Sequence[float], step: float) -> list[str]:
    """Labels of rising `numbers`: each multiple of `step`, at the number nearest to it."""
    labels = [""] * len(numbers)
    first, last = np.ceil(numbers[0] / step - 1e-9), np.floor(numbers[-1] / step + 1e-9)
    for multiple in np.arange(first, last + 1):
        nearest = int(np.argmin(np.abs(np.asarray(numbers) - multiple * step)))
        labels[nearest] = f"{multiple * step + 0.0:g}"
    return labels
