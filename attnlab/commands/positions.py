"""attnlab positions."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from attnlab.commands.arguments import (
    AsJson,
    ConfigDir,
    FigureFormat,
    chosen_format,
    figure_option,
    load,
    split_run,
    with_examples,
)
from attnlab.commands.completion import complete_run
from attnlab.support.errors import UsageError

if TYPE_CHECKING:
    from attnlab.studies.positions.modules import PositionModules

_LENGTH, _SIZE, _HEADS = 60, 32, 8


@with_examples(
    """
    # the sinusoids of 60 positions
    attnlab positions
    # another encoding, of 64 features
    attnlab positions --positions rotary --size 64
    # another encoding with a setting of its own
    attnlab positions --positions t5 positions.buckets=16
    # as a run has learnt them
    attnlab positions builtin-transformer
"""
)
def positions(
    arguments: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="RUN OVERRIDE...",
            help="A run, whose own positions are drawn, with overrides such as checkpoint=last; "
            "or none, and settings such as positions.base=500.",
            show_default=False,
            autocompletion=complete_run,
        ),
    ] = None,
    name: Annotated[
        str | None,
        typer.Option(
            "--positions",
            metavar="NAME",
            help="Encoding to draw without a run: sinusoidal (if left out), rotary, alibi, "
            "shaw or t5.",
            show_default=False,
        ),
    ] = None,
    length: Annotated[
        int, typer.Option("--length", "-l", min=2, max=4096, help="Positions to draw.")
    ] = _LENGTH,
    size: Annotated[
        int | None,
        typer.Option(
            "--size",
            min=2,
            max=16_384,
            help=f"Features of the embedding, or of a head: {_SIZE} if left out; a run has its "
            "own.",
            show_default=False,
        ),
    ] = None,
    heads: Annotated[
        int | None,
        typer.Option(
            "--heads",
            min=1,
            max=1024,
            help=f"Heads of alibi: {_HEADS} if left out; a run has its own.",
            show_default=False,
        ),
    ] = None,
    format: FigureFormat = None,
    output: Annotated[
        Path | None, figure_option("positions-NAME.png, or RUN/plots/positions.png,")
    ] = None,
    as_json: AsJson = False,
    config_dir: ConfigDir = None,
) -> None:
    """Draw positional encodings, and check their dependence on offsets."""
    import json

    from attnlab.plotting.saving import figure_place
    from attnlab.studies.positions.report import show_positions
    from attnlab.support.console import show_messages

    show_messages()
    run, overrides = split_run(arguments)
    if run is None:
        modules = _by_formula(name or "sinusoidal", overrides, length, size, heads, config_dir)
        folder, described = Path(), ""
    else:
        for option, given in (("--positions", name), ("--size", size), ("--heads", heads)):
            if given is not None:
                raise UsageError(f"{option} cannot be given for a run, which has its own")
        from attnlab.studies.positions.modules import modules_of_model

        trained, _ = load(arguments, config_dir)
        modules = modules_of_model(
            trained.model,
            trained.run.config.positions,
            run=trained.run.name,
            length=length,
        )
        folder, described = trained.run.plots, trained.described
    stem = "positions" if modules.run else f"positions-{modules.config.name}"
    path = figure_place(output, folder, f"{stem}.{chosen_format(format, output)}")
    found = show_positions(modules, path, described)
    if as_json:
        typer.echo(json.dumps(found, ensure_ascii=False))
        return
    for check, value in found["checks"].items():
        typer.echo(f"{check} {value:.2g}")
    typer.echo(path)


def _by_formula(
    name: str,
    overrides: list[str],
    length: int,
    size: int | None,
    heads: int | None,
    config_dir: Path | None,
) -> "PositionModules":
    from attnlab import launch
    from attnlab.config import ExperimentConfig
    from attnlab.studies.positions.modules import build_modules
    from attnlab.support.schema import from_node

    chosen = [f"positions={name}", *overrides]
    config = from_node(ExperimentConfig, launch.compose(launch.TRAIN, chosen, config_dir))
    return build_modules(config.positions, heads=heads or _HEADS, size=size or _SIZE, length=length)
