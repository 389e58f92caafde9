"""attnlab average."""

from typing import Annotated

import typer

from attnlab.commands.arguments import MOST, named_run, split_runs, with_examples
from attnlab.commands.completion import complete_run
from attnlab.support.errors import UsageError


@with_examples(
    """
    # first: keep the last five validated checkpoints
    attnlab train keep_checkpoints=5
    # then: average all kept checkpoints of the latest run
    attnlab average
    # the last three of a run
    attnlab average builtin-transformer --last 3
    # the best three by stopping.metric
    attnlab average --best 3
    # evaluate the average; translate takes it, too
    attnlab eval checkpoint=averaged
"""
)
def average(
    arguments: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="RUN...",
            help="One or more runs of the same model and vocabulary, each as a folder, NAME/RUN or "
            "NAME (default: the latest run), and runs_root=FOLDER if they are elsewhere.",
            show_default=False,
            autocompletion=complete_run,
        ),
    ] = None,
    last: Annotated[
        int | None,
        typer.Option("--last", min=1, max=MOST, help="Average the last N kept (default: all)."),
    ] = None,
    best: Annotated[
        int | None,
        typer.Option("--best", min=1, max=MOST, help="Average the best N kept by stopping.metric."),
    ] = None,
) -> None:
    """Average the weights of kept checkpoints into RUN/checkpoints/averaged.

    The weights of neighbouring checkpoints differ by noise, which averaging reduces.
    """
    from attnlab.launch import compose_inference
    from attnlab.studies.average import Choice, average_checkpoints
    from attnlab.support.console import console, show_messages
    from attnlab.support.folders import shown_path

    show_messages()
    if last is not None and best is not None:
        raise UsageError("--last and --best exclude one another; choose one")
    names, overrides = split_runs(arguments)
    root = compose_inference(overrides).runs_root
    folders = [named_run(name, root) for name in names] or [named_run(None, root)]
    typer.echo(average_checkpoints(folders, Choice(last or best, best=best is not None)))
    console().print(
        f"what to type next:\n  attnlab eval {shown_path(folders[0])} checkpoint=averaged --bleu",
        markup=False,
    )
