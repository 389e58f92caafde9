"""The rotary page: how pairs of features turn, and products that depend on the offset alone."""

import numpy as np
import torch

from attnlab.attention.positions.rotary import RotaryConfig
from attnlab.plotting.panels import LinesPanel, MatrixPanel
from attnlab.studies.positions.measures import (
    Array,
    decay_bound,
    offset_deviation,
    speeds,
    turned_product,
)
from attnlab.studies.positions.page import PositionsPage
from attnlab.studies.positions.report import ToldPositions

_FURTHEST = 250  # offsets of the decay, as in Su et al.'s figure 2
_TURNED_TO = 7  # positions on the circle: of the first pair, a little less than one turn

_NOTE = (
    "A head’s features turn in pairs, each at its own speed, by an angle that grows with the "
    "position (first panel: slower pairs on smaller circles). A query at i and a key at j are "
    "turned against one another by their offset alone, and so is their product: one colour along "
    "each diagonal. Su et al. 2021, section 3.4.3: a product is bounded by what falls with the "
    "distance, though neither falls at every step."
)


def rotary_page(told: ToldPositions) -> PositionsPage:
    """See the module."""
    assert isinstance(told.config, RotaryConfig)
    base, size = told.config.base, told.size // 2 * 2
    speed = speeds(size, base)
    pairs = np.arange(len(speed))
    products = _products(told)
    most = float(np.abs(products).max())
    offsets = np.arange(float(_FURTHEST + 1))
    return PositionsPage(
        title=f"Rotary positions: {told.length} positions, {told.size} features a head, "
        f"base {base:g}",
        rows=[
            [
                _circle(speed),
                LinesPanel(
                    title="How fast each pair turns",
                    lines={"": (pairs, speed)},
                    x_label="pair of features",
                    y_label="radians a position",
                    dots=True,
                    log_y=True,
                ),
                MatrixPanel(
                    title="Cosine of each pair’s angle",
                    values=np.cos(np.outer(np.arange(told.length), speed)),
                    row_label="position",
                    column_label="pair of features",
                    lowest=-1,
                    highest=1,
                ),
            ],
            [
                MatrixPanel(
                    title="One query and one key, anywhere",
                    values=products,
                    row_label="position i of the query",
                    column_label="position j of the key",
                    lowest=-most,
                    highest=most,
                ),
                LinesPanel(
                    title="Product of vectors of ones",
                    lines={"": (offsets, turned_product(offsets, size, base))},
                    x_label="offset",
                    y_label="share of that at offset 0",
                ),
                LinesPanel(
                    title="What bounds any product",
                    lines={"": (offsets, decay_bound(offsets, size, base))},
                    x_label="offset",
                    y_label="bound, relative",
                    y_limits=(0, float(decay_bound(offsets[:1], size, base)[0]) * 1.05),
                ),
            ],
        ],
        note=_NOTE,
        checks={
            "R(i) q · R(j) k depends on j − i alone: largest difference": (
                offset_deviation(products)
            ),
            "R(i) q · R(j) k at different offsets: largest difference": float(np.ptp(products)),
        },
        numbers={"radians_a_position": speed.tolist()},
    )


def _products(told: ToldPositions) -> Array:
    """Of one query and one key, drawn at random, each of length 1, at any two positions."""
    turning = told.relatives["encoder"][0]
    drawn = torch.randn(2, 1, told.size, generator=torch.Generator().manual_seed(1))
    unit = drawn / drawn.norm(dim=-1, keepdim=True)
    with torch.no_grad():
        query, key = (turning.turn(each.expand(told.length, -1), 0).double() for each in unit)
    products: Array = (query @ key.T).numpy()
    return products


def _circle(speed: Array) -> LinesPanel:
    """Where the features (1, 0) of a few pairs are at the first positions, as hands of a clock."""
    pairs = sorted({0, len(speed) // 8, len(speed) // 4, len(speed) // 2})
    place = np.arange(_TURNED_TO)
    lines = {}
    for ring, pair in enumerate(pairs):
        angle, radius = place * speed[pair], 1 - 0.2 * ring
        lines[f"{pair}"] = (radius * np.cos(angle), radius * np.sin(angle))
    return LinesPanel(
        title=f"(1, 0) at positions 0 to {_TURNED_TO - 1}",
        lines=lines,
        x_label="even feature",
        y_label="odd feature",
        legend="pair",
        dots=True,
        square=True,
    )
