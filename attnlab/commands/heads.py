"""attnlab heads."""

from typing import Annotated

import typer

from attnlab.commands.arguments import ConfigDir, RunAndOverrides, load, with_examples
from attnlab.errors import UsageError


@with_examples(
    """
    attnlab heads --faithfulness     do the weights explain what the model says?
    attnlab heads builtin-transformer --faithfulness --count 1000 --json
"""
)
def heads(
    arguments: RunAndOverrides = None,
    split: Annotated[str, typer.Option("--split", help="Of the corpus.")] = "test",
    faithfulness: Annotated[
        bool,
        typer.Option(
            "--faithfulness",
            help="Put uniform and permuted weights in place of the real ones, and leave out each "
            "source word: how well do weights predict what matters?",
        ),
    ] = False,
    bleu: Annotated[
        bool,
        typer.Option("--bleu", help="Also translate with uniform weights (a few minutes)."),
    ] = False,
    count: Annotated[
        int, typer.Option("--count", "-n", min=1, help="How many sentences, from the first on.")
    ] = 200,
    as_json: Annotated[
        bool, typer.Option("--json", help="One JSON object on standard output.")
    ] = False,
    config_dir: ConfigDir = None,
) -> None:
    """Test what the attention heads of a run are worth."""
    import json

    from attnlab.experiment.faithfulness.job import measure_faithfulness
    from attnlab.screen import show_messages

    show_messages()
    if not faithfulness:
        raise UsageError("attnlab heads needs --faithfulness")
    trained, config = load(arguments, config_dir)
    found = measure_faithfulness(
        trained, split, count=count, batch_tokens=config.batch_tokens, bleu=bleu
    )
    typer.echo(json.dumps(found.as_json(), ensure_ascii=False) if as_json else str(found))
