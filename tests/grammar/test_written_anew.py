"""The corpus made anew: the files that ship, and what is known of their pairs."""

import runpy
from collections import Counter
from pathlib import Path
from random import Random

import pytest

from attnlab.grammar import SEED, Pair, generation, tokenise_english, tokenise_french
from attnlab.grammar.generation import held_out
from attnlab.grammar.inflection import conjugate
from attnlab.support.folders import shipped_folder


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict[str, list[Pair]]]:
    """A folder with the corpus made anew by the script, and its pairs: twenty seconds, once."""
    script = shipped_folder("data").parent / "scripts" / "make_corpus.py"
    folder = tmp_path_factory.mktemp("corpus")
    return folder, runpy.run_path(str(script))["write"](folder)


@pytest.fixture(scope="module")
def splits(written: tuple[Path, dict[str, list[Pair]]]) -> dict[str, list[Pair]]:
    """The pairs of every split."""
    return written[1]


def test_the_first_sentences_are_those_that_ship() -> None:
    """A tenth of the corpus, so that a change of the grammar shows at once."""
    shipped = (shipped_folder("data") / "train.tsv").read_text(encoding="utf-8").splitlines()
    building = generation.Corpus(rng=Random(SEED))
    wanted = {noun.english: shown for noun, shown in generation.rare_nouns()}
    taught = list(generation._rare(building, wanted))
    ordinary = [building.draw(generation.a_sentence, building.ordinary) for _ in range(1500)]
    assert {pair.line() for pair in taught + ordinary} <= set(shipped)


@pytest.mark.slow
def test_script_writes_the_files_that_ship(written: tuple[Path, dict[str, list[Pair]]]) -> None:
    folder, _ = written
    found = {path.name: path.read_bytes() for path in folder.iterdir()}
    assert found == {path.name: path.read_bytes() for path in shipped_folder("data").glob("*.tsv")}


@pytest.mark.slow
def test_long_lengths_are_evenly_spread(splits: dict[str, list[Pair]]) -> None:
    lengths = Counter(pair.length for pair in splits["test_long"])
    assert lengths == dict.fromkeys(range(21, 61), 25)


@pytest.mark.slow
def test_compose_is_new_but_made_of_known_parts(splits: dict[str, list[Pair]]) -> None:
    trained = {each for pair in splits["train"] for each in pair.combinations}
    parts = {part for each in trained for part in each.split("+")}
    for pair in splits["train"]:
        parts.update(tokenise_english(pair.english), tokenise_french(pair.french))
    for pair in splits["test_compose"]:
        new = [each for each in pair.combinations if held_out(each)]
        assert new, pair.english
        for each in new:
            assert each not in trained, each
            first, _, second = each.partition("+")
            assert first in parts, each
            assert parts & _forms(second), each
    kinds = Counter(tag for pair in splits["test_compose"] for tag in pair.tags if "new-" in tag)
    assert set(kinds.values()) == {333, 334}


def _forms(name: str) -> set[str]:
    """An English noun or a tense as it is; a French infinitive in some of its forms."""
    if not name.endswith(("er", "ir", "re")):
        return {name.split()[-1]}
    verb = conjugate(name)
    return {name.split()[-1], verb.participle, *verb.present}
