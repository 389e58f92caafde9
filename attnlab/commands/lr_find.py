"""attnlab lr-find."""

from pathlib import Path
from typing import Annotated

import typer

from attnlab.commands.arguments import ConfigDir, split_overrides, with_examples
from attnlab.commands.completion import complete_training

_READING = (
    "How to read it: the loss stays where it is while the rate is too low, falls, and rises again "
    "where the rate is too high. A good rate is below the minimum's, as the test reaches that one "
    "by way of all the lower ones. A tenth of it is the one to try first, and up to three times as "
    "much often trains as well where the schedule falls later on, as the default one does. The "
    "steepest descent is cautious: early on the loss falls fast at any rate, since a model learns "
    "first which words are frequent. Neither is finer than a factor of two."
)


@with_examples(
    """
    # the built-in corpus, the default model
    attnlab lr-find
    # another model and optimiser
    attnlab lr-find model=transformer optimiser=adamw
    # higher rates
    attnlab lr-find optimiser=sgd --from 1e-3 --to 100
    # another corpus, and where the plot goes
    attnlab lr-find data=multi30k -o plots/multi30k.svg
""",
    _READING,
)
def find_learning_rate(
    overrides: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="OVERRIDE...",
            help="Settings as KEY=VALUE, as attnlab train has them; the test has a learning rate "
            "and a schedule of its own.",
            show_default=False,
            autocompletion=complete_training,
        ),
    ] = None,
    lowest: Annotated[float, typer.Option("--from", help="The first learning rate.")] = 1e-5,
    highest: Annotated[
        float,
        typer.Option("--to", help="The last learning rate, unless the loss diverges before it."),
    ] = 10.0,
    updates: Annotated[
        int,
        typer.Option(
            "--updates", "-n", min=20, max=10**6, help="Updates from the first rate to the last."
        ),
    ] = 240,
    smoothing: Annotated[
        float,
        typer.Option(
            "--smoothing", help="Share of the loss so far in the smoothed loss, from 0 to under 1."
        ),
    ] = 0.9,
    output: Annotated[
        Path,
        typer.Option(
            "--output", "-o", help="The plot (.png, .svg, .pdf); its points go beside it as .csv."
        ),
    ] = Path("lr-find.png"),
    config_dir: ConfigDir = None,
) -> None:
    """Find a learning rate: train for a moment while it rises, and see where the loss falls."""
    from attnlab import launch
    from attnlab.config import ExperimentConfig
    from attnlab.studies.lr_find import Sweep, overrides_for
    from attnlab.studies.lr_find import find_learning_rate as run_test
    from attnlab.support.console import console, show_messages
    from attnlab.support.schema import from_node
    from attnlab.support.table import table
    from attnlab.trainer.interruption import Interrupted

    show_messages()
    chosen = split_overrides(overrides)
    config = from_node(ExperimentConfig, launch.compose(launch.TRAIN, chosen, config_dir))
    sweep = Sweep(lowest=lowest, highest=highest, updates=updates, smoothing=smoothing)
    try:
        suggestions, files = run_test(config, sweep, output)
    except Interrupted as interruption:
        console().print(str(interruption), markup=False)
        raise typer.Exit(interruption.exit_code) from None
    if suggestions is not None:
        rows = [
            [rule, " ".join(overrides_for(config, rate))]
            for rule, rate in suggestions.by_rule.items()
        ]
        typer.echo(table(["suggested by", "to type"], rows, left=2))
    for path in files:
        typer.echo(path)
