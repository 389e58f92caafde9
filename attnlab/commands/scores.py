"""attnlab scores."""

from pathlib import Path
from typing import Annotated

import typer

from attnlab.commands.arguments import (
    AsJson,
    FigureFormat,
    chosen_format,
    figure_option,
    with_examples,
)


@with_examples(
    """
    # scores.png, scores-cost.png and tables
    attnlab scores
    # the toy inputs alone
    attnlab scores --rounds 0 -o toy.svg
    # queries and keys of length 1
    attnlab scores --unit-length -n 0
    # longer sentences, one in a batch
    attnlab scores --to 512 --batch 1 --json
"""
)
def scores(
    batch: Annotated[
        int, typer.Option("--batch", min=1, max=4096, help="Sentences in a batch.")
    ] = 4,
    heads: Annotated[int, typer.Option("--heads", min=1, max=1024, help="Heads of attention.")] = 4,
    size: Annotated[
        int, typer.Option("--size", min=1, max=16_384, help="Features of a head.")
    ] = 32,
    shortest: Annotated[
        int,
        typer.Option("--from", min=1, max=2**20, help="Fewest queries and keys; then doubled."),
    ] = 16,
    longest: Annotated[
        int, typer.Option("--to", min=1, max=2**20, help="Most queries and keys.")
    ] = 256,
    rounds: Annotated[
        int,
        typer.Option(
            "--rounds",
            "-n",
            min=0,
            max=10**6,
            help="Timed passes of each; 0 leaves the cost out.",
        ),
    ] = 10,
    seed: Annotated[
        int,
        typer.Option(
            "--seed", min=0, max=2**63 - 1, help="Seed of queries, keys and initial weights."
        ),
    ] = 1,
    unit_length: Annotated[
        bool, typer.Option("--unit-length", help="Give toy queries and keys length 1.")
    ] = False,
    format: FigureFormat = None,
    output: Annotated[Path | None, figure_option("scores.png")] = None,
    as_json: AsJson = False,
) -> None:
    """Compare scoring functions and normalisers: their weights on toy inputs, and their cost.

    The figure of the cost is written beside the first one, as scores-cost.png.
    """
    import json

    from attnlab.plotting.saving import figure_place
    from attnlab.studies.scores.report import Survey, show_scores
    from attnlab.support.console import show_messages

    show_messages()
    survey = Survey(
        batch=batch,
        heads=heads,
        size=size,
        shortest=shortest,
        longest=longest,
        rounds=rounds,
        seed=seed,
        unit_length=unit_length,
    )
    path = figure_place(output, Path(), f"scores.{chosen_format(format, output)}")
    report = show_scores(path, survey)
    if as_json:
        typer.echo(json.dumps(report.as_json(), ensure_ascii=False))
        return
    typer.echo(f"{report}\n")
    for path in report.files:
        typer.echo(path)
