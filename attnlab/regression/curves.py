"""The two curves of Dive into Deep Learning, with noise; from a seed always the same points."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from attnlab.errors import UsageError
from attnlab.regression.points import (
    REGRESSION_DATA,
    Function,
    Points,
    RegressionDataConfig,
)


@dataclass(kw_only=True)
class CurveConfig(RegressionDataConfig):
    """`points` inputs, uniform from `lowest` to `highest`; `noise`: its standard deviation."""

    points: int
    lowest: float
    highest: float
    noise: float

    def __post_init__(self) -> None:
        if not 2 <= self.points <= MOST_POINTS:
            raise UsageError(f"data.points={self.points} must be from 2 to {MOST_POINTS:,}")
        if not 0 <= self.lowest < self.highest < float("inf"):
            raise UsageError(
                f"data.lowest={self.lowest:g} data.highest={self.highest:g}: the first must be at "
                "least 0, and the second above the first"
            )
        if not 0 <= self.noise < float("inf"):
            raise UsageError(f"data.noise={self.noise:g} must be at least 0")


MOST_POINTS = 4096
"""Each is compared with every other."""


@REGRESSION_DATA.register("d2l_zh", CurveConfig)
def chinese_edition(config: CurveConfig, seed: int) -> Points:
    """`y = 2 sin x + x^0.8 + noise`."""
    return _drawn(config, seed, lambda x: 2 * np.sin(x) + x**0.8, "2 sin x + x^0.8")


@REGRESSION_DATA.register("d2l_en", CurveConfig)
def english_edition(config: CurveConfig, seed: int) -> Points:
    """`y = 2 sin x + x + noise`."""
    return _drawn(config, seed, lambda x: 2 * np.sin(x) + x, "2 sin x + x")


def _drawn(config: CurveConfig, seed: int, function: Function, formula: str) -> Points:
    generator = np.random.default_rng(seed)
    inputs = np.sort(generator.uniform(config.lowest, config.highest, config.points))
    noise = generator.normal(scale=config.noise, size=config.points)

    def truth(queries: NDArray[np.float64]) -> NDArray[np.float64]:
        return function(queries[:, 0])

    return Points(
        inputs=inputs[:, np.newaxis],
        outputs=truth(inputs[:, np.newaxis]) + noise,
        input_names=["x"],
        output_name="y",
        truth=truth,
        formula=formula,
    )
