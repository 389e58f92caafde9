"""attnlab data get."""

from pathlib import Path
from shlex import quote
from typing import Annotated, Literal

import typer

from attnlab.commands.arguments import with_examples


@with_examples(
    """
    # then: attnlab train data=multi30k
    attnlab data get multi30k
    # into a folder of your own
    attnlab data get tatoeba --to corpora/tatoeba
    # from a server of your school
    attnlab data get multi30k \\
      --from https://server.example/multi30k
"""
)
def get(
    corpus: Annotated[Literal["multi30k", "tatoeba"], typer.Argument(help="Name of the corpus.")],
    to: Annotated[
        Path | None,
        typer.Option(
            "--to",
            metavar="FOLDER",
            help="Folder for it; if left out, $ATTNLAB_CACHE or the user's cache.",
        ),
    ] = None,
    mirror: Annotated[
        str | None,
        typer.Option("--from", metavar="URL", help="Address of a folder with the same files."),
    ] = None,
    tries: Annotated[
        int,
        typer.Option(
            "--tries", min=1, max=1000, help="How often to try, pausing longer each time."
        ),
    ] = 4,
) -> None:
    """Download a corpus that attnlab knows but does not ship; a cut download goes on."""
    from attnlab.data.download import SOURCES, get_corpus
    from attnlab.support.console import console, show_messages
    from attnlab.support.folders import cache_folder

    show_messages()
    folder = cache_folder(corpus) if to is None else to.expanduser().absolute()
    try:
        get_corpus(SOURCES[corpus], folder, mirror=mirror, tries=tries)
    except KeyboardInterrupt:
        console().print("interrupted; the same command goes on from there")
        raise typer.Exit(130) from None
    root = "" if to is None else f" data.root={quote(str(folder))}"
    console().print(f"use it with: attnlab train data={corpus}{root}", markup=False)
    typer.echo(folder)
