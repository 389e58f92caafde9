"""Matrices with the labels of their rows and columns, as files hold them and figures show them."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from attnlab.support.errors import AttnlabError

MOST_CELLS = 4096
"""On either side of a matrix: a figure has no more dots than that for them."""
MOST_MATRICES = 64
"""In one stack."""


LARGEST, SMALLEST = 1e100, 1e-100
"""Magnitudes of numbers whose differences and squares are finite, and not 0."""


@dataclass(frozen=True, kw_only=True)
class LabelledMatrix:
    """Numbers of shape (rows, columns), NaN where there is none; labels, where there are some."""

    values: NDArray[np.float64]
    rows: list[str] | None = None
    columns: list[str] | None = None


@dataclass(frozen=True, kw_only=True)
class MatrixStack:
    """Matrices of one shape that belong together; `grid` is (rows, columns) where they had one."""

    matrices: list[LabelledMatrix]
    grid: tuple[int, int] | None = None


def require_drawable(where: str, rows: int, columns: int) -> None:
    """Refuse a matrix without cells, or one with more than a figure can show.

    Raises:
        AttnlabError: `where` says of which file or part.
    """
    if rows < 1 or columns < 1:
        raise AttnlabError(f"{where}: holds no numbers ({rows} rows, {columns} columns)")
    if max(rows, columns) > MOST_CELLS:
        raise AttnlabError(
            f"{where}: {rows:,} rows and {columns:,} columns are too many for a figure, which "
            f"shows {MOST_CELLS:,} of either at most; cut out the part that is of interest"
        )
