"""Heatmaps of a matrix or stack of matrices in a file, and of four kinds of attention weights."""

import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from attnlab.data.matrices import LARGEST, SMALLEST, LabelledMatrix, MatrixStack, read_matrices
from attnlab.plotting.colours import Scale, scale_for
from attnlab.plotting.heatmap import MOST_PRINTED, draw_heatmaps
from attnlab.plotting.matrix import Heatmap, index_labels
from attnlab.plotting.saving import figure_suffix, save_figure
from attnlab.support.errors import AttnlabError, UsageError

logger = logging.getLogger(__name__)

_LARGEST_SIZE = 512  # queries and keys of made weights


Weights = NDArray[np.float64]
"""(queries, keys); each row sums to 1."""


def _identity(size: int, generator: np.random.Generator) -> Weights:  # noqa: ARG001
    return np.eye(size)


def _uniform(size: int, generator: np.random.Generator) -> Weights:  # noqa: ARG001
    return np.full((size, size), 1 / size)


def _one_hot(size: int, generator: np.random.Generator) -> Weights:
    return np.eye(size)[generator.integers(size, size=size)]


def _convex(size: int, generator: np.random.Generator) -> Weights:
    """Softmax of scores drawn from N(0, 2²)."""
    scores = generator.normal(scale=2.0, size=(size, size))
    exponentials = np.exp(scores - scores.max(axis=1, keepdims=True))
    weights: Weights = exponentials / exponentials.sum(axis=1, keepdims=True)
    return weights


KINDS: dict[str, tuple[str, Callable[[int, np.random.Generator], Weights]]] = {
    "identity": ("identity: each query finds its own key", _identity),
    "uniform": ("uniform: all keys alike, an average", _uniform),
    "one-hot": ("one-hot: one key each, a look-up", _one_hot),
    "convex": ("convex: at least 0, and 1 in sum", _convex),
}
"""Titles of kinds of weights and how they are made; a later kind includes those before it."""


def make_weights(kind: str, size: int, seed: int) -> Weights:
    """Weights of shape (size, size); equal seeds give equal weights.

    Raises:
        UsageError: there is no such kind.
    """
    if kind not in KINDS:
        raise UsageError(f"unknown kind of weights '{kind}'; choose one of: {', '.join(KINDS)}")
    return KINDS[kind][1](size, np.random.default_rng(seed))


@dataclass(frozen=True, kw_only=True)
class HeatmapStyle:
    """Labels and colours of the figure; what is None or empty follows from the matrix.

    `panel_titles`: titles of the matrices of a stack. `rows`, `columns`: labels that replace those
    of the file. `limits`: ends of the colour scale.
    """

    title: str = ""
    panel_titles: Sequence[str] = ()
    row_name: str | None = None
    column_name: str | None = None
    value_name: str | None = None
    rows: Sequence[str] | None = None
    columns: Sequence[str] | None = None
    print_values: bool = False
    limits: tuple[float, float] | None = None

    def __post_init__(self) -> None:
        if self.limits is not None:
            lowest, highest = self.limits
            if not lowest < highest:
                raise UsageError(
                    f"--range {lowest:g} {highest:g}: the first must be under the second"
                )
            if max(abs(lowest), abs(highest)) > LARGEST or highest - lowest < SMALLEST:
                raise UsageError(
                    f"--range {lowest:g} {highest:g}: both must be within ±{LARGEST:g}, and apart"
                )


def plot_file(path: Path, style: HeatmapStyle, output: Path) -> None:
    """Write the heatmap of the matrix or stack of matrices in the file at `path`.

    Raises:
        AttnlabError: it cannot be read, or the figure cannot be written.
        UsageError: `style` does not fit it.
    """
    figure_suffix(output)  # before the work
    stack = read_matrices(path)
    if all(np.isnan(each.values).all() for each in stack.matrices):
        raise AttnlabError(f"{path}: holds no number; all cells are empty or NaN")
    titles = [""] if len(stack.matrices) == 1 else _indices(stack)
    _plot(stack, titles, style, output)


def plot_weights(
    kinds: Sequence[str], size: int, seed: int, style: HeatmapStyle, output: Path
) -> None:
    """Write weights of these kinds, each (size, size), into one figure.

    Raises:
        UsageError: there is no such kind, size or seed.
        AttnlabError: the figure cannot be written.
    """
    figure_suffix(output)
    if not 1 <= size <= _LARGEST_SIZE:
        raise UsageError(f"--size {size} must be from 1 to {_LARGEST_SIZE}")
    if seed < 0:
        raise UsageError(f"--seed {seed} must be at least 0")
    stack = MatrixStack(
        matrices=[LabelledMatrix(values=make_weights(kind, size, seed)) for kind in kinds],
        grid=(2, 2) if len(kinds) == 4 else None,
    )
    _plot(stack, [KINDS[kind][0] for kind in kinds], style, output, of_weights=True)


def _indices(stack: MatrixStack) -> list[str]:
    if stack.grid is None:
        return [f"[{index}]" for index in range(len(stack.matrices))]
    rows, columns = stack.grid
    return [f"[{row}, {column}]" for row in range(rows) for column in range(columns)]


def _plot(
    stack: MatrixStack,
    titles: Sequence[str],
    style: HeatmapStyle,
    output: Path,
    *,
    of_weights: bool = False,
) -> None:
    if style.panel_titles and len(style.panel_titles) != len(titles):
        raise UsageError(
            f"{len(style.panel_titles)} × --panel-title for {len(titles)} "
            f"{'matrix' if len(titles) == 1 else 'matrices'}; give one for each"
        )
    row_name, column_name = ("queries", "keys") if of_weights else ("", "")
    shape = stack.matrices[0].values.shape
    panels = [
        Heatmap(
            title=title,
            values=matrix.values,
            rows=_labels("--rows", style.rows, matrix.rows, shape[0], max(shape)),
            columns=_labels("--columns", style.columns, matrix.columns, shape[1], max(shape)),
            row_name=row_name if style.row_name is None else style.row_name,
            column_name=column_name if style.column_name is None else style.column_name,
        )
        for title, matrix in zip(style.panel_titles or titles, stack.matrices, strict=True)
    ]
    if style.print_values and max(shape) > MOST_PRINTED:
        logger.warning(
            "--values: numbers are printed into matrices up to %d by %d; this one has %d by %d, "
            "and shows colours only",
            *(MOST_PRINTED, MOST_PRINTED, *shape),
        )
    has_gaps = any(np.isnan(panel.values).any() for panel in panels)
    figure = draw_heatmaps(
        panels,
        scale=_scale(panels, style, of_weights),
        heading=style.title,
        note="grey: no number" if has_gaps else "",
        columns=stack.grid[1] if stack.grid else None,
        print_weights=style.print_values,
        repeat_labels=False,
    )
    save_figure(figure, output)


def _scale(panels: Sequence[Heatmap], style: HeatmapStyle, of_weights: bool) -> Scale:
    name = style.value_name or ("attention weight" if of_weights else "value")
    if style.limits is not None:
        lowest, highest = style.limits
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
