"""attnlab plot-attention."""

from pathlib import Path
from typing import Annotated, Literal

import typer

from attnlab.commands.arguments import ConfigDir, RunAndOverrides, load, with_examples
from attnlab.errors import UsageError


@with_examples(
    """
    attnlab plot-attention           four test sentences, to RUN/plots/
    attnlab plot-attention --text "The cat sleeps." --format svg
    attnlab plot-attention --sentence 7 --kind encoder --layer 1 -o self.pdf
"""
)
def plot_attention(
    arguments: RunAndOverrides = None,
    text: Annotated[
        list[str] | None,
        typer.Option("--text", "-t", help="A sentence to translate and plot; may be repeated."),
    ] = None,
    split: Annotated[str, typer.Option("--split", help="Else: sentences of this split.")] = "test",
    sentence: Annotated[
        list[int] | None,
        typer.Option("--sentence", "-s", help="Which of them, from 1; may be repeated."),
    ] = None,
    count: Annotated[
        int, typer.Option("--count", "-n", min=1, help="How many, from the first on.")
    ] = 4,
    kind: Annotated[
        Literal["cross", "encoder", "decoder"],
        typer.Option("--kind", "-k", help="Target to source, or self-attention."),
    ] = "cross",
    layer: Annotated[
        list[int] | None, typer.Option("--layer", "-l", help="From 1; all if left out.")
    ] = None,
    head: Annotated[
        list[int] | None, typer.Option("--head", help="From 1; all if left out.")
    ] = None,
    average: Annotated[
        bool, typer.Option("--average", help="One panel a layer: the mean of its heads.")
    ] = False,
    numbers: Annotated[
        bool, typer.Option("--numbers", help="Print the weights into the cells of small maps.")
    ] = False,
    pieces: Annotated[
        bool, typer.Option("--pieces", help="Show word pieces instead of words.")
    ] = False,
    format: Annotated[
        Literal["png", "svg", "pdf"], typer.Option("--format", "-f", help="Of the files.")
    ] = "png",
    output: Annotated[
        Path | None,
        typer.Option("--output", "-o", help="A file (.png, .svg, .pdf) or a folder for them."),
    ] = None,
    config_dir: ConfigDir = None,
) -> None:
    """Draw who looked where: heatmaps of source words against translated words."""
    from attnlab.experiment.draw import plot_translations
    from attnlab.screen import show_messages

    show_messages()
    if text and sentence:
        raise UsageError("--text and --sentence exclude one another; choose one")
    trained, _ = load(arguments, config_dir)
    paths = plot_translations(
        trained,
        texts=text or (),
        split=split,
        numbers=sentence or range(1, count + 1),
        output=output,
        suffix=f".{format}",
        kind=kind,
        layers=layer or (),
        heads=head or (),
        average_heads=average,
        print_weights=numbers,
        pieces=pieces,
    )
    for path in paths:
        typer.echo(path)
