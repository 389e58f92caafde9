"""The corpus for its tests: the files that ship, the same made anew, and a sample of pairs."""

import itertools
import runpy
from pathlib import Path

import pytest

from attnlab.grammar import SIZES, Pair, pairs
from attnlab.resources import shipped_folder


@pytest.fixture(scope="session")
def written(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict[str, list[Pair]]]:
    """A folder with the corpus made anew by the script, and its pairs: twenty seconds, once."""
    script = shipped_folder("data").parent / "scripts" / "make_corpus.py"
    folder = tmp_path_factory.mktemp("corpus")
    return folder, runpy.run_path(str(script))["write"](folder)


@pytest.fixture(scope="session")
def splits(written: tuple[Path, dict[str, list[Pair]]]) -> dict[str, list[Pair]]:
    """The pairs of every split."""
    return written[1]


@pytest.fixture(scope="session")
def rows() -> dict[str, list[list[str]]]:
    """The columns of every line of every file that ships."""
    folder = shipped_folder("data")
    return {
        name: [
            line.split("\t")
            for line in (folder / f"{name}.tsv").read_text(encoding="utf-8").splitlines()
        ]
        for name in SIZES
    }


@pytest.fixture(scope="session")
def sample() -> list[Pair]:
    """Three thousand pairs that are in no file."""
    return list(itertools.islice(pairs(seed=5), 3000))
