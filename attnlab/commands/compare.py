"""attnlab compare."""

from typing import Annotated, Literal

import typer

from attnlab.commands.arguments import Baseline, ConfigDir, GroupBy, split_runs, with_examples
from attnlab.commands.completion import complete_run
from attnlab.support.errors import UsageError


@with_examples(
    """
    # two runs, or all runs of a sweep's folder
    attnlab compare builtin-rnn builtin-bahdanau
    attnlab compare runs/sweep
    # three seeds of each model: one row a model
    attnlab train -m model=rnn,bahdanau \\
      seed=1,2,3 name=models
    attnlab compare models --group-by model \\
      --baseline model=rnn
    # for a paper
    attnlab compare models --format latex
"""
)
def compare(
    arguments: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="RUN... OVERRIDE...",
            help="Runs, or folders and names that stand for all runs in them; and overrides for "
            "translating, such as search=greedy checkpoint=last runs_root=FOLDER.",
            show_default=False,
            autocompletion=complete_run,
        ),
    ] = None,
    splits: Annotated[
        list[str] | None,
        typer.Option("--split", help="Split to compare; test if left out; may be repeated."),
    ] = None,
    metrics: Annotated[
        list[str] | None,
        typer.Option("--metric", help="Metric: bleu (if left out), tokenised, chrf, ter, exact."),
    ] = None,
    group_by: GroupBy = None,
    baseline: Baseline = None,
    format: Annotated[
        Literal["text", "markdown", "latex", "csv", "json"],
        typer.Option("--format", "-f", help="Format of the output.", case_sensitive=False),
    ] = "text",
    config_dir: ConfigDir = None,
) -> None:
    """Compare runs: scores, the settings that differ, seeds folded, and significance.

    Scores are those that `attnlab eval` left in a run; what is missing is evaluated.
    """
    import json

    from attnlab.evaluate.comparison import compare_settings
    from attnlab.evaluate.scored import named_folders, score_runs
    from attnlab.launch import compose_inference
    from attnlab.studies.compare import as_csv, as_json, as_table
    from attnlab.support.console import show_messages
    from attnlab.training.selection import require_metrics

    show_messages()
    names, overrides = split_runs(arguments)
    if not names:
        raise UsageError("name the runs to compare: attnlab compare RUN RUN")
    config = compose_inference(overrides, config_dir)
    folders = named_folders(names, config.runs_root)
    chosen = list(dict.fromkeys(metrics or ["bleu"]))
    require_metrics("--metric", chosen)
    scored = score_runs(folders, config, list(dict.fromkeys(splits or ["test"])), chosen)
    keys = [each.strip() for each in group_by.split(",")] if group_by else None
    found = compare_settings(scored, chosen, keys, baseline)
    if format == "json":
        typer.echo(json.dumps(as_json(found), ensure_ascii=False, indent=1))
    else:
        typer.echo(as_csv(found) if format == "csv" else as_table(found, format))
