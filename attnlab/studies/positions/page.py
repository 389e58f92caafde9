"""A page of panels about a positional encoding, with checks of its properties."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from attnlab.plotting.panels import MatrixPanel, Panel
from attnlab.studies.positions.measures import Array

PLACES = ("position of the query", "position of the key")


@dataclass(frozen=True, kw_only=True)
class PositionsPage:
    """Rows of panels between a `title` and a `note`.

    `checks`: deviations from what the encoding promises, by description; `numbers`: further ones,
    for JSON only.
    """

    title: str
    rows: Sequence[Sequence[Panel]]
    note: str
    checks: Mapping[str, float] = field(default_factory=dict)
    numbers: Mapping[str, Any] = field(default_factory=dict)


def matrix(
    title: str,
    values: Array,
    axes: tuple[str, str] = ("position", "feature"),
    limits: tuple[float, float] | None = None,
    **options: Any,
) -> MatrixPanel:
    """A panel of `values`; `axes` label rows and columns, `limits` None is symmetric about 0."""
    if limits is None:
        most = float(np.nanmax(np.abs(values)))
        limits = (-most, most)
    return MatrixPanel(
        title=title,
        values=values,
        y_label=axes[0],
        x_label=axes[1],
        lowest=limits[0],
        highest=limits[1],
        **options,
    )
