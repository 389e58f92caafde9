"""attnlab translate."""

import sys

import typer

from attnlab.commands.arguments import ConfigDir, RunAndOverrides, load, with_examples


@with_examples(
    """
    # a sentence, by the latest run
    echo "The cat sleeps." | attnlab translate
    # a file, by a run of your choice
    attnlab translate multi30k-rnn < my.en > my.fr
"""
)
def translate(arguments: RunAndOverrides = None, config_dir: ConfigDir = None) -> None:
    """Translate standard input, a line for a line; on a terminal, as you type."""
    from attnlab.screen import console, show_messages
    from attnlab.text.lines import decode_lines

    show_messages()
    trained, _ = load(arguments, config_dir)
    if not sys.stdin.isatty():
        lines = decode_lines(sys.stdin.buffer.read(), "standard input")
        for translation in trained.translator.translate(lines):
            typer.echo(translation.text)
        return
    console().print(
        f"{trained.run.folder}: type a sentence; Ctrl-D ends", style="dim", markup=False
    )
    while True:
        try:
            line = input("> ")
        except EOFError:
            return
        typer.echo(trained.translator.translate([line])[0].text)
