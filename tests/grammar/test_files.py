"""The files that ship: what the script writes, whole, well formed, and never the same twice."""

import itertools
import os
import re
import subprocess
import sys

import pytest

from attnlab.grammar import SIZES, pairs, tokenise_english, tokenise_french
from attnlab.support.folders import shipped_folder

DATA = shipped_folder("data")
NAMES = tuple(SIZES)


def test_nothing_depends_on_the_order_of_sets() -> None:
    program = (
        "import itertools, attnlab.grammar as grammar\n"
        "for pair in itertools.islice(grammar.pairs(4, longest=60), 400): print(pair.line())"
    )

    def output(hash_seed: str) -> str:
        environment = {**os.environ, "PYTHONHASHSEED": hash_seed, "PYTHONIOENCODING": "utf-8"}
        command = [sys.executable, "-c", program]
        run = subprocess.run(command, check=True, env=environment, capture_output=True)
        return run.stdout.decode()

    assert output("1") == output("17")


def test_another_seed_writes_other_sentences() -> None:
    one, other = (list(itertools.islice(pairs(seed), 50)) for seed in (1, 2))
    assert {pair.english for pair in one} != {pair.english for pair in other}


def test_sizes(rows: dict[str, list[list[str]]]) -> None:
    assert {name: len(rows[name]) for name in NAMES} == SIZES
    assert sum(path.stat().st_size for path in DATA.iterdir()) < 6_000_000


@pytest.mark.parametrize("column", [0, 1], ids=["english", "french"])
def test_no_sentence_twice(rows: dict[str, list[list[str]]], column: int) -> None:
    sentences = [row[column] for name in NAMES for row in rows[name]]
    assert len(sentences) == len(set(sentences))


def test_vocabulary_is_rich_enough(rows: dict[str, list[list[str]]]) -> None:
    english = {token.lower() for row in rows["train"] for token in tokenise_english(row[0])}
    french = {token.lower() for row in rows["train"] for token in tokenise_french(row[1])}
    assert sum(token[0].isalpha() for token in english) >= 900
    assert sum(token[0].isalpha() for token in french) >= 1_100


@pytest.mark.parametrize("name", NAMES)
def test_lines_are_well_formed(rows: dict[str, list[list[str]]], name: str) -> None:
    for row in rows[name]:
        focused = "shown-" in row[3]
        assert len(row) == (6 if focused else 5 if name == "test_agree" else 4)
        english, french, links, tags = row[:4]
        sources, targets = tokenise_english(english), tokenise_french(french)
        assert (max(len(sources), len(targets)) <= 20) == (name != "test_long")
        for text in (english, french):
            assert text == text.strip()
            assert text[0].isupper()
            assert text[-1] in '.?!"»'
            assert not re.search(r"  |’", text)
        assert not re.search("[^\u202f][?!;:»]|«[^\u202f]", french)
        assert re.fullmatch(r"[a-z0-9-]+(,[a-z0-9-]+)*", tags), row
        pairs_of_links = [tuple(map(int, link.split("-"))) for link in links.split(" ")]
        assert pairs_of_links == sorted(set(pairs_of_links))
        for source, target in pairs_of_links:
            assert 0 <= source < len(sources)
            assert 0 <= target < len(targets)


def test_tokens_lose_no_letter(rows: dict[str, list[list[str]]]) -> None:
    for english, french, *_ in rows["test"]:
        assert "".join(tokenise_english(english)) == re.sub(r"\s", "", english)
        assert "".join(tokenise_french(french)) == re.sub(r"\s", "", french)
