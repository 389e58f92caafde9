"""attnlab eval."""

from pathlib import Path
from typing import Annotated

import typer

from attnlab.commands.arguments import ConfigDir, RunAndOverrides, load, with_examples
from attnlab.errors import UsageError


@with_examples(
    """
    attnlab eval --bleu              the latest run, its test split
    attnlab eval --bleu --chrf --ter --split valid
    attnlab eval builtin-rnn --bleu search=beam search.beam_size=8
    attnlab eval --source my.en --reference my.fr --json
"""
)
def evaluate(
    arguments: RunAndOverrides = None,
    bleu: Annotated[bool, typer.Option("--bleu", help="BLEU (shown if none is named).")] = False,
    chrf: Annotated[bool, typer.Option("--chrf", help="chrF2.")] = False,
    ter: Annotated[bool, typer.Option("--ter", help="TER; lower is better.")] = False,
    split: Annotated[
        str, typer.Option("--split", help="Of the run's corpus: test, valid or train.")
    ] = "test",
    source: Annotated[
        Path | None, typer.Option("--source", help="Your own sentences, one a line.")
    ] = None,
    reference: Annotated[
        Path | None, typer.Option("--reference", help="Their translations, line for line.")
    ] = None,
    as_json: Annotated[
        bool, typer.Option("--json", help="One JSON object on standard output.")
    ] = False,
    config_dir: ConfigDir = None,
) -> None:
    """Translate a split and score it with sacreBLEU; the texts go to RUN/translations/."""
    import json

    from attnlab.experiment.evaluate import evaluate_files, evaluate_split
    from attnlab.screen import show_messages

    show_messages()
    if (source is None) != (reference is None):
        raise UsageError("--source and --reference belong together; give both files")
    wanted = [name for name, on in (("bleu", bleu), ("chrf", chrf), ("ter", ter)) if on]
    trained, config = load(arguments, config_dir)
    metrics = wanted or ["bleu"]
    if source is not None and reference is not None:
        found = evaluate_files(trained, config, source, reference, metrics)
    else:
        found = evaluate_split(trained, config, split, metrics)
    typer.echo(json.dumps(found.as_json(), ensure_ascii=False) if as_json else str(found))
