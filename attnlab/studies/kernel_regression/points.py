"""Points: inputs, outputs, and where it is known the function behind them."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from attnlab.support.registry import Registry

REGRESSION_DATA: Registry["Points"] = Registry("data")

Function = Callable[[NDArray[np.float64]], NDArray[np.float64]]


@dataclass(kw_only=True)
class RegressionDataConfig:
    """What every choice's configuration has: the registered `name`."""

    name: str


@dataclass(frozen=True, kw_only=True)
class Points:
    """`inputs` of shape (points, dimensions) and `outputs` (points,).

    One-dimensional inputs rise. `truth` gives the outputs without noise, for inputs of shape
    (any, dimensions); None where nobody knows. `formula` says it in words.
    """

    inputs: NDArray[np.float64]
    outputs: NDArray[np.float64]
    input_names: list[str]
    output_name: str
    truth: Function | None = None
    formula: str | None = None

    @property
    def dimensions(self) -> int:
        """Features of an input."""
        return int(self.inputs.shape[1])

    def even_queries(self, count: int) -> NDArray[np.float64]:
        """As many inputs at even steps, from the least to the greatest, of shape (count, 1).

        Raises:
            ValueError: inputs have more than one dimension.
        """
        if self.dimensions != 1:
            raise ValueError(f"there are no even steps in {self.dimensions} dimensions")
        return np.linspace(self.inputs.min(), self.inputs.max(), count)[:, np.newaxis]
