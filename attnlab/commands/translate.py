"""attnlab translate."""

from pathlib import Path
from typing import Annotated, Literal

import typer

from attnlab.commands.arguments import ConfigDir, RunAndOverrides, load, with_examples
from attnlab.support.errors import UsageError


@with_examples(
    """
    # a sentence, by the latest run
    echo "The cat sleeps." | attnlab translate
    # a file, by a run of your choice
    attnlab translate multi30k-rnn < my.en > my.fr
    # a long file, and the rest of it after a crash
    attnlab translate -i big.en.gz -o big.fr.gz
    attnlab translate -i big.en.gz -o big.fr.gz --continue
    # the best three of each line, with scores
    attnlab translate --n-best 3 < my.en > my.tsv
    # what follows, if it begins so
    attnlab translate --prefix "Le chat" < my.en > my.fr
    # word alignments, between tabs or as JSON
    attnlab translate --alignment < my.en > my.tsv
    attnlab translate --format json < my.en > my.jsonl
"""
)
def translate(
    arguments: RunAndOverrides = None,
    input: Annotated[
        Path | None,
        typer.Option(
            "--input",
            "-i",
            help="A file with a sentence a line, plain or .gz; standard input if left out.",
            show_default=False,
        ),
    ] = None,
    output: Annotated[
        Path | None,
        typer.Option(
            "--output",
            "-o",
            help="The file to write, packed if named .gz; standard output if left out.",
            show_default=False,
        ),
    ] = None,
    resume: Annotated[
        bool,
        typer.Option("--continue", help="Go on with an --output that was interrupted."),
    ] = False,
    n_best: Annotated[
        int | None,
        typer.Option(
            "--n-best",
            min=1,
            max=10_000,
            help="Write so many hypotheses of each line, with its number, their rank and score.",
            show_default=False,
        ),
    ] = None,
    scores: Annotated[
        bool,
        typer.Option(
            "--scores", help="Write before a hypothesis the score that the search ranks it by."
        ),
    ] = False,
    alignment: Annotated[
        bool,
        typer.Option(
            "--alignment",
            help="Add word links i-j, source word i and target word j, counted from 0.",
        ),
    ] = False,
    format: Annotated[
        Literal["tsv", "json"],
        typer.Option(
            "--format", "-f", help="Columns between tabs, or a JSON object for each line."
        ),
    ] = "tsv",
    overlong: Annotated[
        Literal["cut", "refuse"],
        typer.Option(
            "--overlong",
            help="Cut a line with more characters than the run reads, or end there with an error.",
        ),
    ] = "cut",
    prefix: Annotated[
        str,
        typer.Option(
            "--prefix", help="Text that each translation begins with.", show_default=False
        ),
    ] = "",
    config_dir: ConfigDir = None,
) -> None:
    """Translate a line for a line, as lines come; on a terminal, as you type."""
    from attnlab.run.loaded import require_attention
    from attnlab.studies.translate.columns import Columns
    from attnlab.studies.translate.stream import Stream, to_file, to_standard_output
    from attnlab.support.console import show_messages

    show_messages()
    if resume and (input is None or output is None):
        raise UsageError("--continue belongs with --input and --output; name both files")
    chosen = [] if n_best is None else [f"search.n_best={n_best}"]
    trained, _ = load([*(arguments or ()), *chosen], config_dir)
    if alignment:
        require_attention(trained, "align words by")
    stream = Stream(trained, Columns(format, n_best, scores, alignment), input, overlong, prefix)
    if output is None:
        to_standard_output(stream)
    else:
        to_file(stream, output, resume)
