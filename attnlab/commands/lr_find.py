"""attnlab lr-find."""

from pathlib import Path
from typing import Annotated

import typer

from attnlab.commands.arguments import ConfigDir, split_overrides, with_examples
from attnlab.commands.completion import complete_training

_READING = (
    "How to read the plot: the loss is flat while the rate is too low, then falls, and rises again "
    "when the rate is too high. A good rate is below that of the minimum, because the test reaches "
    "the minimum only after training at all lower rates. Try a tenth of it first; up to three "
    "times that often trains as well if the schedule decays later, as the default does. The rate "
    "of steepest descent is a cautious choice: early in training the loss falls fast at any rate, "
    "since a model first learns which words are frequent. Both are accurate to a factor of two."
)


@with_examples(
    """
    # the built-in corpus, the default model
    attnlab lr-find
    # another model and optimiser
    attnlab lr-find model=transformer optimiser=adamw
    # higher rates
    attnlab lr-find optimiser=sgd --from 1e-3 --to 100
    # another corpus, with the plot in a file of your choice
    attnlab lr-find data=multi30k -o plots/multi30k.svg
""",
    _READING,
)
def find_learning_rate(
    overrides: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="OVERRIDE...",
            help="Settings as KEY=VALUE, as for attnlab train; the test sets the learning rate and "
            "the schedule itself.",
            show_default=False,
            autocompletion=complete_training,
        ),
    ] = None,
    lowest: Annotated[float, typer.Option("--from", help="The first learning rate.")] = 1e-5,
    highest: Annotated[
        float,
        typer.Option("--to", help="The last learning rate; the test ends if the loss diverges."),
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
            "--smoothing", help="Weight of earlier losses in the smoothed loss, from 0 to under 1."
        ),
    ] = 0.9,
    output: Annotated[
        Path,
        typer.Option(
            "--output", "-o", help="The plot (.png, .svg, .pdf); a .csv beside it has its points."
        ),
    ] = Path("lr-find.png"),
    config_dir: ConfigDir = None,
) -> None:
    """Find a learning rate by a range test: train briefly at rising rates, and plot the loss."""
    from attnlab import launch
    from attnlab.config import ExperimentConfig
    from attnlab.studies.lr_find import Sweep, overrides_for
    from attnlab.studies.lr_find import find_learning_rate as run_test
    from attnlab.support.console import console, show_messages
    from attnlab.support.interruption import Interrupted
    from attnlab.support.schema import from_node
    from attnlab.support.table import table

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
