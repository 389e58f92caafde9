"""The two curves of Dive into Deep Learning, with noise; from a seed always the same points."""

from dataclasses import dataclass
from typing import Annotated

import numpy as np
from numpy.typing import NDArray

from attnlab.studies.kernel_regression.points import (
    REGRESSION_DATA,
    Function,
    Points,
    RegressionDataConfig,
)
from attnlab.support.errors import UsageError
from attnlab.support.ranges import NonNegative, Positive, Range

MOST_POINTS = 4096
"""Each is compared with every other."""


@dataclass(kw_only=True)
class CurveConfig(RegressionDataConfig):
    """`points` inputs, uniform from `lowest` to `highest`; `noise`: its standard deviation."""

    points: Annotated[int, Range(minimum=2, maximum=MOST_POINTS)]
    lowest: NonNegative
    highest: Positive
    noise: NonNegative

    def __post_init__(self) -> None:
        if not self.lowest < self.highest:
            raise UsageError(
                f"data.lowest={self.lowest:g} data.highest={self.highest:g}: the second must be "
                "above the first"
            )


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
