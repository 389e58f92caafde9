"""What a panel holds: a matrix in colour, or lines. Arrays and strings."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

Numbers: TypeAlias = NDArray[np.floating] | NDArray[np.integer]


@dataclass(frozen=True, kw_only=True)
class MatrixPanel:
    """Rows from the top, columns from the left; cells that are NaN are grey.

    `row_start`, `column_start`: the numbers of the first row and column, unless there are
    `row_names` and `column_names`. `lowest` and `highest` are the ends of the scale: where the
    lowest is below 0, the signs differ in colour. `print_numbers`: whole ones, into the cells,
    instead of a colour bar.
    """

    title: str
    values: Numbers
    row_label: str
    column_label: str
    lowest: float
    highest: float
    row_start: int = 0
    column_start: int = 0
    row_names: Sequence[str] | None = None
    column_names: Sequence[str] | None = None
    print_numbers: bool = False


@dataclass(frozen=True, kw_only=True)
class LinesPanel:
    """Lines by name, each of its x and its y; a single line needs no name.

    `legend` stands over the names. `ordered`: the lines are steps of something, from light to dark.
    `dots`: on the lines. `stairs`: y holds around each x. `square`: both axes have one scale.
    """

    title: str
    lines: Mapping[str, tuple[Numbers, Numbers]]
    x_label: str
    y_label: str
    legend: str = ""
    ordered: bool = False
    dots: bool = False
    stairs: bool = False
    square: bool = False
    log_x: bool = False
    log_y: bool = False
    y_limits: tuple[float, float] | None = None


Panel: TypeAlias = MatrixPanel | LinesPanel
