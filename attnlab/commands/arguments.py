"""Arguments shared by commands: runs, overrides, figures, and JSON."""

from collections.abc import Callable, Sequence
from functools import wraps
from inspect import getdoc
from pathlib import Path
from textwrap import dedent, indent
from typing import TYPE_CHECKING, Annotated, Any, Literal, TypeVar, cast

import typer

from attnlab.commands.completion import complete_run
from attnlab.support.errors import UsageError

if TYPE_CHECKING:
    from attnlab.config import InferenceConfig
    from attnlab.run.loaded import LoadedRun

RunAndOverrides = Annotated[
    list[str] | None,
    typer.Argument(
        metavar="RUN OVERRIDE...",
        help="A run (its folder, NAME/RUN or NAME; the latest if left out), and overrides such as "
        "search=greedy checkpoint=last device=cpu runs_root=FOLDER. Search is by a beam of 5 "
        "unless search= says otherwise.",
        show_default=False,
        autocompletion=complete_run,
    ),
]

ConfigDir = Annotated[
    Path | None,
    typer.Option("--config-dir", metavar="DIR", help="A folder with config groups of your own."),
]

MOST = 10**9
"""The largest count that an option takes."""

GroupBy = Annotated[
    str | None,
    typer.Option(
        "--group-by",
        metavar="KEY,KEY…",
        help="One row for each value of these settings, such as model,score; all settings that "
        "differ but the seed if left out.",
        show_default=False,
    ),
]

Baseline = Annotated[
    str | None,
    typer.Option(
        "--baseline",
        metavar="KEY=VALUE",
        help="The row that others are tested against, or a run of it; the first if left out.",
        show_default=False,
    ),
]

AsJson = Annotated[bool, typer.Option("--json", help="Print one JSON object on standard output.")]

Compare = Annotated[
    str | None,
    typer.Option(
        "--compare",
        metavar="RUN",
        help="A second run, which translates beside the first.",
        show_default=False,
        autocompletion=complete_run,
    ),
]

FigureFormat = Annotated[
    Literal["png", "svg", "pdf"] | None,
    typer.Option(
        "--format",
        "-f",
        case_sensitive=False,
        help="Format of the figure: that of --output, or png.",
        show_default=False,
    ),
]


def chosen_format(format: str | None, output: Path | None) -> str:
    """The format of a figure: `format`, that of the file `output`, or png.

    Raises:
        UsageError: `format` and `output` differ.
    """
    suffix = "" if output is None or output.is_dir() else output.suffix.lower()
    if format is not None and suffix not in ("", f".{format}"):
        raise UsageError(
            f"--output {output} and --format {format} name two formats; leave out --format, or end "
            f"the name with .{format}"
        )
    return format or "png"


def figure_option(where: str) -> Any:
    """The option --output of a figure; `where` says where it goes by default."""
    text = f"The figure (.png, .svg, .pdf) or a folder for it. {where} if left out."
    return typer.Option("--output", "-o", help=text, show_default=False)


Command = TypeVar("Command", bound=Callable[..., None])


def with_examples(examples: str, *more: str) -> Callable[[Command], Command]:
    """Append `examples`, and the paragraphs `more`, to the command's help.

    Lines of examples are not wrapped, so that they can be copied: they fit 60 columns.
    """
    from rich.markup import escape

    def put(command: Command) -> Command:
        about = [" ".join(paragraph.split()) for paragraph in (getdoc(command) or "").split("\n\n")]
        # Click keeps the lines of a paragraph that begins with a backspace.
        lines = escape(indent(dedent(examples).strip(), "  "))  # brackets are no markup
        command.__doc__ = "\n\n".join([*about, f"\b\nExamples:\n{lines}", *more])

        @wraps(command)
        def with_paths(**values: Any) -> None:
            command(**{name: _at_home(value, name) for name, value in values.items()})

        return cast(Command, with_paths)

    return put


def _at_home(value: Any, option: str) -> Any:
    """Expand the `~` of a path, which a shell leaves in --output=~/figure.png."""
    from attnlab.support.folders import expanded

    return Path(expanded(str(value), f"--{option}")) if isinstance(value, Path) else value


def split_runs(arguments: Sequence[str] | None) -> tuple[list[str], list[str]]:
    """The names of runs, and the overrides, which have a `=` or begin with `~`.

    An argument that names an existing run is its name, whatever its characters.
    """
    names: list[str] = []
    overrides: list[str] = []
    roots = [each.partition("=")[2] for each in arguments or () if each.startswith("runs_root=")]
    for argument in arguments or ():
        is_override = "=" in argument or (argument.startswith("~") and argument[1:2] != "/")
        if is_override and _names_run(argument, roots[-1] if roots else "runs"):
            is_override = False
        (overrides if is_override else names).append(argument)
    return names, overrides


def _names_run(argument: str, runs_root: str) -> bool:
    """Whether there is a run, or a folder of runs, of that path or name."""
    try:
        folders = [Path(argument).expanduser(), Path(runs_root).expanduser() / argument]
        return any(
            (folder / "config.yaml").is_file() or any(folder.glob("*/config.yaml"))
            for folder in folders
        )
    except (OSError, RuntimeError, ValueError):
        return False


def split_run(arguments: Sequence[str] | None) -> tuple[str | None, list[str]]:
    """A run's name, if one is given, and the overrides.

    Raises:
        UsageError: two names are given.
    """
    names, overrides = split_runs(arguments)
    if len(names) > 1:
        raise UsageError(
            f"'{names[1]}' is neither an option nor an override; name one run, and write overrides "
            "like search=beam"
        )
    return (names[0] if names else None), overrides


def split_overrides(arguments: Sequence[str] | None) -> list[str]:
    """The overrides of a command that takes no run.

    Raises:
        UsageError: an argument is no override.
    """
    named, overrides = split_run(arguments)
    if named is not None:
        raise UsageError(f"'{named}' is no override; write overrides like model=rnn")
    return overrides


def print_report(report: Any, as_json: bool) -> None:
    """Print `report.as_json()` as one JSON object, or the report as text."""
    import json

    typer.echo(json.dumps(report.as_json(), ensure_ascii=False) if as_json else str(report))


def load(
    arguments: Sequence[str] | None, config_dir: Path | None
) -> "tuple[LoadedRun, InferenceConfig]":
    """Load the run that `arguments` name, with its inference config."""
    from attnlab.launch import compose_inference
    from attnlab.run.loaded import load_run

    name, overrides = split_run(arguments)
    config = compose_inference(overrides, config_dir)
    return load_run(named_run(name, config.runs_root), config), config


def load_compared(
    arguments: Sequence[str] | None, compare: str | None, config_dir: Path | None
) -> "list[LoadedRun]":
    """Load the run that `arguments` name and, with the same overrides, the run `compare`."""
    named = [arguments]
    if compare is not None:
        named.append([compare, *split_run(arguments)[1]])
    return [load(each, config_dir)[0] for each in named]


def named_run(name: str | None, runs_root: str, **wanted: bool) -> Path:
    """The folder of the run `name`, by `find_run`; shown on standard error unless obvious."""
    from attnlab.run.folder import find_run
    from attnlab.support.console import console
    from attnlab.support.folders import expanded, shown_path

    name = None if name is None else expanded(name, "run")
    folder = find_run(name, expanded(runs_root, "runs_root"), **wanted)
    if name is None or folder not in (Path(name), Path(runs_root) / name):
        console().print(f"run: {shown_path(folder)}", markup=False)
    return folder
