"""Points from a CSV or TSV file: one column of outputs, and one or more of inputs."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from attnlab.data.matrices.delimited import column_number, read_delimited
from attnlab.data.matrices.labelled import LabelledMatrix
from attnlab.studies.kernel_regression.curves import MOST_POINTS
from attnlab.studies.kernel_regression.points import REGRESSION_DATA, Points, RegressionDataConfig
from attnlab.support.errors import AttnlabError, UsageError
from attnlab.support.folders import PathText


@dataclass(kw_only=True)
class CsvPointsConfig(RegressionDataConfig):
    """`file`: its path. `inputs`, `output`: columns by name, or by number from 1.

    Where they are null, the output is the last column, and the inputs are all others.
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
def points_of_file(config: CsvPointsConfig, seed: int) -> Points:  # noqa: ARG001
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
    names = table.columns or [f"column {place + 1}" for place in range(count)]
    output = count - 1 if config.output is None else _column(config.output, "output", path, table)
    if config.inputs is None:
        inputs = [place for place in range(count) if place != output]
    else:
        inputs = [_column(name, "inputs", path, table) for name in config.inputs]
    if output in inputs:
        raise UsageError(f"data.output={names[output]} is one of data.inputs; choose another")
    chosen = table.values[:, [*inputs, output]]
    gaps = np.argwhere(np.isnan(chosen))
    if len(gaps):
        row, place = gaps[0].tolist()
        raise AttnlabError(
            f"{path}: point {row + 1} has no number in {names[[*inputs, output][place]]}; fill it "
            "in, or take the line out"
        )
    if len(chosen) < 2:
        raise AttnlabError(f"{path}: has {len(chosen)} point; kernel regression needs 2 or more")
    x, y = chosen[:, :-1], chosen[:, -1]
    if config.standardise:
        spread = x.std(axis=0)
        if not spread.all():
            raise AttnlabError(
                f"{path}: {names[inputs[int(np.argmin(spread))]]} is the same in every point; "
                "leave it out of data.inputs="
            )
        x = (x - x.mean(axis=0)) / spread
    order = np.lexsort(x.T[::-1])
    return Points(
        inputs=x[order],
        outputs=y[order],
        input_names=[names[place] for place in inputs],
        output_name=names[output],
    )


def _column(wanted: str, setting: str, path: Path, table: LabelledMatrix) -> int:
    count = table.values.shape[1]
    place = column_number(table.columns, count, wanted)
    if place is None:
        there = ", ".join(table.columns) if table.columns else f"1 to {count}"
        raise UsageError(f"data.{setting}: {path} has no column '{wanted}'; there are: {there}")
    return place
