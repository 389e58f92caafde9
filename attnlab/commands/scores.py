"""attnlab scores."""

from pathlib import Path
from typing import Annotated, Literal

import typer

from attnlab.commands.arguments import with_examples


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
    format: Annotated[
        Literal["png", "svg", "pdf"], typer.Option("--format", "-f", help="Of the figure.")
    ] = "png",
    output: Annotated[
        Path | None,
        typer.Option(
            "--output",
            "-o",
            help="The figure (.png, .svg, .pdf) or a folder for it; scores.png if left out.",
            show_default=False,
        ),
    ] = None,
    as_json: Annotated[
        bool, typer.Option("--json", help="One JSON object on standard output.")
    ] = False,
) -> None:
    """Compare scoring functions and normalisers: their weights on toy inputs, and their cost."""
    import json

    from attnlab.experiment.scores.cost import Sizes
    from attnlab.experiment.scores.job import show_scores
    from attnlab.screen import show_messages

    show_messages()
    file = f"scores.{format}"
    if output is None:
        output = Path(file)
    elif not output.suffix or output.is_dir():
        output = output / file
    sizes = Sizes(batch=batch, heads=heads, length=length, size=size, rounds=rounds)
    report = show_scores(output, sizes, seed)
    if as_json:
        typer.echo(json.dumps(report.as_json(), ensure_ascii=False))
        return
    if rounds:
        typer.echo(f"{report}\n")
    typer.echo(output)
