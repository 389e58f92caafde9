"""The page of Shaw's relative positions: which row each offset has, and what rows have become."""

import numpy as np
from torch import Tensor

from attnlab.attention.positions.shaw import ShawConfig, ShawEmbeddings
from attnlab.plotting.panels import LinesPanel, MatrixPanel, Panel
from attnlab.studies.positions.measures import Array, cosines
from attnlab.studies.positions.page import PositionsPage
from attnlab.studies.positions.report import STACKS, ToldPositions, visible_alone

_NOTE = (
    "Each offset j − i, clipped, has a learnt key that the query is compared with as well. A "
    "decoder sees no key behind the query, and has none for those."
)
_LEARNT = (
    " Likeness: cosines of the offsets’ keys in the first layer; where neighbouring offsets are "
    "alike, it is roughly where that counts, and not exactly."
)


def shaw_page(told: ToldPositions) -> PositionsPage:
    """The clipped offsets; of a run also the tables of each stack."""
    assert isinstance(told.config, ShawConfig)
    farthest = told.config.farthest
    rows: list[list[Panel]] = []
    if told.run is None:
        rows.append([_offsets(told, stack) for stack in STACKS])
    else:
        rows += [_learnt(told, stack) for stack in told.relatives]
    return PositionsPage(
        title=f"Shaw’s relative positions: offsets clipped at {farthest}",
        rows=rows,
        note=_NOTE + (_LEARNT if told.run is not None else ""),
        checks={},
        numbers={"farthest": farthest},
    )


def _offsets(told: ToldPositions, stack: str) -> MatrixPanel:
    assert isinstance(told.config, ShawConfig)
    farthest = told.config.farthest
    place = np.arange(told.length)
    clipped = np.clip(place - place[:, np.newaxis], -farthest, farthest).astype(float)
    return MatrixPanel(
        title=f"{stack.capitalize()}: offset whose key is taken",
        values=visible_alone(clipped, stack),
        row_label="position of the query",
        column_label="position of the key",
        lowest=-farthest,
        highest=0 if STACKS[stack] else farthest,
    )


def _learnt(told: ToldPositions, stack: str) -> list[Panel]:
    layers = [each for each in told.relatives[stack] if isinstance(each, ShawEmbeddings)]
    keys = [_table(each.key_table.weight) for each in layers]
    values = [_table(each.value_table.weight) for each in layers if each.value_table is not None]
    farthest = layers[0].farthest
    offsets = np.arange(-farthest, len(keys[0]) - farthest)
    most = float(np.abs(keys[0]).max())
    found: list[Panel] = [
        MatrixPanel(
            title=f"{stack.capitalize()}, layer 1: keys",
            values=keys[0],
            row_label="offset j − i",
            column_label="feature of a head",
            row_start=-farthest,
            lowest=-most,
            highest=most,
        ),
        MatrixPanel(
            title="Likeness of any two offsets",
            values=cosines(keys[0]),
            row_label="offset j − i",
            column_label="offset j − i",
            row_start=-farthest,
            column_start=-farthest,
            lowest=-1,
            highest=1,
        ),
        _lengths("Length of the keys", keys, offsets),
    ]
    if values:
        found.append(_lengths("Length of the values", values, offsets))
    return found


def _lengths(title: str, tables: list[Array], offsets: np.ndarray) -> LinesPanel:
    return LinesPanel(
        title=title,
        lines={
            f"{layer}": (offsets, np.linalg.norm(table, axis=1))
            for layer, table in enumerate(tables, start=1)
        },
        x_label="offset j − i",
        y_label="length",
        legend="layer",
    )


def _table(weight: Tensor) -> Array:
    return weight.detach().double().cpu().numpy()
