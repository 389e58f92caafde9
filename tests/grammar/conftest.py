"""The corpus for its tests: the files that ship, the same made anew, and a sample of pairs."""

import itertools

import pytest

from attnlab.grammar import SIZES, Pair, pairs
from attnlab.support.folders import shipped_folder


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
