"""The sinusoids' page: their matrix, columns, wavelengths, counting, and likeness by offset."""

import numpy as np

from attnlab.plotting.panels import LinesPanel, MatrixPanel
from attnlab.studies.positions.measures import (
    binary_digits,
    cosines,
    offset_deviation,
    rotation_deviation,
    speeds,
)
from attnlab.studies.positions.page import PositionsPage
from attnlab.studies.positions.report import ToldPositions

_FIRST_COLUMN, _COLUMNS = 6, 4  # as in Dive into Deep Learning
_COUNTED, _DIGITS = 8, 3

_NOTE = (
    "Each pair of columns is a clock: sine and cosine of one angle, which turns more slowly from "
    "left to right. Counting does the same: each binary digit changes half as often as the one "
    "before it. How alike two positions are depends on their offset alone, so the lines of all "
    "positions lie on one another."
)


def sinusoidal_page(told: ToldPositions) -> PositionsPage:
    """See the module."""
    table = told.table("encoder")
    length, size = table.shape
    alike = cosines(table)
    wavelengths = 2 * np.pi / speeds(size)
    counted = min(length, _COUNTED)
    return PositionsPage(
        title=f"Sinusoidal positions: {length} positions, {size} features",
        rows=[
            [
                MatrixPanel(
                    title="Encoding matrix",
                    values=table,
                    row_label="position",
                    column_label="feature",
                    lowest=-1,
                    highest=1,
                ),
                columns_panel(table, names=("sine", "cosine")),
                likeness_panel(table),
            ],
            [
                MatrixPanel(
                    title="Counting in binary",
                    values=binary_digits(_COUNTED, _DIGITS),
                    row_label="number",
                    column_label="",
                    lowest=0,
                    highest=1,
                    row_names=[f"{n} = {n:0{_DIGITS}b}" for n in range(_COUNTED)],
                    column_names=["ones", "twos", "fours"],
                    print_numbers=True,
                ),
                MatrixPanel(
                    title="The same positions encoded",
                    values=table[:counted, :12],
                    row_label="position",
                    column_label="feature",
                    lowest=-1,
                    highest=1,
                ),
                LinesPanel(
                    title="Positions in a full turn",
                    lines={"": (np.arange(len(wavelengths)), wavelengths)},
                    x_label="pair of features",
                    y_label="positions, wavelength",
                    dots=True,
                    log_y=True,
                ),
            ],
        ],
        note=_NOTE,
        checks={
            "p(i + δ) = R(δ) p(i), a rotation of each pair: largest deviation": (
                rotation_deviation(table)
            ),
            "p(i) · p(i + δ) is the same for all i: largest difference of cosines": (
                offset_deviation(alike)
            ),
        },
        numbers={"wavelengths": wavelengths.tolist()},
    )


def columns_panel(table: np.ndarray, names: tuple[str, str] = ("", "")) -> LinesPanel:
    """A few columns against position; `names` are what even and odd ones are."""
    size = table.shape[1]
    first = min(_FIRST_COLUMN, max(0, size - _COLUMNS))
    columns = range(first, min(size, first + _COLUMNS))
    place = np.arange(len(table))
    return LinesPanel(
        title=f"Columns {columns[0]} to {columns[-1]}",
        lines={f"{n} {names[n % 2]}".strip(): (place, table[:, n]) for n in columns},
        x_label="position",
        y_label="",
        legend="column",
    )


def likeness_panel(table: np.ndarray) -> LinesPanel:
    """How alike a few positions are to all others, against the offset."""
    alike = cosines(table)
    length = len(table)
    asked = sorted({0, length // 3, 2 * length // 3, length - 1})
    return LinesPanel(
        title="Likeness by offset",
        lines={f"{i}": (np.arange(length) - i, alike[i]) for i in asked},
        x_label="offset δ",
        y_label="cosine of p(i), p(i + δ)",
        legend="i",
        y_limits=(min(0.0, float(alike.min()) - 0.08), 1.08),
    )
