"""Any matrix as a heatmap: one from a file, or the weights that the chapter begins with."""

import logging
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from attnlab.data.matrices.labelled import LARGEST, SMALLEST, LabelledMatrix, MatrixStack
from attnlab.data.matrices.reading import read_matrices
from attnlab.plotting.colours import Scale, scale_for
from attnlab.plotting.heatmap import MOST_PRINTED, draw_heatmaps
from attnlab.plotting.matrix import Heatmap, index_labels
from attnlab.plotting.saving import figure_suffix, save_figure
from attnlab.studies.heatmap.regimes import REGIMES, regime
from attnlab.support.errors import AttnlabError, UsageError

logger = logging.getLogger(__name__)

_LARGEST_REGIME = 512  # rows and columns


@dataclass(frozen=True, kw_only=True)
class Looks:
    """How the figure is labelled and coloured; what is left out follows from the matrix.

    `panel_titles`: over the matrices of a stack, in their order. `rows`, `columns`: labels, in
    place of those of the file. `lowest_highest`: the ends of the colours.
    """

    title: str = ""
    panel_titles: Sequence[str] = ()
    row_name: str | None = None
    column_name: str | None = None
    value_name: str | None = None
    rows: Sequence[str] | None = None
    columns: Sequence[str] | None = None
    print_values: bool = False
    lowest_highest: tuple[float, float] | None = None

    def __post_init__(self) -> None:
        if self.lowest_highest is not None:
            lowest, highest = self.lowest_highest
            if not lowest < highest:
                raise UsageError(
                    f"--range {lowest:g} {highest:g}: the first must be under the second"
                )
            if max(abs(lowest), abs(highest)) > LARGEST or highest - lowest < SMALLEST:
                raise UsageError(
                    f"--range {lowest:g} {highest:g}: both must be within ±{LARGEST:g}, and apart"
                )


def plot_file(path: Path, looks: Looks, output: Path) -> None:
    """Write the heatmap of the matrix, or the stack of matrices, in the file at `path`.

    Raises:
        AttnlabError: it cannot be read or written, or `looks` does not fit it.
    """
    figure_suffix(output)  # before the work
    stack = read_matrices(path)
    if all(np.isnan(each.values).all() for each in stack.matrices):
        raise AttnlabError(f"{path}: holds no number, only cells without one")
    titles = [""] if len(stack.matrices) == 1 else _places(stack)
    _plot(stack, titles, looks, output)


def plot_regimes(names: Sequence[str], size: int, seed: int, looks: Looks, output: Path) -> None:
    """Write the weights of these kinds, each (queries, keys) = (size, size), into one figure.

    Raises:
        UsageError: there is no such kind, or the size is none.
        AttnlabError: the figure cannot be written.
    """
    figure_suffix(output)
    if not 1 <= size <= _LARGEST_REGIME:
        raise UsageError(f"--size {size} must be from 1 to {_LARGEST_REGIME}")
    if seed < 0:
        raise UsageError(f"--seed {seed} must be at least 0")
    stack = MatrixStack(
        matrices=[LabelledMatrix(values=regime(name, size, seed)) for name in names],
        grid=(2, 2) if len(names) == 4 else None,
    )
    _plot(stack, [REGIMES[name][0] for name in names], looks, output, of_weights=True)


def _places(stack: MatrixStack) -> list[str]:
    if stack.grid is None:
        return [f"[{place}]" for place in range(len(stack.matrices))]
    rows, columns = stack.grid
    return [f"[{row}, {column}]" for row in range(rows) for column in range(columns)]


def _plot(
    stack: MatrixStack,
    titles: Sequence[str],
    looks: Looks,
    output: Path,
    *,
    of_weights: bool = False,
) -> None:
    if looks.panel_titles and len(looks.panel_titles) != len(titles):
        raise UsageError(
            f"{len(looks.panel_titles)} × --panel-title for {len(titles)} "
            f"{'matrix' if len(titles) == 1 else 'matrices'}; give one for each"
        )
    row_name, column_name = ("queries", "keys") if of_weights else ("", "")
    shape = stack.matrices[0].values.shape
    panels = [
        Heatmap(
            title=title,
            values=matrix.values,
            rows=_labels("--rows", looks.rows, matrix.rows, shape[0], max(shape)),
            columns=_labels("--columns", looks.columns, matrix.columns, shape[1], max(shape)),
            row_name=row_name if looks.row_name is None else looks.row_name,
            column_name=column_name if looks.column_name is None else looks.column_name,
        )
        for title, matrix in zip(looks.panel_titles or titles, stack.matrices, strict=True)
    ]
    if looks.print_values and max(shape) > MOST_PRINTED:
        logger.warning(
            "--values: numbers stand in the cells of matrices up to %d by %d; this one has %d by "
            "%d, and colours alone",
            *(MOST_PRINTED, MOST_PRINTED, *shape),
        )
    has_gaps = any(np.isnan(panel.values).any() for panel in panels)
    figure = draw_heatmaps(
        panels,
        scale=_scale(panels, looks, of_weights),
        heading=looks.title,
        note="grey: no number" if has_gaps else "",
        columns=stack.grid[1] if stack.grid else None,
        print_weights=looks.print_values,
        repeat_labels=False,
    )
    save_figure(figure, output)


def _scale(panels: Sequence[Heatmap], looks: Looks, of_weights: bool) -> Scale:
    name = looks.value_name or ("attention weight" if of_weights else "value")
    if looks.lowest_highest is not None:
        lowest, highest = looks.lowest_highest
        return Scale(lowest=lowest, highest=highest, name=name, signed=lowest == -highest)
    return scale_for([panel.values for panel in panels], name)


def _labels(
    option: str, given: Sequence[str] | None, own: list[str] | None, count: int, longest: int
) -> list[str]:
    if given is None:
        return own if own is not None else index_labels(count, longest)
    if len(given) != count:
        raise UsageError(f"{option} names {len(given)}, and the matrix has {count}; name each")
    return list(given)
