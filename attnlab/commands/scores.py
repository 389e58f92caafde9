"""attnlab scores."""

from pathlib import Path
from typing import Annotated

import typer

from attnlab.commands.arguments import AsJson, FigureFormat, figure_option, with_examples


@with_examples(
    """
    attnlab scores                       scores.png, and a table of what each costs
    attnlab scores --rounds 0 -o toy.svg the figure alone
    attnlab scores --length 200 --batch 4 --json
"""
)
def scores(
    batch: Annotated[int, typer.Option("--batch", min=1, help="Sentences, to measure.")] = 16,
    heads: Annotated[int, typer.Option("--heads", min=1, help="Heads.")] = 4,
    length: Annotated[int, typer.Option("--length", "-l", min=1, help="Queries and keys.")] = 48,
    size: Annotated[int, typer.Option("--size", min=1, help="Features of a head.")] = 32,
    rounds: Annotated[
        int, typer.Option("--rounds", "-n", min=0, help="How often each is timed; 0: not at all.")
    ] = 30,
    seed: Annotated[
        int, typer.Option("--seed", min=0, help="Of queries, keys and first weights.")
    ] = 1,
    format: FigureFormat = "png",
    output: Annotated[Path | None, figure_option("scores.png")] = None,
    as_json: AsJson = False,
) -> None:
    """Compare scoring functions and normalisers: their weights on toy inputs, and their cost."""
    import json

    from attnlab.experiment.scores.cost import Sizes
    from attnlab.experiment.scores.job import show_scores
    from attnlab.plotting.saving import figure_place
    from attnlab.screen import show_messages

    show_messages()
    path = figure_place(output, Path(), f"scores.{format}")
    sizes = Sizes(batch=batch, heads=heads, length=length, size=size, rounds=rounds)
    report = show_scores(path, sizes, seed)
    if as_json:
        typer.echo(json.dumps(report.as_json(), ensure_ascii=False))
        return
    if rounds:
        typer.echo(f"{report}\n")
    typer.echo(path)
