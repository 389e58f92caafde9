"""attnlab train."""

from typing import Annotated, Literal

import typer

from attnlab.commands.arguments import ConfigDir, split_run, with_examples
from attnlab.errors import UsageError
from attnlab.resources import shipped_folder


def _choices() -> str:
    """Every config group with its choices, as the folders of configs/ have them."""
    lines = [
        f"  {folder.name}={'|'.join(sorted(path.stem for path in folder.glob('*.yaml')))}"
        for folder in sorted(shipped_folder("configs").iterdir())
        if folder.is_dir()
    ]
    return "\n".join(["", "\b", "Choices:", *lines])


@with_examples(
    """
    attnlab train                               the built-in corpus
    attnlab train model=transformer score=dot   any model, any scoring function
    attnlab train name=mine max_time=10m        ten minutes, into runs/mine/
    attnlab train data=bitext data.train=my.tsv yours: English TAB French
    attnlab train data=multi30k                 first: attnlab data get multi30k
    attnlab train -m model=rnn,bahdanau         a sweep: a run of each
    attnlab train --cfg job model=rnn           show every setting
    attnlab train --resume                      go on with the latest run
""",
    more=_choices(),
)
def train(
    overrides: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="OVERRIDE...",
            help="Settings as KEY=VALUE, in Hydra's grammar; with --resume, also the run.",
            show_default=False,
        ),
    ] = None,
    multirun: Annotated[
        bool, typer.Option("--multirun", "-m", help="Sweep: one run for each combination.")
    ] = False,
    resume: Annotated[
        bool, typer.Option("--resume", help="Go on with a run (the latest) where it was cut.")
    ] = False,
    show: Annotated[
        Literal["job", "hydra", "all"] | None,
        typer.Option("--cfg", "-c", help="Show the config instead of training."),
    ] = None,
    resolve: Annotated[
        bool, typer.Option("--resolve", help="With --cfg: show what ${…} stands for.")
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
    if show is None and (resolve or package):
        raise UsageError("--resolve and --package belong to --cfg; add --cfg job")
    if show is not None:
        launch.show(show, chosen, config_dir=config_dir, package=package, resolve=resolve)
        return
    from attnlab.experiment.interruption import Interrupted
    from attnlab.experiment.train import resume as resume_run
    from attnlab.experiment.train import train_job
    from attnlab.run import find_run
    from attnlab.screen import console, show_messages

    show_messages()
    try:
        if resume:
            name, changes = split_run(chosen)
            roots = [change for change in changes if change.startswith("runs_root=")]
            root = roots[-1].removeprefix("runs_root=") if roots else "runs"
            resume_run(find_run(name, root, trained=False), changes)
        else:
            named, _ = split_run(chosen)
            if named is not None:
                raise UsageError(f"'{named}' is no override; write overrides like model=rnn")
            launch.run(train_job, chosen, multirun=multirun, config_dir=config_dir)
    except Interrupted as interruption:
        console().print(str(interruption), markup=False)
        raise typer.Exit(interruption.exit_code) from None
