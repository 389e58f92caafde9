"""attnlab heatmap."""

from pathlib import Path
from typing import Annotated, Literal

import typer

from attnlab.commands.arguments import FigureFormat, figure_option, with_examples
from attnlab.errors import UsageError


@with_examples(
    """
    attnlab heatmap weights.csv                     labels are read where there are some
    attnlab heatmap scores.npy --values -o scores.svg
    attnlab heatmap heads.npy --x-label keys --y-label queries   (layers, heads, queries, keys)
    attnlab heatmap --weights all                   identity, uniform, one-hot, convex
    attnlab heatmap --weights convex --size 6 --seed 3 --values
"""
)
def heatmap(
    file: Annotated[
        Path | None,
        typer.Argument(
            metavar="FILE",
            help="A matrix: .csv or .tsv with or without labels, .npy, or .npz of one array. An "
            "array of three axes is a stack of matrices, of four a grid of them.",
            show_default=False,
        ),
    ] = None,
    weights: Annotated[
        Literal["identity", "uniform", "one-hot", "convex", "all"] | None,
        typer.Option("--weights", "-w", help="Instead of a file: a kind of attention weights."),
    ] = None,
    size: Annotated[
        int | None,
        typer.Option(
            "--size", help="With --weights: queries and keys; 10 if left out.", show_default=False
        ),
    ] = None,
    seed: Annotated[
        int | None,
        typer.Option(
            "--seed",
            help="With --weights: of what is drawn by chance; 1 if left out.",
            show_default=False,
        ),
    ] = None,
    title: Annotated[
        str, typer.Option("--title", help="Over the figure.", show_default=False)
    ] = "",
    panel_title: Annotated[
        list[str] | None,
        typer.Option("--panel-title", help="Over a matrix; repeat it for each of a stack."),
    ] = None,
    x_label: Annotated[
        str | None, typer.Option("--x-label", help="What the columns are.", show_default=False)
    ] = None,
    y_label: Annotated[
        str | None, typer.Option("--y-label", help="What the rows are.", show_default=False)
    ] = None,
    value_label: Annotated[
        str | None,
        typer.Option("--value-label", help="What the numbers are.", show_default=False),
    ] = None,
    rows: Annotated[
        str | None,
        typer.Option("--rows", metavar="A,B,C", help="Labels of rows.", show_default=False),
    ] = None,
    columns: Annotated[
        str | None,
        typer.Option("--columns", metavar="A,B,C", help="Labels of columns.", show_default=False),
    ] = None,
    values: Annotated[
        bool, typer.Option("--values", help="Write the numbers into the cells (up to 12 by 12).")
    ] = False,
    colour_range: Annotated[
        tuple[float, float] | None,
        typer.Option(
            "--range",
            metavar="LOW HIGH",
            help="The ends of the colours. If left out: 0 and 1 for weights, as far to either "
            "side of 0 where there are numbers of both signs.",
            show_default=False,
        ),
    ] = None,
    format: FigureFormat = "png",
    output: Annotated[Path | None, figure_option("Here")] = None,
) -> None:
    """Draw any matrix, or the four kinds of attention weights, as a heatmap."""
    from attnlab.experiment.matrix_figure import Looks, plot_file, plot_regimes
    from attnlab.matrices.regimes import REGIMES
    from attnlab.plotting.saving import figure_place
    from attnlab.screen import show_messages

    show_messages()
    if (file is None) == (weights is None):
        raise UsageError("name a FILE, or choose --weights, such as --weights all; and not both")
    if file is not None and file.is_dir():
        raise UsageError(f"{file} is a folder; name a file in it")
    for option, given in (("--size", size), ("--seed", seed)):
        if weights is None and given is not None:
            raise UsageError(f"{option} goes with --weights; a FILE has its own numbers")
    looks = Looks(
        title=title,
        panel_titles=panel_title or (),
        row_name=y_label,
        column_name=x_label,
        value_name=value_label,
        rows=None if rows is None else [label.strip() for label in rows.split(",")],
        columns=None if columns is None else [label.strip() for label in columns.split(",")],
        print_values=values,
        lowest_highest=colour_range,
    )
    name = f"{file.stem if file is not None else f'weights-{weights}'}.{format}"
    path = figure_place(output, Path(), name)
    if file is not None:
        plot_file(file, looks, path)
    else:
        kinds = list(REGIMES) if weights == "all" else [str(weights)]
        plot_regimes(kinds, 10 if size is None else size, 1 if seed is None else seed, looks, path)
    typer.echo(path)
