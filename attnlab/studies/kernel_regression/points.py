"""Points to fit: the two curves of Dive into Deep Learning with noise, or columns of a file."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import numpy as np
from numpy.typing import NDArray

from attnlab.data.matrices import LabelledMatrix, column_number, read_delimited
from attnlab.support.errors import AttnlabError, UsageError
from attnlab.support.folders import PathText
from attnlab.support.ranges import NonNegative, Positive, Range
from attnlab.support.registry import Registry

Floats = NDArray[np.float64]
Function = Callable[[Floats], Floats]

REGRESSION_DATA: Registry["Points"] = Registry("data")

MOST_POINTS = 4096
"""Each point is compared with every other."""


@dataclass(kw_only=True)
class RegressionDataConfig:
    """Base of the configurations of points: the registered `name`."""

    name: str


@dataclass(frozen=True, kw_only=True)
class Points:
    """`inputs` (points, dimensions) and `outputs` (points,).

    Inputs of one dimension are sorted. `truth`: outputs without noise for inputs (any, dimensions),
    and `formula` is its text; both None where they are unknown.
    """

    inputs: Floats
    outputs: Floats
    input_names: list[str]
    output_name: str
    truth: Function | None = None
    formula: str | None = None

    @property
    def dimensions(self) -> int:
        """Features of an input."""
        return int(self.inputs.shape[1])

    def even_queries(self, count: int) -> Floats:
        """Inputs at even steps from the least to the greatest, (count, 1).

        Raises:
            ValueError: inputs have more than one dimension.
        """
        if self.dimensions != 1:
            raise ValueError(f"there are no even steps in {self.dimensions} dimensions")
        return np.linspace(self.inputs.min(), self.inputs.max(), count)[:, np.newaxis]


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
    return _draw_points(config, seed, lambda x: 2 * np.sin(x) + x**0.8, "2 sin x + x^0.8")


@REGRESSION_DATA.register("d2l_en", CurveConfig)
def english_edition(config: CurveConfig, seed: int) -> Points:
    """`y = 2 sin x + x + noise`."""
    return _draw_points(config, seed, lambda x: 2 * np.sin(x) + x, "2 sin x + x")


def _draw_points(config: CurveConfig, seed: int, function: Function, formula: str) -> Points:
    generator = np.random.default_rng(seed)
    x = np.sort(generator.uniform(config.lowest, config.highest, config.points))
    noise = generator.normal(scale=config.noise, size=config.points)
    return Points(
        inputs=x[:, np.newaxis],
        outputs=function(x) + noise,
        input_names=["x"],
        output_name="y",
        truth=lambda inputs: function(inputs[:, 0]),
        formula=formula,
    )


@dataclass(kw_only=True)
class CsvPointsConfig(RegressionDataConfig):
    """`file`: its path. `inputs`, `output`: columns by name, or by number from 1.

    Where they are null, the output is the last column and the inputs are all others.
    `standardise`: whether each input is divided by its standard deviation, so that one width
    suits inputs of any units.
    """

    file: PathText
    inputs: list[str] | None
    output: str | None
    standardise: bool

    def __post_init__(self) -> None:
        if Path(self.file).suffix.lower() not in (".csv", ".tsv"):
            raise UsageError(f"data.file={self.file}: the name of a table ends in .csv or .tsv")
        if self.inputs is not None and not self.inputs:
            raise UsageError("data.inputs=[] names no column; name some, or leave it out")


@REGRESSION_DATA.register("csv", CsvPointsConfig)
def read_points(config: CsvPointsConfig, seed: int) -> Points:  # noqa: ARG001
    """The points in the file, sorted by their inputs.

    Raises:
        AttnlabError: it cannot be read, has too few columns or points, or lacks a number.
        UsageError: a column that is not there.
    """
    path = Path(config.file)
    table = read_delimited(path, MOST_POINTS)
    count = table.values.shape[1]
    if count < 2:
        raise AttnlabError(f"{path}: has 1 column; points need an input and an output, as 0.5,1.2")
    names = table.columns or [f"column {index + 1}" for index in range(count)]
    output = count - 1 if config.output is None else _column(config.output, "output", path, table)
    if config.inputs is None:
        inputs = [index for index in range(count) if index != output]
    else:
        inputs = [_column(name, "inputs", path, table) for name in config.inputs]
    if output in inputs:
        raise UsageError(f"data.output={names[output]} is one of data.inputs; choose another")
    chosen = table.values[:, [*inputs, output]]
    gaps = np.argwhere(np.isnan(chosen))
    if len(gaps):
        row, column = gaps[0].tolist()
        raise AttnlabError(
            f"{path}: point {row + 1} has no number in {names[[*inputs, output][column]]}; fill "
            "it in, or take the line out"
        )
    if len(chosen) < 2:
        raise AttnlabError(f"{path}: has {len(chosen)} point; kernel regression needs 2 or more")
    x, y = chosen[:, :-1], chosen[:, -1]
    if config.standardise:
        deviations = x.std(axis=0)
        if not deviations.all():
            raise AttnlabError(
                f"{path}: {names[inputs[int(np.argmin(deviations))]]} is the same in every point; "
                "leave it out of data.inputs="
            )
        x = (x - x.mean(axis=0)) / deviations
    order = np.lexsort(x.T[::-1])
    return Points(
        inputs=x[order],
        outputs=y[order],
        input_names=[names[index] for index in inputs],
        output_name=names[output],
    )


def _column(wanted: str, setting: str, path: Path, table: LabelledMatrix) -> int:
    count = table.values.shape[1]
    index = column_number(table.columns, count, wanted)
    if index is None:
        columns = ", ".join(table.columns) if table.columns else f"1 to {count}"
        raise UsageError(f"data.{setting}: {path} has no column '{wanted}'; there are: {columns}")
    return index
