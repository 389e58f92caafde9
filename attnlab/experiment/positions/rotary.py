"""The rotary page: how fast pairs turn, and products that depend on the offset alone."""

import numpy as np
import torch

from attnlab.attention.positions.rotary import RotaryConfig
from attnlab.evaluation.positions import (
    Array,
    decay_bound,
    offset_deviation,
    speeds,
    turned_product,
)
from attnlab.experiment.positions.page import PositionsPage
from attnlab.experiment.positions.told import ToldPositions
from attnlab.plotting.panels import LinesPanel, MatrixPanel

_FURTHEST = 256  # offsets of the decay, as far as Su et al.'s figure 2
_TURNED_TO = 12  # positions on the circle

_NOTE = (
    "A head's features turn in pairs, each at its own speed, by an angle that grows with the "
    "position. A query at i and a key at j have turned by what their offset says more or less "
    "than one another, so their product depends on j - i alone: one colour along each diagonal. "
    "The product of alike features falls with the distance, as its bound does (Su et al. 2021, "
    "section 3.4.3; both are 1 at offset 0)."
)


def rotary_page(told: ToldPositions) -> PositionsPage:
    """See the module."""
    assert isinstance(told.config, RotaryConfig)
    base, size = told.config.base, told.size
    angle = speeds(size // 2 * 2, base)
    products = _products(told)
    most = float(np.abs(products).max())
    offsets = np.arange(_FURTHEST + 1)
    bound = decay_bound(offsets, size // 2 * 2, base)
    return PositionsPage(
        title=f"Rotary: {told.length} positions, {size} features of a head, base {base:g}",
        rows=[
            [_circle(angle), _speeds(angle)],
            [
                MatrixPanel(
                    title="One query and one key, at any two places",
                    values=products,
                    row_label="position i of the query",
                    column_label="position j of the key",
                    lowest=-most,
                    highest=most,
                ),
                LinesPanel(
                    title="Products fall with the distance",
                    lines={
                        "alike features": (offsets, turned_product(offsets, size // 2 * 2, base)),
                        "bound": (offsets, bound / bound[0]),
                    },
                    x_label="offset",
                    y_label="share of the product at offset 0",
                ),
            ],
        ],
        note=_NOTE,
        checks={
            "R(i) q · R(j) k depends on j - i alone: largest difference": (
                offset_deviation(products)
            ),
            "its values range over": float(np.ptp(products)),
        },
        numbers={"radians_a_position": angle.tolist()},
    )


def _products(told: ToldPositions) -> Array:
    """Of one query and one key, drawn at random, each of length 1, at any two positions."""
    turning = told.relatives["encoder"][0]
    drawn = torch.randn(2, 1, told.size, generator=torch.Generator().manual_seed(1))
    unit = drawn / drawn.norm(dim=-1, keepdim=True)
    with torch.no_grad():
        query, key = (turning.turn(each.expand(told.length, -1), 0).double() for each in unit)
    return (query @ key.T).numpy()


def _circle(angle: Array) -> LinesPanel:
    """Where the features (1, 0) of a few pairs are at the first positions, as hands of a clock."""
    pairs = sorted({0, len(angle) // 8, len(angle) // 4, len(angle) // 2})
    place = np.arange(_TURNED_TO)
    lines = {}
    for ring, pair in enumerate(pairs):
        turned, radius = place * angle[pair], 1 - 0.2 * ring
        lines[f"{pair}"] = (radius * np.cos(turned), radius * np.sin(turned))
    return LinesPanel(
        title=f"Where (1, 0) is turned to at positions 0 to {_TURNED_TO - 1}",
        lines=lines,
        x_label="even feature (pairs on smaller circles for clarity)",
        y_label="odd feature",
        legend="pair",
        dots=True,
        square=True,
        whole_x=False,
    )


def _speeds(angle: Array) -> LinesPanel:
    return LinesPanel(
        title="How fast each pair turns",
        lines={"": (np.arange(len(angle)), angle)},
        x_label="pair of features",
        y_label="radians a position",
        legend=None,
        dots=True,
        log_y=True,
    )
