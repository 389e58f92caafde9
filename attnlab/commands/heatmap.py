"""attnlab heatmap."""

from pathlib import Path
from typing import Annotated, Literal

import typer

from attnlab.commands.arguments import FigureFormat, chosen_format, figure_option, with_examples
from attnlab.support.errors import UsageError


@with_examples(
    """
    # labels are read where there are some
    attnlab heatmap weights.csv
    # with the numbers in the cells
    attnlab heatmap scores.npy --values -o scores.svg
    # an array of layers, heads, queries and keys
    attnlab heatmap heads.npy --x-label keys \\
      --y-label queries
    # identity, uniform, one-hot and convex weights
    attnlab heatmap --weights all
    # one kind, in another size
    attnlab heatmap --weights convex --size 6 --seed 3
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
        typer.Option(
            "--weights", "-w", help="Kind of attention weights to draw instead of a file."
        ),
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
            help="With --weights: seed of random weights; 1 if left out.",
            show_default=False,
        ),
    ] = None,
    title: Annotated[
        str, typer.Option("--title", help="Title over the figure.", show_default=False)
    ] = "",
    panel_title: Annotated[
        list[str] | None,
        typer.Option("--panel-title", help="Title over a matrix; repeat it for each of a stack."),
    ] = None,
    x_label: Annotated[
        str | None,
        typer.Option("--x-label", help="Label of the axis of columns.", show_default=False),
    ] = None,
    y_label: Annotated[
        str | None, typer.Option("--y-label", help="Label of the axis of rows.", show_default=False)
    ] = None,
    value_label: Annotated[
        str | None,
        typer.Option("--value-label", help="Label of the numbers.", show_default=False),
    ] = None,
    rows: Annotated[
        str | None,
        typer.Option("--rows", metavar="A,B,C", help="Labels of the rows.", show_default=False),
    ] = None,
    columns: Annotated[
        str | None,
        typer.Option(
            "--columns", metavar="A,B,C", help="Labels of the columns.", show_default=False
        ),
    ] = None,
    values: Annotated[
        bool, typer.Option("--values", help="Write the numbers into the cells (up to 12 by 12).")
    ] = False,
    colour_range: Annotated[
        tuple[float, float] | None,
        typer.Option(
            "--range",
            metavar="LOW HIGH",
            help="Numbers at the ends of the colours. If left out: 0 and 1 for weights, and as "
            "far to either side of 0 where there are numbers of both signs.",
            show_default=False,
        ),
    ] = None,
    format: FigureFormat = None,
    output: Annotated[Path | None, figure_option("In this folder")] = None,
) -> None:
    """Draw any matrix, or the four kinds of attention weights, as a heatmap."""
    from attnlab.plotting.saving import figure_place
    from attnlab.studies.heatmap import KINDS, HeatmapStyle, plot_file, plot_weights
    from attnlab.support.console import show_messages

    show_messages()
    if (file is None) == (weights is None):
        raise UsageError("name a FILE, or choose --weights, such as --weights all; and not both")
    if file is not None and file.is_dir():
        raise UsageError(f"{file} is a folder; name a file in it")
    for option, given in (("--size", size), ("--seed", seed)):
        if weights is None and given is not None:
            raise UsageError(f"{option} goes with --weights; a FILE has its own numbers")
    style = HeatmapStyle(
        title=title,
        panel_titles=panel_title or (),
        row_name=y_label,
        column_name=x_label,
        value_name=value_label,
        rows=None if rows is None else [label.strip() for label in rows.split(",")],
        columns=None if columns is None else [label.strip() for label in columns.split(",")],
        print_values=values,
        limits=colour_range,
    )
    stem = file.stem if file is not None else f"weights-{weights}"
    path = figure_place(output, Path(), f"{stem}.{chosen_format(format, output)}")
    if file is not None:
        plot_file(file, style, path)
    else:
        kinds = list(KINDS) if weights == "all" else [str(weights)]
        plot_weights(kinds, 10 if size is None else size, 1 if seed is None else seed, style, path)
    typer.echo(path)
