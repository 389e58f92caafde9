"""attnlab explain."""

from typing import Annotated, Literal

import typer

from attnlab.commands.arguments import ConfigDir, RunAndOverrides, load, with_examples
from attnlab.support.errors import UsageError


@with_examples(
    """
    # the second word of a translation
    attnlab explain --text "The cat sleeps." --step 2
    # a test sentence, at the word "chat", in one head
    attnlab explain builtin-transformer --sentence 7 \\
      --step chat --layer 2 --head 3
    # self-attention of the decoder
    attnlab explain --kind decoder --step 4 --json
"""
)
def explain(
    arguments: RunAndOverrides = None,
    text: Annotated[
        str | None, typer.Option("--text", "-t", help="The sentence to translate and explain.")
    ] = None,
    split: Annotated[
        str, typer.Option("--split", help="Split of the sentence, without --text.")
    ] = "test",
    sentence: Annotated[
        int | None,
        typer.Option(
            "--sentence", "-s", help="Number of the sentence, from 1; the first if left out."
        ),
    ] = None,
    reference: Annotated[
        bool,
        typer.Option("--reference", help="Use the corpus's translation, not the model's own."),
    ] = False,
    step: Annotated[
        str,
        typer.Option(
            "--step",
            metavar="K",
            help="Number of the step, from 1, or its word.",
        ),
    ] = "1",
    kind: Annotated[
        Literal["cross", "encoder", "decoder"],
        typer.Option("--kind", "-k", help="Attention to the source (cross), or self-attention."),
    ] = "cross",
    layer: Annotated[
        int | None, typer.Option("--layer", "-l", help="Layer, from 1; the last if left out.")
    ] = None,
    head: Annotated[int, typer.Option("--head", help="Head, from 1.")] = 1,
    as_json: Annotated[
        bool, typer.Option("--json", help="Print all numbers, unrounded, as one JSON object.")
    ] = False,
    config_dir: ConfigDir = None,
) -> None:
    """Print one attention step in numbers: query, keys, scores, mask, weights, context."""
    import json

    from attnlab.studies.explain.step import explain_step
    from attnlab.studies.explain.worked_example import worked_example
    from attnlab.support.console import show_messages

    show_messages()
    if text is not None and sentence is not None:
        raise UsageError("--text and --sentence exclude one another; choose one")
    trained, _ = load(arguments, config_dir)
    found = explain_step(
        trained,
        text=text,
        split=split,
        number=1 if sentence is None else sentence,
        reference=reference,
        step=step,
        kind=kind,
        layer=layer,
        head=head,
    )
    shown = json.dumps(found.as_json(), ensure_ascii=False) if as_json else worked_example(found)
    typer.echo(shown)
