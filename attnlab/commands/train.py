"""attnlab train."""

import logging
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from textwrap import fill
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from attnlab.commands.arguments import ConfigDir, named_run, split_run, with_examples
from attnlab.commands.completion import choices_of, complete_training
from attnlab.support.errors import UsageError
from attnlab.support.folders import training_groups
from attnlab.support.registry import config_folders

if TYPE_CHECKING:
    from attnlab.training.distributed import ProcessGroup

_REST = "; the sweep ends here, and the same line with --continue does the rest"

logger = logging.getLogger(__name__)


def _choices() -> str:
    """Every config group with its choices, shipped and of plug-ins, as a paragraph of help."""
    groups = {folder.name for folder in training_groups()}
    groups |= {path.parent.name for _, root in config_folders() for path in root.glob("*/*.yaml")}
    lines = [
        fill(
            f"{group}={' | '.join(choices_of('train', group))}",
            width=58,
            initial_indent="  ",
            subsequent_indent="    ",
        )
        for group in sorted(groups)
    ]
    return "\n".join(["\b", "Choices:", *lines])


@with_examples(
    """
    # the built-in corpus and the default model
    attnlab train
    # any model, with any scoring function
    attnlab train model=transformer score=dot
    # ten minutes, into runs/mine/
    attnlab train name=mine max_time=10m
    # your own file: English TAB French
    attnlab train data=bitext data.train=my.tsv
    # begin with the weights of another run
    attnlab train init_from=mine data=bitext \\
      data.train=my.tsv
    # after attnlab data get multi30k
    attnlab train data=multi30k
    # a sweep: a run of each
    attnlab train -m model=rnn,bahdanau
    # what a killed or failed sweep has left to do
    attnlab train -m --continue model=rnn,bahdanau
    # every setting
    attnlab train --cfg job model=rnn
    # go on with the latest unfinished run
    attnlab train --resume
    # train a finished run on
    attnlab train --resume mine max_epochs=10
""",
    _choices(),
)
def train(
    overrides: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="OVERRIDE...",
            help="Settings as KEY=VALUE, in Hydra's grammar; with --resume, also the run.",
            show_default=False,
            autocompletion=complete_training,
        ),
    ] = None,
    multirun: Annotated[
        bool, typer.Option("--multirun", "-m", help="Sweep: one run for each combination.")
    ] = False,
    continued: Annotated[
        bool,
        typer.Option(
            "--continue",
            help="With --multirun: leave finished runs of the same sweep alone, resume "
            "interrupted ones, try failed ones again.",
        ),
    ] = False,
    resume: Annotated[
        bool,
        typer.Option(
            "--resume", help="Resume an interrupted run; the latest unfinished if none is named."
        ),
    ] = False,
    show: Annotated[
        Literal["job", "hydra", "all"] | None,
        typer.Option("--cfg", "-c", help="Show the config instead of training."),
    ] = None,
    resolve: Annotated[
        bool,
        typer.Option(
            "--resolve", help="With --cfg: show the values of references such as ${seed}."
        ),
    ] = False,
    package: Annotated[
        str | None, typer.Option("--package", "-p", help="With --cfg: show this part alone.")
    ] = None,
    config_dir: ConfigDir = None,
) -> None:
    """Train a model; its run goes to runs/NAME/TIME."""
    from attnlab import launch

    chosen = overrides or []
    if sum([multirun, resume, show is not None]) > 1:
        raise UsageError("--multirun, --resume and --cfg exclude one another; choose one")
    if continued and not multirun:
        raise UsageError("--continue belongs to --multirun; a single run goes on by --resume")
    if show is None and (resolve or package):
        raise UsageError("--resolve and --package belong to --cfg; add --cfg job")
    if show is not None:
        launch.show(show, chosen, config_dir=config_dir, package=package, resolve=resolve)
        return
    from attnlab.support.console import show_messages
    from attnlab.support.interruption import Interrupted
    from attnlab.training.torchrun import started_processes

    try:
        with started_processes() as group:
            show_messages(errors_alone=not group.is_first)
            _train(chosen, multirun, continued, resume, config_dir, group)
    except Interrupted as interruption:
        logger.info("%s%s", interruption, _REST if multirun else "")
        raise typer.Exit(interruption.exit_code) from None


def _train(
    chosen: list[str],
    multirun: bool,
    continued: bool,
    resume: bool,
    config_dir: Path | None,
    group: "ProcessGroup",
) -> None:
    from attnlab import launch
    from attnlab.jobs.sweep import SweepError
    from attnlab.run.folder import require_unfinished
    from attnlab.trainer import train
    from attnlab.training.distributed import ALONE

    broadcast = train.RunBroadcast(group)
    begun = group.remembered()
    if not group.is_first:
        train.take_part(broadcast)
        return
    with broadcast.sending_failure():
        name, changes = split_run(chosen)
        if resume:
            roots = [change for change in changes if change.startswith("runs_root=")]
            root = roots[-1].removeprefix("runs_root=") if roots else "runs"
            changes = [change for change in changes if change not in roots]  # where, and not what
            folder = begun or named_run(name, root, trained=False, unfinished=True)
            if begun is None and name is None and not changes:
                require_unfinished(folder)
            train.resume(folder, changes, broadcast)
            return
        if name is not None:
            raise UsageError(f"'{name}' is no override; write overrides like model=rnn")
        if begun is not None:  # by the same call of torchrun, which restarted its processes
            train.resume(begun, [], broadcast)
            return
        jobs: Sequence[dict[str, Any]] = ()
        try:
            jobs = launch.run(
                partial(train.train_job, broadcast=broadcast, continued=continued),
                chosen,
                multirun=multirun,
                config_dir=config_dir,
                sweeps=group is ALONE,
                is_minimised=train.is_minimised,
            )
        except SweepError as error:
            jobs = error.jobs
            raise
        finally:
            folders = [Path(each["run"]) for each in jobs if each["run"] is not None]
            _conclude(folders, config_dir)


def _conclude(folders: list[Path], config_dir: Path | None) -> None:
    """Print a table of a sweep's runs to standard error, and report them if they have a claim."""
    from attnlab.run.summary import summarise
    from attnlab.studies.runs import SHOWN, as_text
    from attnlab.support.console import console

    if folders:
        summaries = [summarise(folder) for folder in folders]
        table = as_text(summaries, SHOWN)
        console().print(f"\n{table}", markup=False, soft_wrap=True)
        if any(each.settings.get("claim") for each in summaries):
            from attnlab.studies.report.job import report_sweep

            report_sweep(folders, config_dir)
