"""attnlab runs: what was trained, as a table; runs renamed and removed."""

from pathlib import Path
from typing import Annotated, Any

import typer
from typer.core import TyperGroup

from attnlab.commands.arguments import AsJson, named_run, with_examples
from attnlab.commands.completion import complete_run
from attnlab.support.errors import AttnlabError, UsageError


class _ListByDefault(TyperGroup):
    """`attnlab runs FOLDER` is `attnlab runs list FOLDER`."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """Put the subcommand in front where none is named."""
        if not args or (args[0] not in self.commands and args[0] not in ctx.help_option_names):
            args = ["list", *args]
        return super().parse_args(ctx, args)


app = typer.Typer(
    cls=_ListByDefault,
    help="List, rename and remove runs; `attnlab runs` alone lists those in runs/.",
)

RunsRoot = Annotated[
    Path, typer.Option("--runs-root", metavar="FOLDER", help="Where NAME/RUN is looked for.")
]


@app.command("list")
@with_examples(
    """
    # all runs, the latest last
    attnlab runs
    # the transformers, best BLEU first
    attnlab runs --filter model=transformer --sort -bleu
    # settings as columns; for a spreadsheet
    attnlab runs --csv \\
      --columns run,optimiser.learning_rate,best
    # one name or sweep only
    attnlab runs runs/builtin-rnn --filter state=finished
"""
)
def list_runs(
    folder: Annotated[
        Path, typer.Argument(metavar="FOLDER", help="A folder of runs, or of several names.")
    ] = Path("runs"),
    sort: Annotated[
        str | None,
        typer.Option(
            "--sort",
            metavar="COLUMN",
            help="Order by this column; -COLUMN: the largest first. By time if left out.",
            show_default=False,
        ),
    ] = None,
    filters: Annotated[
        list[str] | None,
        typer.Option(
            "--filter",
            metavar="KEY=VALUE",
            help="Only runs in which a column or any setting has this value; * and ? stand for "
            "other characters, a comma for 'or'. May be given several times.",
            show_default=False,
        ),
    ] = None,
    columns: Annotated[
        str | None,
        typer.Option(
            "--columns",
            metavar="A,B,…",
            help="Columns to show: those of the table, loss, bleu, chrf, ter, folder, error, and "
            "every setting.",
            show_default=False,
        ),
    ] = None,
    as_json: AsJson = False,
    as_csv: Annotated[
        bool, typer.Option("--csv", help="Print comma-separated values, unrounded.")
    ] = False,
) -> None:
    """Show a table of runs: settings, progress, best validation and state."""
    from attnlab.run.summary import find_runs, summarise
    from attnlab.studies import runs
    from attnlab.support.console import console, show_messages

    show_messages()
    if as_json and as_csv:
        raise UsageError("--json and --csv exclude one another; choose one")
    found = [summarise(each) for each in find_runs(folder)]
    if not found:
        raise AttnlabError(
            f"{folder}: there are no runs here; name another folder, or train one: attnlab train"
        )
    names = [each.strip() for each in columns.split(",")] if columns else runs.SHOWN
    runs.require_columns(names, found)
    chosen = runs.chosen(found, filters or [])
    if sort is not None:
        chosen = runs.ordered(chosen, sort)
    if as_json:
        typer.echo(runs.as_json(chosen))
    elif as_csv:
        typer.echo(runs.as_csv(chosen, names))
    elif chosen:
        typer.echo(runs.as_text(chosen, names))
        console().print(f"{len(chosen):,} of {len(found):,} runs: {runs.counts(chosen)}")
    else:
        console().print(f"none of {len(found):,} runs fits; {runs.counts(found)}")


@app.command("rename")
@with_examples(
    """
    # beside where it is
    attnlab runs rename builtin-rnn baseline
    # under another name: runs/lesson/rnn
    attnlab runs rename builtin-rnn lesson/rnn
"""
)
def rename(
    run: Annotated[
        str,
        typer.Argument(
            metavar="RUN", help="A folder, NAME/RUN or NAME.", autocompletion=complete_run
        ),
    ],
    name: Annotated[str, typer.Argument(metavar="NEW", help="Its new name: RUN or NAME/RUN.")],
    root: RunsRoot = Path("runs"),
) -> None:
    """Give a run another name; it can be resumed there. Refused while it is training."""
    from attnlab.run.folder import rename_run
    from attnlab.support.console import show_messages

    show_messages()
    typer.echo(rename_run(named_run(run, str(root), trained=False), name, root))


@app.command("remove")
@with_examples(
    """
    attnlab runs remove builtin-rnn/2026-01-31_23-59-59
    # without a question, for scripts
    attnlab runs remove --yes trial/2026-01-31_23-59-59
"""
)
def remove(
    names: Annotated[
        list[str],
        typer.Argument(
            metavar="RUN...", help="Folders, or NAME/RUN each.", autocompletion=complete_run
        ),
    ],
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")] = False,
    root: RunsRoot = Path("runs"),
) -> None:
    """Delete runs with all that is in their folders. Refused while one is training."""
    from attnlab.run.folder import remove_runs
    from attnlab.support.console import show_messages
    from attnlab.support.folders import shown_path

    show_messages()
    folders = []
    for name in names:
        found = [each for each in (Path(name), root / name) if (each / "config.yaml").is_file()]
        if not found:
            raise AttnlabError(f"{name}: no run; name its folder, or NAME/RUN: attnlab runs")
        folders.append(found[0])
    for folder in folders:
        typer.echo(shown_path(folder), err=True)
    if not yes:
        many = "this run" if len(folders) == 1 else f"these {len(folders)} runs"
        if not typer.confirm(f"Delete {many}?", err=True):
            raise typer.Exit(1)
    remove_runs(folders)
