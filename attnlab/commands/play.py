"""attnlab play."""

from pathlib import Path
from typing import Annotated

import typer

from attnlab.commands.arguments import (
    Compare,
    ConfigDir,
    RunAndOverrides,
    load_compared,
    with_examples,
)


@with_examples(
    """
    # the latest run
    attnlab play
    # another one, and a second beside it
    attnlab play builtin-transformer --compare builtin-rnn
"""
)
def play(
    arguments: RunAndOverrides = None,
    compare: Compare = None,
    output: Annotated[
        Path | None,
        typer.Option(
            "--output",
            "-o",
            help="The page. RUN/export/web.html if left out.",
            show_default=False,
        ),
    ] = None,
    precision: Annotated[
        str,
        typer.Option(
            "--precision",
            help="Format of the weights in the page: float32, float16 (half the size), or auto, "
            "which is float16 where the page would have more than 35 MB.",
        ),
    ] = "auto",
    config_dir: ConfigDir = None,
) -> None:
    """Translate live in a browser, see all attention, and change it.

    The page is one file that needs no network: attnlab export --to web writes the same.
    """
    from attnlab.studies.web.job import open_lesson, write_lesson
    from attnlab.support.console import console, show_messages

    show_messages()
    lesson = write_lesson(load_compared(arguments, compare, config_dir), output, precision)
    typer.echo(lesson)
    if not open_lesson(lesson.path):
        console().print("there is no desktop here: open that page in any browser", markup=False)
