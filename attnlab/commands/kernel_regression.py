"""attnlab kernel-regression."""

from functools import partial
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from attnlab.commands.arguments import ConfigDir, FigureFormat, split_run, with_examples
from attnlab.commands.completion import complete_regression
from attnlab.support.errors import UsageError

if TYPE_CHECKING:
    from omegaconf import DictConfig


@with_examples(
    """
    # y = 2 sin x + x^0.8 + noise
    attnlab kernel-regression
    # y = 2 sin x + x + noise
    attnlab kernel-regression data=d2l_en
    # kernels and widths of your choice
    attnlab kernel-regression "widths=[0.3,0.6]" \\
      "kernels=[gaussian,boxcar]"
    # another training of the width
    attnlab kernel-regression training.epochs=5
    # your own points
    attnlab kernel-regression data=csv data.file=my.csv \\
      data.standardise=true training.by_dimension=true
    # a run for each seed
    attnlab kernel-regression -m seed=1,2,3
    # every setting
    attnlab kernel-regression --cfg job
"""
)
def kernel_regression(
    overrides: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="OVERRIDE...",
            help="Settings as KEY=VALUE, in Hydra's grammar.",
            show_default=False,
            autocompletion=complete_regression,
        ),
    ] = None,
    multirun: Annotated[
        bool, typer.Option("--multirun", "-m", help="Sweep: one run for each combination.")
    ] = False,
    show: Annotated[
        Literal["job", "hydra", "all"] | None,
        typer.Option("--cfg", "-c", help="Show the config instead of fitting."),
    ] = None,
    format: FigureFormat = None,
    as_json: Annotated[
        bool, typer.Option("--json", help="Print one JSON object a run on standard output.")
    ] = False,
    config_dir: ConfigDir = None,
) -> None:
    """Fit a curve by attention: Nadaraya–Watson kernel regression, into runs/NAME/TIME."""
    from attnlab import launch
    from attnlab.studies.kernel_regression.config import KERNEL_REGRESSION
    from attnlab.support.console import show_messages

    chosen = overrides or []
    if multirun and show is not None:
        raise UsageError("--multirun and --cfg exclude one another; choose one")
    named, _ = split_run(chosen)
    if named is not None:
        raise UsageError(f"'{named}' is no override; write overrides like data=d2l_en")
    name = KERNEL_REGRESSION
    if show is not None:
        launch.show(show, chosen, config_name=name, config_dir=config_dir)
        return
    show_messages()
    task = partial(_job, suffix=f".{format or 'png'}", as_json=as_json)
    launch.run(task, chosen, config_name=name, multirun=multirun, config_dir=config_dir)


def _job(node: "DictConfig", suffix: str, as_json: bool) -> float | None:
    """One job; returns its least leave-one-out error, for sweepers that search."""
    import json

    from attnlab.studies.kernel_regression.job import regression_job

    report = regression_job(node, suffix)
    if as_json:
        typer.echo(json.dumps(report.as_json(), ensure_ascii=False))
    else:
        typer.echo(f"{report}\n")
        for path in report.files:
            typer.echo(path)
    return report.least_error
