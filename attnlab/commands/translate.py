"""attnlab translate."""

import sys
from contextlib import nullcontext
from io import BufferedReader, TextIOWrapper
from typing import cast

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
    """Translate standard input, a line for a line, as lines come; on a terminal, as you type."""
    from attnlab.data.reading.lines import incoming_lines
    from attnlab.support.console import console, counting, show_messages

    show_messages()
    trained, _ = load(arguments, config_dir)
    if not sys.stdin.isatty():
        number = 1
        # A bar would redraw itself between the translations on one terminal.
        shown = (
            nullcontext(lambda _: None) if sys.stdout.isatty() else counting("translating", None)
        )
        with shown as advance:
            for lines in incoming_lines(cast(BufferedReader, sys.stdin.buffer), "standard input"):
                for translation in trained.translator.translate(lines, advance, number):
                    sys.stdout.write(f"{translation.text}\n")
                sys.stdout.flush()
                number += len(lines)
        return
    console().print(
        f"{trained.run.folder}: type a sentence; Ctrl-D ends", style="dim", markup=False
    )
    cast(TextIOWrapper, sys.stdin).reconfigure(errors="replace")
    while True:
        try:
            line = input("> ")
        except EOFError:
            return
        typer.echo(trained.translator.translate([line])[0].text)
