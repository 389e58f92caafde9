"""Real runs for the tests of commands: each trained once, in a process of its own."""

import atexit
import os
import subprocess
import sys
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory

from attnlab.support.folders import shipped_folder
from tests.refusals import assert_no_raw_failure
from tests.warm import Attnlab

REPOSITORY = Path(__file__).parents[1]

TINY = ("experiment=tiny", "model.dropout=0.0")
SMALLER = {
    "rnn": ("model.embedding_size=32", "model.hidden_size=32"),
    "bahdanau": ("model.embedding_size=32", "model.hidden_size=32"),
    "transformer": ("model.size=32", "model.feedforward_size=48", "model.decoder_layers=2"),
}


@dataclass(frozen=True)
class Result:
    code: int
    output: str
    errors: str

    def __post_init__(self) -> None:
        assert_no_raw_failure(self.printed)

    @property
    def printed(self) -> str:
        return f"{self.output}\n{self.errors}"


def environment() -> dict[str, str]:
    """The variables of the moment, with attnlab to be found from any folder."""
    return os.environ | {"PYTHONPATH": str(REPOSITORY), "OMP_NUM_THREADS": "1"}


def attnlab(*arguments: str, folder: Path, given: bytes = b"", timeout: float = 120) -> Result:
    """Run the command in `folder`: a process of its own, with what it imports imported already."""
    with TemporaryDirectory() as streams:
        files = {name: Path(streams) / name for name in ("given", "output", "errors")}
        files["given"].write_bytes(given)
        code = Attnlab(*arguments, folder=folder, **files).wait(timeout)
        printed = [files[name].read_bytes().decode() for name in ("output", "errors")]
    return Result(code, *printed)


def fresh_attnlab(*arguments: str, folder: Path, timeout: float = 120) -> Result:
    """Run the command in `folder` as a user would, from the very beginning."""
    done = subprocess.run(
        [sys.executable, "-m", "attnlab", *arguments],
        cwd=folder,
        env=environment(),
        capture_output=True,
        timeout=timeout,
        check=False,
    )
    return Result(done.returncode, done.stdout.decode(), done.stderr.decode())


def write_small_builtin(folder: Path, number: int) -> None:
    """The built-in corpus with 300 training pairs and the first `number` of each other split.

    The few-shot split is in the order of its groups; the chosen ones are spread over it.
    """
    folder.mkdir(parents=True)
    for path in shipped_folder("data").glob("*.tsv"):
        lines = path.read_text(encoding="utf-8").splitlines(keepends=True)
        if path.stem == "fewshot":
            lines = lines[:: len(lines) // number]
        chosen = lines[: 300 if path.stem == "train" else number]
        (folder / path.name).write_text("".join(chosen), encoding="utf-8")


@cache
def small_corpus() -> str:
    """The setting that chooses such a corpus of 50 lines a split, for all tests of this process."""
    folder = TemporaryDirectory()
    atexit.register(folder.cleanup)
    write_small_builtin(Path(folder.name) / "builtin", 50)
    return f"data.root={folder.name}/builtin"


def tiny(model: str, *more: str) -> list[str]:
    """Arguments of a training that takes a second: on the small corpus, unless `more` has data."""
    own_data = any(each.startswith(("data=", "data.root=")) for each in more)
    corpus = () if own_data else (small_corpus(),)
    return ["train", *TINY, f"model={model}", *SMALLER[model], *corpus, *more]
