"""The commands of the documents in a small setting: the same command, so much less of it."""

import atexit
import shutil
from collections.abc import Iterator, Sequence
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory

from attnlab.support.folders import shipped_folder
from tests.runs import SMALLER, write_small_builtin
from tests.warm import attnlab

TRAINING = (
    "max_updates=4",
    "validate_every=4",
    "checkpoint_every=4",
    "validate_sentences=4",
    "watch_sentences=1",
    "log_every=1",
    "search.max_length_factor=0.5",
)
CORPUS = ("data.max_pairs=300", "vocabulary.size=300")
TOY_TASK = ("data.task.pairs=300", "data.task.held_out=20")
TOY_TASKS = ("copy", "reverse", "sort", "lookup")
OF_EXPERIMENTS = {
    "luong": "bahdanau",
    "d2l_seq2seq": "rnn",
    "d2l_bahdanau": "bahdanau",
    "d2l_transformer": "transformer",
}
"""Which model an experiment chooses."""
SIZES = SMALLER | {
    "transformer": (*SMALLER["transformer"], "model.encoder_layers=1"),
    "convolutional": ("model.embedding_size=32", "model.hidden_size=32"),
}

SHORT = ("search.max_length_factor=0.1", "search.max_length_extra=3")
"""A model that has learnt nothing does not know when to end; these end it."""

OTHERS: dict[str, Sequence[str]] = {
    "heads": ("--count", "4", *SHORT),
    "eval": SHORT,
    "kernel-regression": ("training.epochs=3", "kernels=[gaussian,boxcar]", "widths=[0.3,1]"),
    "scores": ("--to", "16", "--rounds", "1"),
    "complexity": ("--to", "32", "--seeds", "1", "--size", "16"),
}
"""What makes other commands than training smaller; an option that is given again has its way."""

OF_THE_BOOK = (
    ("Go.", "Va !"),
    ("I lost.", "J'ai perdu."),
    ("He's calm.", "Il est calme."),
    ("I'm home.", "Je suis chez moi."),
)
"""The sentences that `attnlab eval --book` asks for."""


@cache
def corpora() -> Path:
    """A folder of corpora for all tests of this process.

    `builtin/` is the beginning of the corpus that ships, `tatoeba/` 600 of its pairs.
    """
    made = TemporaryDirectory()
    atexit.register(made.cleanup)
    folder = Path(made.name)
    write_small_builtin(folder / "builtin", 30)
    (folder / "tatoeba").mkdir()
    lines = (shipped_folder("data") / "train.tsv").read_text(encoding="utf-8").splitlines()
    pairs = [*OF_THE_BOOK, *(tuple(line.split("\t")[:2]) for line in lines[:600])]
    written = ["\t".join([*pair, "nobody"]) for pair in pairs]
    (folder / "tatoeba" / "fra.txt").write_text("\n".join(written) + "\n", encoding="utf-8")
    return folder


@cache
def _trained(model: str) -> Path:
    """The folder of a small `attnlab train model=MODEL`, trained once in this process."""
    folder = TemporaryDirectory()
    atexit.register(folder.cleanup)
    done = attnlab(*smaller(["train", f"model={model}"]), folder=Path(folder.name))
    assert done.code == 0, done.told
    return done.run


def lay_out_run(model: str, folder: Path, name: str | None = None) -> None:
    """Put a small run of `model` into `folder`, as `attnlab train model=MODEL name=NAME` there."""
    run = _trained(model)
    shutil.copytree(run, folder / "runs" / (name or f"builtin-{model}") / run.name)


def smaller(arguments: Sequence[str]) -> list[str]:
    """`arguments`, and behind them what makes their work small."""
    command = arguments[0]
    if command == "train":
        return [*arguments, *_smaller_training(arguments)]
    if "--book" in arguments:  # four sentences, by the book's search
        return list(arguments)
    return [*arguments, *_unless_named(OTHERS.get(command, ()), arguments)]


def _smaller_training(arguments: Sequence[str]) -> Iterator[str]:
    chosen = dict(argument.split("=", 1) for argument in arguments if "=" in argument)
    experiment = chosen.get("experiment", "")
    model = chosen.get("model") or OF_EXPERIMENTS.get(experiment, "bahdanau")
    data = chosen.get("data", "tatoeba" if experiment.startswith("d2l") else "builtin")
    yield from TRAINING
    if not experiment.startswith("d2l"):  # whose batches are of so many sentences
        yield "batch_tokens=256"
    yield from _unless_named(SIZES[model], arguments)
    if data in TOY_TASKS:
        yield from TOY_TASK
    else:
        yield from (*CORPUS, f"data.root={corpora() / data}")


def _unless_named(values: Sequence[str], arguments: Sequence[str]) -> Iterator[str]:
    """Those of `values` whose setting is not what the command is about."""
    named = {argument.partition("=")[0] for argument in arguments if "=" in argument}
    return (value for value in values if value.partition("=")[0] not in named)
