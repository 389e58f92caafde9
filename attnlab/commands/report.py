"""attnlab report."""

from pathlib import Path
from typing import Annotated

import typer

from attnlab.commands.arguments import Baseline, ConfigDir, GroupBy, split_runs, with_examples
from attnlab.commands.completion import complete_run
from attnlab.support.errors import UsageError


@with_examples(
    """
    # after a sweep: runs/models/report.html
    attnlab train -m model=rnn,bahdanau \\
      seed=1,2,3 name=models
    attnlab report models --group-by model
    # long sentences, too; by chrF
    attnlab report models --split test \\
      --split test_long --metric chrf
    # Markdown, with figures in a folder beside it
    attnlab report models -o length.md
    # other sentences of the test split
    attnlab report models --sentence 7 --sentence 12
"""
)
def report(
    arguments: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="SWEEP... OVERRIDE...",
            help="A folder of runs or their name, or several runs; and overrides for translating, "
            "such as search=beam checkpoint=last runs_root=FOLDER. The search is that of the "
            "stored scores, or else greedy.",
            show_default=False,
            autocompletion=complete_run,
        ),
    ] = None,
    output: Annotated[
        Path | None,
        typer.Option(
            "--output",
            "-o",
            help="The page (.html), or Markdown (.md) with its figures in a folder beside it; "
            "report.html in the sweep's folder if left out.",
            show_default=False,
        ),
    ] = None,
    splits: Annotated[
        list[str] | None,
        typer.Option("--split", help="Split to report: test if left out; may be repeated."),
    ] = None,
    metrics: Annotated[
        list[str] | None,
        typer.Option(
            "--metric",
            help="Metric: bleu (if left out), tokenised, chrf, ter, exact; may be repeated.",
        ),
    ] = None,
    group_by: GroupBy = None,
    baseline: Baseline = None,
    sentences: Annotated[
        list[int] | None,
        typer.Option(
            "--sentence",
            help="Number of a sentence to show with heatmaps; three if left out; may be repeated.",
            show_default=False,
        ),
    ] = None,
    claim: Annotated[
        str | None,
        typer.Option(
            "--claim",
            metavar="NAME",
            help="The claim to judge, of configs/claims/, with its splits, metrics and rows; that "
            "of the runs if left out.",
            show_default=False,
        ),
    ] = None,
    config_dir: ConfigDir = None,
) -> None:
    """Report a sweep as one page: scores, curves, heatmaps, verdicts, and how to repeat it.

    Scores are those that `attnlab eval` left in a run; what is missing is evaluated and stored.
    """
    from attnlab.studies.report.job import ReportOptions, make_report
    from attnlab.support.console import show_messages

    show_messages()
    names, overrides = split_runs(arguments)
    if not names:
        raise UsageError("name a sweep to report: attnlab report NAME, or its folder")
    options = ReportOptions(
        splits=list(dict.fromkeys(splits or ())),
        metrics=list(dict.fromkeys(metrics or ())),
        group_by=[each.strip() for each in group_by.split(",")] if group_by else (),
        baseline=baseline,
        sentences=list(dict.fromkeys(sentences or ())),
        claim=claim,
        overrides=overrides,
        config_dir=config_dir,
    )
    typer.echo(str(make_report(names, [output] if output else [], options)))
