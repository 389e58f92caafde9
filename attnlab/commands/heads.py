"""attnlab heads."""

from pathlib import Path
from typing import Annotated

import typer

from attnlab.commands.arguments import (
    MOST,
    AsJson,
    ConfigDir,
    FigureFormat,
    RunAndOverrides,
    chosen_format,
    figure_option,
    load,
    with_examples,
)
from attnlab.support.errors import UsageError


@with_examples(
    """
    # the latest run, its test split
    attnlab heads
    # by attention to the end of the sentence, as SVG
    attnlab heads --sort end -f svg
    # BLEU and loss without each head
    attnlab heads --ablate -n 100
    # the same of a run by its name, as JSON
    attnlab heads builtin-transformer --ablate --json
    # do the weights explain the translation?
    attnlab heads --faithfulness
"""
)
def heads(
    arguments: RunAndOverrides = None,
    split: Annotated[
        str, typer.Option("--split", help="Split whose references are read.")
    ] = "test",
    count: Annotated[
        int | None,
        typer.Option(
            "--count",
            "-n",
            min=1,
            max=MOST,
            help="Sentences, from the first on: 1000 if left out, 200 with --ablate or "
            "--faithfulness.",
            show_default=False,
        ),
    ] = None,
    ablate: Annotated[
        bool, typer.Option("--ablate", help="Also remove each head: the BLEU and loss it costs.")
    ] = False,
    faithfulness: Annotated[
        bool,
        typer.Option(
            "--faithfulness",
            help="Instead: put uniform and permuted weights in place of the real ones, and leave "
            "out each source word. How well do weights predict what matters?",
        ),
    ] = False,
    bleu: Annotated[
        bool,
        typer.Option(
            "--bleu",
            help="With --faithfulness: also translate with uniform weights (a few minutes).",
        ),
    ] = False,
    sort: Annotated[
        str | None,
        typer.Option(
            "--sort",
            metavar="COLUMN",
            help="Sort by a column of the tables, or layer. If left out: AER, or else entropy.",
            show_default=False,
        ),
    ] = None,
    format: FigureFormat = None,
    output: Annotated[Path | None, figure_option("A .csv goes beside it. In RUN/plots/")] = None,
    tensorboard: Annotated[
        bool, typer.Option(help="Put the figures into the run's TensorBoard log, too.")
    ] = True,
    as_json: AsJson = False,
    config_dir: ConfigDir = None,
) -> None:
    """Measure every attention head: what it attends to, how well it aligns, what it is worth."""
    import json

    from attnlab.support.console import show_messages

    show_messages()
    if bleu and not faithfulness:
        raise UsageError("--bleu goes with --faithfulness; --ablate has a BLEU for each head")
    for option, given in (("--ablate", ablate), ("--sort", sort), ("--output", output)):
        if faithfulness and given:
            raise UsageError(f"{option} and --faithfulness exclude one another; choose one")
    loaded = load(arguments, config_dir)
    if faithfulness:
        from attnlab.studies.faithfulness.report import measure_faithfulness

        trained, config = loaded
        explained = measure_faithfulness(
            trained, split, count=count or 200, batch_tokens=config.batch_tokens, bleu=bleu
        )
        values = explained.as_json()
        typer.echo(json.dumps(values, ensure_ascii=False) if as_json else str(explained))
        return
    from attnlab.studies.heads.survey import survey_heads
    from attnlab.support.console import console
    from attnlab.support.interruption import Interrupted

    try:
        report, files = survey_heads(
            *loaded,
            split=split,
            count=count,
            ablate=ablate,
            sort=sort,
            output=output,
            suffix=f".{chosen_format(format, output)}",
            tensorboard=tensorboard,
        )
    except Interrupted as interruption:
        console().print(str(interruption), markup=False)
        raise typer.Exit(interruption.exit_code) from None
    if as_json:
        values = report.as_json() | {"files": [str(path) for path in files]}
        typer.echo(json.dumps(values, ensure_ascii=False))
        return
    typer.echo(f"{report}\n")
    for path in files:
        typer.echo(path)
