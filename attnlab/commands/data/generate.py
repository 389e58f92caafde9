"""attnlab data generate."""

from pathlib import Path
from typing import Annotated

import typer

from attnlab.commands.arguments import with_examples


@with_examples(
    """
    # ten times as many pairs as the built-in corpus has
    attnlab data generate big/ --pairs 200000
    # long sentences
    attnlab data generate long/ --pairs 50000 \\
      --max-words 60 --seed 7
    # train on what was written
    attnlab train data.root=big
"""
)
def generate(
    folder: Annotated[Path, typer.Argument(metavar="FOLDER", help="Folder for the files.")],
    pairs: Annotated[
        int, typer.Option("--pairs", min=1, max=10**7, help="Sentence pairs to train on.")
    ],
    max_words: Annotated[
        int, typer.Option("--max-words", help="Most words of a sentence, 8 to 60.")
    ] = 20,
    held_out: Annotated[
        int, typer.Option("--held-out", min=0, max=10**7, help="Pairs of valid, and of test.")
    ] = 1000,
    seed: Annotated[
        int,
        typer.Option(
            "--seed", min=0, max=2**63 - 1, help="Seed; another one gives other sentences."
        ),
    ] = 1,
    workers: Annotated[
        int | None,
        typer.Option(
            "--workers",
            min=1,
            max=4096,
            help="Processes; all cores if left out. The pairs stay the same.",
        ),
    ] = None,
    replace: Annotated[
        bool, typer.Option("--replace", help="Overwrite files that are there.")
    ] = False,
) -> None:
    """Write a corpus of any size by the built-in grammar, with word alignment and tags."""
    from attnlab.studies.generate import Request, generate_corpus
    from attnlab.support.console import console, counting, show_messages
    from attnlab.support.folders import shown_path
    from attnlab.support.machine import usable_cores

    show_messages()
    request = Request(pairs=pairs, held_out=held_out, max_words=max_words, seed=seed)
    with counting("writing", request.total) as advance:
        paths = generate_corpus(
            folder, request, workers=workers or usable_cores(), replace=replace, advance=advance
        )
    for path in paths:
        typer.echo(path)
    if held_out:
        console().print(
            f"train on it with: attnlab train data.root={shown_path(folder)}", markup=False
        )
