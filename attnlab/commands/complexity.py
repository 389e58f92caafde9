"""attnlab complexity."""

from pathlib import Path
from typing import Annotated

import typer

from attnlab.commands.arguments import (
    MOST,
    AsJson,
    ConfigDir,
    FigureFormat,
    chosen_format,
    figure_option,
    with_examples,
)
from attnlab.commands.completion import complete_training
from attnlab.support.errors import UsageError

_ATTENTION = ("score", "normaliser", "positions")


@with_examples(
    """
    # about a minute; writes complexity.png
    attnlab complexity
    # batches of 32, on one thread
    attnlab complexity --to 512 --batch 32 --threads 1
    # wider layers, as SVG
    attnlab complexity --size 512 --heads 8 -f svg
    # another scoring function in the attention
    attnlab complexity score=additive
"""
)
def complexity(
    overrides: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="OVERRIDE...",
            help="Settings of attention: score=, normaliser=, positions= and theirs.",
            show_default=False,
            autocompletion=complete_training,
        ),
    ] = None,
    size: Annotated[
        int, typer.Option("--size", min=1, max=16_384, help="Features d of a token.")
    ] = 128,
    heads: Annotated[
        int, typer.Option("--heads", min=1, max=1024, help="Heads of self-attention.")
    ] = 4,
    kernel_size: Annotated[
        int,
        typer.Option("--kernel-size", min=2, max=4096, help="Tokens k in a convolution's window."),
    ] = 3,
    restriction: Annotated[
        int,
        typer.Option(
            "--restriction",
            min=1,
            max=2**20,
            help="Keys r of restricted attention, in the formulas.",
        ),
    ] = 16,
    shortest: Annotated[
        int,
        typer.Option(
            "--from", min=2, max=2**20, help="Tokens of the shortest sentence; then doubled."
        ),
    ] = 16,
    longest: Annotated[
        int, typer.Option("--to", min=2, max=2**20, help="Tokens of the longest sentence.")
    ] = 4096,
    batch: Annotated[
        int, typer.Option("--batch", min=1, max=4096, help="Sentences in a batch.")
    ] = 1,
    threads: Annotated[
        int | None,
        typer.Option(
            "--threads",
            min=1,
            max=4096,
            help="Threads; torch's choice if left out.",
            show_default=False,
        ),
    ] = None,
    processor_time: Annotated[
        bool,
        typer.Option(
            "--processor-time",
            help="Measure CPU time of the process, for a machine with other load.",
        ),
    ] = False,
    seeds: Annotated[
        int,
        typer.Option(
            "--seeds", min=1, max=1000, help="Draws of weights and inputs for the gradient."
        ),
    ] = 5,
    budget: Annotated[
        float,
        typer.Option(
            "--budget",
            min=0.0,
            max=MOST,
            help="Seconds; longer sentences are skipped after a pass that took more.",
        ),
    ] = 2.0,
    memory: Annotated[
        float,
        typer.Option(
            "--memory",
            min=0.0,
            max=MOST,
            help="Gigabytes; longer sentences are skipped after a pass that took more.",
        ),
    ] = 1.0,
    format: FigureFormat = None,
    output: Annotated[Path | None, figure_option("complexity.png")] = None,
    as_json: AsJson = False,
    config_dir: ConfigDir = None,
) -> None:
    """Measure the cost of attention, recurrence and convolution by sentence length.

    It prints formulas, time and peak memory of one layer each, forward and in training, and the
    share of the first token's gradient that reaches the last output.
    """
    import json

    from attnlab import launch
    from attnlab.config import ExperimentConfig
    from attnlab.plotting.saving import figure_place, save_figure
    from attnlab.studies.complexity.figure import draw_complexity
    from attnlab.studies.complexity.layers import LayerSettings
    from attnlab.studies.complexity.report import ComplexityReport
    from attnlab.studies.complexity.survey import Survey, measure
    from attnlab.support.console import show_messages
    from attnlab.support.schema import from_node

    show_messages()
    chosen = overrides or []
    for override in chosen:
        if override.lstrip("+~").partition("=")[0].partition(".")[0] not in _ATTENTION:
            raise UsageError(
                f"'{override}' is no setting of attention; give score=, normaliser= or positions= "
                "here, and sizes as options such as --size"
            )
    config = from_node(
        ExperimentConfig, launch.compose(launch.TRAIN, ["score=scaled_dot", *chosen], config_dir)
    )
    survey = Survey(
        settings=LayerSettings(
            size=size, heads=heads, width=kernel_size, attention=config.attention
        ),
        shortest=shortest,
        longest=longest,
        batch=batch,
        threads=threads,
        processor_time=processor_time,
        seeds=seeds,
        restriction=restriction,
        budget_seconds=budget,
        budget_bytes=memory * 1e9,
    )
    name = f"complexity.{chosen_format(format, output)}"
    path = figure_place(output, Path(), name)  # refused before the work
    report = ComplexityReport(survey, measure(survey))
    save_figure(draw_complexity(report), path)
    if as_json:
        typer.echo(json.dumps(report.as_json() | {"files": [str(path)]}, ensure_ascii=False))
        return
    typer.echo(f"{report}\n\n{path}")
