"""Pages of encodings that are added to embeddings: sinusoidal and learned."""

import numpy as np

from attnlab.plotting.panels import LinesPanel, MatrixPanel
from attnlab.studies.positions.measures import (
    Array,
    binary_digits,
    cosines,
    offset_deviation,
    rotation_deviation,
    speeds,
)
from attnlab.studies.positions.modules import PositionModules
from attnlab.studies.positions.page import PositionsPage, matrix
from attnlab.support.errors import UsageError

_FIRST_COLUMN, _COLUMNS = 6, 4  # as in Dive into Deep Learning
_COUNTED, _DIGITS = 8, 3

_SINUSOIDAL_NOTE = (
    "Each pair of columns is the sine and cosine of one angle, which turns more slowly from left "
    "to right, as each binary digit of a count changes half as often as the one before it. The "
    "cosine of two positions depends on their offset only, so the lines of all positions coincide."
)
_LEARNED_NOTE = (
    "Rows of positions that no training sentence reached keep their random first values and are "
    "like no other row: the learnt table ends there, whatever its length."
)


def sinusoidal_page(modules: PositionModules) -> PositionsPage:
    """The matrix, columns, wavelengths, binary counting, and similarity by offset."""
    table = modules.table("encoder")
    length, size = table.shape
    wavelengths = 2 * np.pi / speeds(size)
    return PositionsPage(
        title=f"Sinusoidal positions: {length} positions, {size} features",
        rows=[
            [
                matrix("Encoding matrix", table, limits=(-1, 1)),
                _columns(table, names=("sine", "cosine")),
                _similarity_by_offset(table),
            ],
            [
                matrix(
                    "Counting in binary",
                    binary_digits(_COUNTED, _DIGITS).astype(float),
                    ("number", ""),
                    (0, 1),
                    row_names=[f"{n} = {n:0{_DIGITS}b}" for n in range(_COUNTED)],
                    column_names=["ones", "twos", "fours"],
                    print_numbers=True,
                ),
                matrix("The same positions encoded", table[:_COUNTED, :12], limits=(-1, 1)),
                LinesPanel(
                    title="Positions in a full turn",
                    lines={"": (np.arange(len(wavelengths)), wavelengths)},
                    x_label="pair of features",
                    y_label="wavelength in positions",
                    dots=True,
                    log_y=True,
                ),
            ],
        ],
        note=_SINUSOIDAL_NOTE,
        checks={
            "p(i + δ) = R(δ) p(i), a rotation of each pair: largest deviation": (
                rotation_deviation(table)
            ),
            "p(i) · p(i + δ) is the same for all i: largest difference of cosines": (
                offset_deviation(cosines(table))
            ),
        },
        numbers={"wavelengths": wavelengths.tolist()},
    )


def learned_page(modules: PositionModules) -> PositionsPage:
    """Each stack's matrix, columns, and similarity of positions."""
    if modules.run is None:
        raise UsageError(
            "positions=learned has no formula to draw; name a run of "
            "attnlab train model=transformer positions=learned"
        )
    tables = {stack: modules.table(stack) for stack in modules.embeddings}
    size = next(iter(tables.values())).shape[1]
    return PositionsPage(
        title=f"Learned positions: the first {modules.length}, {size} features",
        rows=[
            [
                matrix(f"{stack.capitalize()}: matrix", table),
                _columns(table),
                _similarity(table),
                _similarity_by_offset(table),
            ]
            for stack, table in tables.items()
        ],
        note=_LEARNED_NOTE,
        checks={
            f"{stack}: p(i) · p(i + δ) for all i: largest difference of cosines": (
                offset_deviation(cosines(table))
            )
            for stack, table in tables.items()
        },
    )


def _columns(table: Array, names: tuple[str, str] = ("", "")) -> LinesPanel:
    """A few columns by position; `names` are those of even and odd columns."""
    size = table.shape[1]
    first = min(_FIRST_COLUMN, max(0, size - _COLUMNS))
    columns = range(first, min(size, first + _COLUMNS))
    return LinesPanel(
        title=f"Columns {columns[0]} to {columns[-1]}",
        lines={
            f"{n} {names[n % 2]}".strip(): (np.arange(len(table)), table[:, n]) for n in columns
        },
        x_label="position",
        y_label="",
        legend="column",
    )


def _similarity(table: Array) -> MatrixPanel:
    return matrix("Similarity of positions", cosines(table), ("position", "position"), (-1, 1))


def _similarity_by_offset(table: Array) -> LinesPanel:
    """Cosines of a few positions with all others."""
    found = cosines(table)
    length = len(table)
    chosen = sorted({0, length // 3, 2 * length // 3, length - 1})
    return LinesPanel(
        title="Similarity by offset",
        lines={f"{i}": (np.arange(length) - i, found[i]) for i in chosen},
        x_label="offset δ",
        y_label="cosine of p(i), p(i + δ)",
        legend="i",
        y_limits=(min(0.0, float(found.min()) - 0.08), 1.08),
    )
