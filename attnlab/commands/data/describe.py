"""attnlab data describe."""

import glob
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import typer

from attnlab.commands.arguments import MOST, AsJson, ConfigDir, with_examples
from attnlab.commands.completion import choices_of, complete_corpus
from attnlab.support.errors import UsageError


@with_examples(
    """
    # the built-in corpus
    attnlab data describe
    # your own file: English TAB French
    attnlab data describe my.tsv
    # your own pair of files: mine.en and mine.fr
    attnlab data describe corpora/mine
    # a corpus that attnlab knows, one split in detail
    attnlab data describe multi30k --split test
    # settings, as attnlab train takes them
    attnlab data describe data=bitext data.train=my.tsv \\
      data.test=other.tsv
"""
)
def describe(
    arguments: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="CORPUS OVERRIDE...",
            help="A corpus that attnlab knows (builtin if left out) or a file, and overrides as "
            "for attnlab train.",
            show_default=False,
            autocompletion=complete_corpus,
        ),
    ] = None,
    split: Annotated[
        str | None, typer.Option("--split", help="Describe this split alone, in more detail.")
    ] = None,
    examples: Annotated[
        int, typer.Option("--examples", "-n", min=0, max=MOST, help="Pairs to show.")
    ] = 5,
    as_json: AsJson = False,
    config_dir: ConfigDir = None,
) -> None:
    """Describe a corpus: words, lengths, phenomena, and what is wrong with it."""
    import json

    from rich.console import Console

    from attnlab.config import ExperimentConfig
    from attnlab.launch import TRAIN, compose
    from attnlab.studies.describe.description import describe as describe_corpus
    from attnlab.studies.describe.report import show
    from attnlab.support.console import show_messages
    from attnlab.support.schema import from_node

    show_messages()
    file, overrides = _corpus_and_overrides(arguments or (), config_dir)
    node = compose(TRAIN, overrides, config_dir)
    if file is not None:
        node.data.train = file
    description = describe_corpus(from_node(ExperimentConfig, node), split, examples)
    if as_json:
        typer.echo(json.dumps(description.as_json(), ensure_ascii=False))
    else:
        show(description, Console(highlight=False, markup=False, emoji=False))


def _corpus_and_overrides(
    arguments: Sequence[str], config_dir: Path | None
) -> tuple[str | None, list[str]]:
    """The file to describe, if one is named, and Hydra's overrides.

    Raises:
        UsageError: for two names, and for one that is neither a corpus nor a file.
    """
    names = [argument for argument in arguments if "=" not in argument and argument[:1] != "~"]
    overrides = [argument for argument in arguments if argument not in names]
    chosen = [override for override in overrides if override.startswith("data=")]
    if len(names) + len(chosen) > 1:
        both = " and ".join([*names, *chosen])
        raise UsageError(f"{both} name more than one corpus; name one")
    if not names:
        return None, overrides
    name = names[0]
    choices = choices_of("train", "data", *([config_dir] if config_dir else []))
    if name in choices:
        return None, [f"data={name}", *overrides]
    path = Path(name).expanduser()
    if path.exists() or any(path.parent.glob(f"{glob.escape(path.name)}.*")):
        return name, ["data=bitext", *overrides]
    raise UsageError(
        f"there is no corpus '{name}', nor such a file; name a file, or one of: "
        f"{', '.join(choices)}"
    )
