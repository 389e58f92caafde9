"""The `attnlab` command: subcommands, exit codes, and messages of failures.

Exit codes are 0 for success, 1 for a failure, 2 for wrong usage, and 129, 130 or 143 for a signal.
Neither this module nor its imports import torch, so that `--help` answers at once.
"""

import atexit
import gc
import os
import re
import sys
from typing import Any

import typer
from typer.core import TyperGroup

from attnlab import __version__
from attnlab.commands import (
    average,
    compare,
    complexity,
    data,
    eval,
    explain,
    export,
    heads,
    heatmap,
    kernel_regression,
    lr_find,
    play,
    plot_attention,
    positions,
    report,
    runs,
    scores,
    train,
    translate,
)
from attnlab.support.console import console, make_streams_tolerant
from attnlab.support.errors import AttnlabError, UsageError, described, readable
from attnlab.support.machine import omp_wait_briefly


class _Commands(TyperGroup):
    """The subcommands; their usage errors are made safe to print on a terminal."""

    def invoke(self, ctx: Any) -> Any:
        """Run the subcommand."""
        try:
            return super().invoke(ctx)
        except Exception as error:
            message = getattr(error, "message", None)
            if hasattr(error, "format_message") and isinstance(message, str):
                vars(error)["message"] = readable(message)  # Click's, or Typer's copy of it
            raise


app = typer.Typer(
    name="attnlab",
    cls=_Commands,
    help="A bench for attention: train, score and look inside small translation models.",
    no_args_is_help=True,
    context_settings={"help_option_names": ["-h", "--help"]},
    pretty_exceptions_enable=False,
    rich_markup_mode="rich",
)
app.command("train")(train.train)
app.command("lr-find")(lr_find.find_learning_rate)
app.command("eval")(eval.evaluate)
app.command("compare")(compare.compare)
app.command("report")(report.report)
app.command("average")(average.average)
app.command("plot-attention")(plot_attention.plot_attention)
app.command("play")(play.play)
app.command("heads")(heads.heads)
app.command("explain")(explain.explain)
app.command("export")(export.export)
app.command("scores")(scores.scores)
app.command("positions")(positions.positions)
app.command("heatmap")(heatmap.heatmap)
app.command("kernel-regression")(kernel_regression.kernel_regression)
app.command("complexity")(complexity.complexity)
app.command("translate")(translate.translate)
app.add_typer(runs.app, name="runs")
app.add_typer(data.app, name="data")


def _show_version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"attnlab {__version__}")
        raise typer.Exit


@app.callback()
def attnlab(
    version: bool = typer.Option(
        False, "--version", callback=_show_version, is_eager=True, help="Show the version."
    ),
) -> None:
    """A bench for attention: train, score and look inside small translation models."""


def main() -> None:
    """Run the command line; every failure becomes a message and an exit code."""
    omp_wait_briefly()
    make_streams_tolerant()
    # Figures are only saved to files: matplotlib needs no display, and reads no matplotlibrc.
    os.environ |= {"MPLBACKEND": "agg", "MATPLOTLIBRC": os.devnull}
    # Skip the garbage collection at exit, which takes 0.4 s with torch's objects.
    atexit.register(gc.freeze)
    try:
        _require_text(sys.argv[1:])
        app()
    except AttnlabError as error:
        _complain(str(error))
        sys.exit(error.exit_code)
    except OSError as error:
        if isinstance(error, BrokenPipeError):
            # Standard output is closed. Without this, Python prints another error at exit.
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        else:
            _complain(described(error))
        sys.exit(1)
    except KeyboardInterrupt:
        _complain("interrupted")
        sys.exit(130)
    except Exception as error:
        if os.environ.get("ATTNLAB_TRACEBACK"):
            raise
        _complain(described(error))
        sys.exit(1)


def _require_text(arguments: list[str]) -> None:
    """Refuse arguments with undecodable bytes, which no setting can store."""
    for argument in arguments:
        if not argument.isascii() and re.search("[\ud800-\udfff]", argument):
            raise UsageError(
                f"'{argument}' has bytes that are no {sys.getfilesystemencoding()} text; type it "
                "again, or rename the file"
            )


def _complain(message: str) -> None:
    console().print(f"error: {readable(message)}", style="red", markup=False)


if __name__ == "__main__":
    main()
