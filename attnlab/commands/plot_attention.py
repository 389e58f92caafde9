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
    attnlab plot-attention --html    ten test sentences on one page for a browser
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
        int | None,
        typer.Option(
            "--count", "-n", min=1, help="How many, from the first on: 4, or 10 with --html."
        ),
    ] = None,
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
    html: Annotated[
        bool,
        typer.Option("--html", help="One page to explore every head with, in any browser."),
    ] = False,
    reference: Annotated[
        bool,
        typer.Option("--reference", help="With --html: read the corpus's own translations."),
    ] = False,
    output: Annotated[
        Path | None,
        typer.Option("--output", "-o", help="A file (.png, .svg, .pdf, .html) or a folder for it."),
    ] = None,
    config_dir: ConfigDir = None,
) -> None:
    """Draw who looked where: heatmaps of source words against translated words."""
    from attnlab.screen import show_messages

    show_messages()
    if text and sentence:
        raise UsageError("--text and --sentence exclude one another; choose one")
    if html and (kind != "cross" or layer or head or average or numbers or format != "png"):
        raise UsageError(
            "--html shows every kind, layer and head; leave out --kind, --layer, --head, "
            "--average, --numbers and --format, and choose on the page"
        )
    if reference and not html:
        raise UsageError("--reference goes with --html; add it, or leave out --reference")
    trained, _ = load(arguments, config_dir)
    if html:
        from attnlab.experiment.explorer import write_explorer

        page = write_explorer(
            trained,
            texts=text or (),
            split=split,
            numbers=sentence or range(1, (count or 10) + 1),
            reference=reference,
            pieces=pieces,
            output=output,
        )
        typer.echo(page)
        return
    from attnlab.experiment.draw import plot_translations

    paths = plot_translations(
        trained,
        texts=text or (),
        split=split,
        numbers=sentence or range(1, (count or 4) + 1),
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
