"""A learnt table's page: both stacks' matrices, columns, and how alike positions have become."""

import numpy as np

from attnlab.plotting.panels import MatrixPanel, Panel
from attnlab.studies.positions.measures import cosines, offset_deviation
from attnlab.studies.positions.page import PositionsPage
from attnlab.studies.positions.report import ToldPositions
from attnlab.studies.positions.sinusoidal import columns_panel, likeness_panel
from attnlab.support.errors import UsageError

_NOTE = (
    "A row that no sentence of training was long enough for stays as it began, at random: like no "
    "other row. That is where a learnt table ends, whatever its length."
)


def learned_page(told: ToldPositions) -> PositionsPage:
    """See the module."""
    if told.run is None:
        raise UsageError(
            "positions=learned is whatever a training makes of it; name a run of "
            "attnlab train model=transformer positions=learned"
        )
    tables = {stack: told.table(stack) for stack in told.embeddings}
    size = next(iter(tables.values())).shape[1]
    return PositionsPage(
        title=f"Learned positions: the first {told.length}, {size} features",
        rows=[_row(stack, table) for stack, table in tables.items()],
        note=_NOTE,
        checks={
            f"{stack}: p(i) · p(i + δ) for all i: largest difference of cosines": (
                offset_deviation(cosines(table))
            )
            for stack, table in tables.items()
        },
    )


def _row(stack: str, table: np.ndarray) -> list[Panel]:
    most = float(np.abs(table).max())
    return [
        MatrixPanel(
            title=f"{stack.capitalize()}: matrix",
            values=table,
            row_label="position",
            column_label="feature",
            lowest=-most,
            highest=most,
        ),
        columns_panel(table),
        MatrixPanel(
            title="Likeness of any two positions",
            values=cosines(table),
            row_label="position",
            column_label="position",
            lowest=-1,
            highest=1,
        ),
        likeness_panel(table),
    ]
