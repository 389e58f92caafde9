"""attnlab data get."""

from pathlib import Path
from typing import Annotated, Literal

import typer

from attnlab.commands.arguments import with_examples


@with_examples(
    """
    attnlab data get multi30k        then: attnlab train data=multi30k
    attnlab data get tatoeba --to FOLDER
    attnlab data get multi30k --from http://server.of.the.school/multi30k
"""
)
def get(
    corpus: Annotated[Literal["multi30k", "tatoeba"], typer.Argument(help="Which corpus.")],
    to: Annotated[
        Path | None,
        typer.Option(
            "--to", metavar="FOLDER", help="Put it there; else into $ATTNLAB_CACHE or the cache."
        ),
    ] = None,
    mirror: Annotated[
        str | None,
        typer.Option("--from", metavar="URL", help="A folder with the same files, elsewhere."),
    ] = None,
    tries: Annotated[
        int, typer.Option("--tries", min=1, help="How often to try, with longer and longer pauses.")
    ] = 4,
) -> None:
    """Download a corpus that attnlab knows but does not ship, or go on with it where it was cut."""
    from attnlab.download import SOURCES, get_corpus
    from attnlab.resources import cache_folder
    from attnlab.screen import console, show_messages

    show_messages()
    folder = cache_folder(corpus) if to is None else to.expanduser().absolute()
    try:
        get_corpus(SOURCES[corpus], folder, mirror=mirror, tries=tries)
    except KeyboardInterrupt:
        console().print("interrupted; the same command goes on from there")
        raise typer.Exit(130) from None
    root = "" if to is None else f" data.root={folder}"
    console().print(f"use it with: attnlab train data={corpus}{root}", markup=False)
    typer.echo(folder)
