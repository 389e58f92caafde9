"""attnlab plot-attention."""

from collections.abc import Sequence
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from attnlab.commands.arguments import (
    MOST,
    ConfigDir,
    RunAndOverrides,
    chosen_format,
    load,
    with_examples,
)
from attnlab.support.errors import UsageError

if TYPE_CHECKING:
    from attnlab.run.loaded import LoadedRun


class _Kind(StrEnum):
    cross = "cross"
    encoder = "encoder"
    decoder = "decoder"
    all = "all"


class _Average(StrEnum):
    heads = "heads"
    layers = "layers"


@with_examples(
    """
    # four test sentences, to RUN/plots/
    attnlab plot-attention
    # a sentence of your own
    attnlab plot-attention --text "The cat sleeps." -f svg
    # self-attention of the encoder's first layer
    attnlab plot-attention -s 7 --kind encoder --layer 1
    # the best head, with the corpus's translation
    attnlab plot-attention -s 7 --best --reference
    # the mean of the heads, a page for each sentence
    attnlab plot-attention -n 20 --average heads -o all.pdf
    # how the best head was learnt
    attnlab plot-attention --through-training --best \\
      -o learning.gif
    # ten test sentences on one page for a browser
    attnlab plot-attention --html
"""
)
def plot_attention(
    arguments: RunAndOverrides = None,
    text: Annotated[
        list[str] | None,
        typer.Option("--text", "-t", help="A sentence to translate and plot; may be repeated."),
    ] = None,
    split: Annotated[
        str | None,
        typer.Option("--split", help="Split of the sentences, without --text; test if left out."),
    ] = None,
    sentence: Annotated[
        list[int] | None,
        typer.Option("--sentence", "-s", help="Number of a sentence, from 1; may be repeated."),
    ] = None,
    count: Annotated[
        int | None,
        typer.Option(
            "--count",
            "-n",
            min=1,
            max=MOST,
            help="Sentences, from the first on: 4, or 10 with --html.",
        ),
    ] = None,
    reference: Annotated[
        bool,
        typer.Option(
            "--reference", help="Read the corpus's translation instead of the model's own."
        ),
    ] = False,
    kind: Annotated[
        list[_Kind] | None,
        typer.Option(
            "--kind",
            "-k",
            help="Attention to the source (cross), or self-attention; may be repeated.",
            show_default="cross",
        ),
    ] = None,
    layer: Annotated[
        list[int] | None,
        typer.Option("--layer", "-l", help="Layer, from 1; all if left out; may be repeated."),
    ] = None,
    head: Annotated[
        list[int] | None,
        typer.Option("--head", help="Head, from 1; all if left out; may be repeated."),
    ] = None,
    average: Annotated[
        list[_Average] | None,
        typer.Option(
            "--average", help="Draw the mean over heads, over layers, or (repeated) over both."
        ),
    ] = None,
    best: Annotated[
        bool,
        typer.Option(
            "--best",
            help="Draw the head with the lowest alignment error, or entropy without gold.",
        ),
    ] = False,
    no_gold: Annotated[
        bool, typer.Option("--no-gold", help="Do not outline the corpus's word alignment.")
    ] = False,
    faithfulness: Annotated[
        bool,
        typer.Option(
            "--faithfulness",
            help="Say under each figure how well its weights explain the output.",
        ),
    ] = False,
    numbers: Annotated[
        bool, typer.Option("--numbers", help="Print the weights into the cells of small maps.")
    ] = False,
    pieces: Annotated[
        bool, typer.Option("--pieces", help="Show word pieces instead of words.")
    ] = False,
    through_training: Annotated[
        bool,
        typer.Option(
            "--through-training",
            help="Draw a watched sentence at each validation: a filmstrip, or a GIF.",
        ),
    ] = False,
    frames: Annotated[
        int | None,
        typer.Option(
            "--frames",
            min=1,
            max=MOST,
            help="Most validations to draw: 12 in a filmstrip, all in a GIF.",
        ),
    ] = None,
    format: Annotated[
        Literal["png", "svg", "pdf", "gif"] | None,
        typer.Option(
            "--format",
            "-f",
            case_sensitive=False,
            help="Format of the files: that of --output, or png.",
            show_default=False,
        ),
    ] = None,
    title: Annotated[
        str | None,
        typer.Option(
            "--title",
            help="Heading of each figure in place of its sentence and translation; '' is none.",
            show_default=False,
        ),
    ] = None,
    caption: Annotated[
        Literal["full", "none"],
        typer.Option(
            "--caption",
            case_sensitive=False,
            help="Whether lines under each figure name the run, its checkpoint and more.",
        ),
    ] = "full",
    html: Annotated[
        bool,
        typer.Option("--html", help="Write one page to explore every head with, in any browser."),
    ] = False,
    output: Annotated[
        Path | None,
        typer.Option(
            "--output", "-o", help="A file (.png, .svg, .pdf, .gif, .html) or a folder for them."
        ),
    ] = None,
    config_dir: ConfigDir = None,
) -> None:
    """Draw attention: heatmaps of source words against translated words."""
    if text and sentence:
        raise UsageError("--text and --sentence exclude one another; choose one")
    if sentence and count is not None:
        raise UsageError("--sentence and --count exclude one another; choose one")
    if text and (split or count is not None) and not best:
        raise UsageError("--text is drawn itself; leave out --split and --count")
    output_suffix = output.suffix.lower() if output else ""
    html = html or output_suffix in (".html", ".htm")
    if html and (kind or layer or head or average or best or no_gold or numbers):
        raise UsageError(
            "--html shows every kind, layer and head, with gold to be switched; leave out --kind, "
            "--layer, --head, --average, --best, --no-gold and --numbers, and choose on the page"
        )
    if faithfulness and (html or through_training):
        option = "--html" if html else "--through-training"
        raise UsageError(
            f"--faithfulness is a line under figures of a trained model; leave out {option}"
        )
    if html and (title is not None or caption == "none"):
        raise UsageError("--html has headings of its own; leave out --title and --caption")
    if html and (through_training or format is not None):
        raise UsageError("--html is a page of its own; leave out --through-training and --format")
    if through_training and (text or split not in (None, "valid")):
        raise UsageError(
            "--through-training shows the sentences of valid that training watched; leave out "
            + ("--text" if text else "--split")
        )
    suffix = f".{chosen_format(format, output)}"
    is_gif = ".gif" in (suffix, output_suffix)
    if not through_training and (is_gif or frames is not None):
        option = "a GIF" if is_gif else "--frames"
        raise UsageError(f"{option} shows attention as it was learnt; add --through-training")
    from attnlab.evaluate.sentences import first_numbers
    from attnlab.support.console import show_messages

    show_messages()
    split = split or "test"

    def chosen_numbers(trained: "LoadedRun", default: int) -> Sequence[int]:
        return sentence or (() if text else first_numbers(trained, split, count or default))

    if html:
        from attnlab.studies.explorer.job import write_explorer

        trained, _ = load(arguments, config_dir)
        page = write_explorer(
            trained,
            texts=text or (),
            split=split,
            numbers=chosen_numbers(trained, 10),
            reference=reference,
            pieces=pieces,
            output=output,
        )
        typer.echo(page)
        return
    from attnlab.studies.plot_attention.plot import PlotOptions, Remarks, plot_translations

    remarks: Remarks | None = None
    if faithfulness:
        # It imports scipy, which no other figure waits for.
        from attnlab.studies.faithfulness.caption import FaithfulnessCaption

        remarks = FaithfulnessCaption
    options = PlotOptions(
        kinds=kind or ["cross"],
        layers=layer or (),
        heads=head or (),
        average=average or (),
        best=best,
        gold=not no_gold,
        pieces=pieces,
        print_weights=numbers,
        title=title,
        captions=caption == "full",
        remarks=remarks,
    )
    trained, _ = load(arguments, config_dir)
    if through_training:
        from attnlab.studies.plot_attention import through_training as history

        paths = history.plot_through_training(
            trained,
            numbers=sentence or history.first_watched(trained, count or 1),
            most_frames=frames,
            options=options,
            output=output,
            suffix=suffix,
        )
    else:
        paths = plot_translations(
            trained,
            texts=text or (),
            split=split,
            numbers=chosen_numbers(trained, 4),
            reference=reference,
            options=options,
            output=output,
            suffix=suffix,
        )
    for path in paths:
        typer.echo(path)
