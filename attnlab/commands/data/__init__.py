"""The commands about corpora, one thin file each."""

import typer

from attnlab.commands.data import describe, generate, get

app = typer.Typer(help="Get, write and look at corpora.", no_args_is_help=True)
app.command("get")(get.get)
app.command("generate")(generate.generate)
app.command("describe")(describe.describe)
