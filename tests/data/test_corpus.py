import os
import subprocess
import sys
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from attnlab.data.corpus import DataConfig, load_corpus, load_split
from attnlab.data.pairs import SentencePair
from attnlab.support.errors import AttnlabError, UsageError
from tests.conftest import shared_data, shipped_values


def config(name: str = "bitext", **changes: Any) -> DataConfig:
    return DataConfig(**shipped_values("data", name) | changes)


@pytest.fixture
def versions(tmp_path: Path) -> str:
    """A file of 40 sources with 1 to 3 versions each; no two pairs are alike."""
    lines = [
        f"source {number}\tversion {version} de {number}\n"
        for number in range(40)
        for version in range(number % 3 + 1)
    ]
    (tmp_path / "one.tsv").write_text("".join(lines))
    return str(tmp_path / "one.tsv")


def test_one_file_is_split_by_distinct_source(versions):
    corpus = load_corpus(config(train=versions, held_out_fraction=0.1), seed=1)
    sources = {split: {pair.source for pair in pairs} for split, pairs in corpus.splits.items()}
    assert {split: len(found) for split, found in sources.items()} == {
        "train": 32,
        "valid": 4,  # a tenth of 40
        "test": 4,
    }
    assert len(set.union(*sources.values())) == 40
    everything = [pair for pairs in corpus.splits.values() for pair in pairs]
    # by hand: 14 sources of one version, 13 of two, 13 of three
    assert len(everything) == len(set(everything)) == 14 + 26 + 39
    assert Counter(Counter(pair.source for pair in everything).values()) == {1: 14, 2: 13, 3: 13}
    assert corpus.reports["train"].pairs == 79


def test_the_seed_decides_the_split(versions):
    settings = config(train=versions)
    assert load_corpus(settings, seed=1) == load_corpus(settings, seed=1)
    assert load_corpus(settings, seed=1).splits != load_corpus(settings, seed=2).splits


def test_held_out_sentences_come_from_all_over_the_file(versions):
    held_out = {
        int(pair.source.split()[1])
        for seed in range(5)
        for pair in load_split(config(train=versions, held_out_fraction=0.2), seed, "test")
    }
    assert min(held_out) < 10
    assert max(held_out) >= 30


def test_the_split_hangs_not_on_pythons_hashing(versions):
    program = (
        "import sys, yaml; from attnlab.data.corpus import *; "
        "values = yaml.safe_load(open(sys.argv[1])) | {'train': sys.argv[2]}; "
        "print(load_split(DataConfig(**values), 1, 'test'))"
    )
    shipped = Path(__file__).parents[2] / "configs" / "data" / "bitext.yaml"
    outputs = [
        subprocess.run(
            [sys.executable, "-c", program, str(shipped), versions],
            env=os.environ | {"PYTHONHASHSEED": seed, "PYTHONPATH": os.pathsep.join(sys.path)},
            capture_output=True,
            text=True,
            check=True,
        ).stdout.strip()
        for seed in ("1", "2")
    ]
    assert outputs[0] == outputs[1] == str(load_split(config(train=versions), 1, "test"))


@pytest.mark.parametrize("split", ["train", "valid", "test"])
def test_one_split_alone_is_the_same_as_in_the_corpus(versions, split):
    settings = config(train=versions, max_words=4)
    assert load_split(settings, 3, split) == load_corpus(settings, 3).splits[split]


def test_only_what_is_missing_is_carved(versions, tmp_path):
    (tmp_path / "valid.tsv").write_text("Go!\tVa !\n")
    settings = config(train=versions, valid=str(tmp_path / "valid.tsv"))
    splits = load_corpus(settings, seed=1).splits
    assert splits["valid"] == [SentencePair("Go!", "Va !")]
    assert len(splits["train"]) + len(splits["test"]) == 79
    # a validation file leaves the test split as it was
    assert splits["test"] == load_split(config(train=versions), 1, "test")


def test_reading_one_split_leaves_other_files_alone(tmp_path):
    (tmp_path / "test.tsv").write_text("Go!\tVa !\n")
    settings = config(root=str(tmp_path), train="absent", valid="absent", test="test.tsv")
    assert load_split(settings, 1, "test") == [SentencePair("Go!", "Va !")]


def test_an_absent_split_names_the_present_ones(versions):
    settings = config(train=versions, valid=versions, held_out_fraction=0)
    assert set(load_corpus(settings, seed=1).splits) == {"train", "valid"}
    with pytest.raises(AttnlabError, match="no split 'test' in data=bitext; it has: train, valid"):
        load_split(settings, 1, "test")


def test_over_long_pairs_leave_training_only_and_are_counted(tmp_path):
    rows = ["a b c\td e", "a b\td e f", "a b c d\te", "a\tb c d e"]
    (tmp_path / "rows.tsv").write_text("\n".join(rows))
    settings = config(root=str(tmp_path), train="rows.tsv", valid="rows.tsv", test="rows.tsv")
    settings.max_words = 3
    corpus = load_corpus(settings, seed=1)
    assert [pair.source for pair in corpus.splits["train"]] == ["a b c", "a b"]
    assert len(corpus.splits["valid"]) == len(corpus.splits["test"]) == 4
    assert (corpus.reports["train"].pairs, corpus.reports["train"].skipped_long) == (2, 2)


def test_a_no_break_space_joins_words_for_the_limit(tmp_path):
    (tmp_path / "a.tsv").write_text("Go!\tVa\u202f!\n")
    settings = config(root=str(tmp_path), train="a.tsv", max_words=1, held_out_fraction=0)
    assert len(load_split(settings, 1, "train")) == 1


def test_nothing_left_to_train_on_is_refused(tmp_path):
    (tmp_path / "a.tsv").write_text("a b c\td e\n")
    settings = config(root=str(tmp_path), train="a.tsv", max_words=2, held_out_fraction=0)
    with pytest.raises(AttnlabError, match=r"more than 2 words; raise data\.max_words"):
        load_corpus(settings, seed=1)


def test_max_pairs_takes_the_first_of_the_file_before_holding_out(versions):
    first = [line.split("\t")[0] for line in Path(versions).read_text().split("\n")][:20]
    splits = load_corpus(config(train=versions, max_pairs=20), seed=1).splits
    assert Counter(first) == Counter(pair.source for pairs in splits.values() for pair in pairs)


def test_too_few_sources_to_hold_any_out(tmp_path):
    (tmp_path / "a.tsv").write_text("Go!\tVa !\nGo!\tMarche !\nNo.\tNon.\n")
    with pytest.raises(AttnlabError, match=r"2 distinct source sentences are too few"):
        load_corpus(config(root=str(tmp_path), train="a.tsv"), seed=1)


def test_a_relative_path_starts_from_the_working_directory(versions, monkeypatch):
    monkeypatch.chdir(Path(versions).parent)
    assert len(load_corpus(config(train="one.tsv"), seed=1).splits["train"]) > 60


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"target_language": "en"}, "are both 'en'"),
        ({"target_language": ""}, "data.target_language='' is no language"),
        ({"target_language": "../fr"}, "data.target_language='../fr' is no language"),
        ({"source_language": "tags"}, "data.source_language='tags' is no language"),
        ({"source_language": "de"}, "source_language=de"),
        ({"alignment_tokens": "pieces"}, "alignment_tokens=pieces is none of: whitespace, words"),
        (
            {"alignment_tokens": "words", "target_language": "de"},
            "alignment_tokens=words knows the words of en and fr, not of 'de'",
        ),
    ],
)
def test_settings_that_cannot_work_are_refused(versions, changes, message):
    with pytest.raises(UsageError, match=message):
        load_corpus(config(train=versions, **changes), seed=1)


@pytest.mark.parametrize(
    ("name", "holds"), [("multi30k", "test_2016_flickr"), ("tatoeba", r"fra\.txt")]
)
def test_a_corpus_that_does_not_ship_asks_for_its_folder(tmp_path, name, holds):
    for root, problem in ((None, f"attnlab does not ship {name}"), (str(tmp_path), "no corpus .*")):
        with pytest.raises(
            AttnlabError,
            match=rf"^{problem}: .*attnlab data get {name}` downloads it, or data\.root= must "
            rf"point to the folder that holds .*{holds}",
        ):
            load_corpus(config(name, root=root), seed=1)


def test_what_was_downloaded_is_found_without_a_root(tmp_path, monkeypatch):
    monkeypatch.setenv("ATTNLAB_CACHE", str(tmp_path))
    (tmp_path / "tatoeba").mkdir()
    (tmp_path / "tatoeba" / "fra.txt").write_text("Go.\tVa !\n")
    settings = config("tatoeba", held_out_fraction=0)
    assert load_corpus(settings, seed=1).splits == {"train": [SentencePair("Go.", "Va !")]}
    with pytest.raises(AttnlabError, match=r"no corpus .*mine"):
        load_corpus(config("tatoeba", train="mine"), seed=1)


def test_tatoeba_is_split_without_a_leak():
    settings = config("tatoeba", root=str(shared_data("tatoeba")))
    splits = load_corpus(settings, seed=1).splits
    sources = {split: {pair.source for pair in pairs} for split, pairs in splits.items()}
    assert sum(map(len, splits.values())) == 5000
    assert not sources["train"] & (sources["valid"] | sources["test"])
    assert not sources["valid"] & sources["test"]
    assert len(sources["test"]) == len(sources["valid"]) >= 100


def test_multi30k_either_way():
    root = str(shared_data("multi30k"))
    forth = load_split(config("multi30k", root=root), 1, "test")
    swapped = {"source_language": "fr", "target_language": "en"}
    back = load_split(config("multi30k", root=root, **swapped), 1, "test")
    assert len(forth) == 1000
    assert [(pair.target, pair.source) for pair in back] == [
        (pair.source, pair.target) for pair in forth
    ]


def test_the_built_in_corpus_ships():
    corpus = load_corpus(config("builtin"), seed=1)
    assert set(corpus.splits) == {"train", "valid", "test"}
    assert len(corpus.splits["train"]) >= 4000
    assert all(pair.alignment is not None for pair in corpus.splits["test"])
    assert all(pair.tags for pair in corpus.splits["test"])


def test_further_splits_are_read_when_asked_for(tmp_path):
    (tmp_path / "hard.tsv").write_text("One.\tUn.\nTwo.\tDeux.\n")
    (tmp_path / "train.tsv").write_text("".join(f"s {n}\tc {n}\n" for n in range(40)))
    settings = config(root=str(tmp_path), train="train.tsv", more_splits={"hard": "hard.tsv"})
    assert [pair.target for pair in load_split(settings, 1, "hard")] == ["Un.", "Deux."]
    assert set(load_corpus(settings, 1).splits) == {"train", "valid", "test"}
    with pytest.raises(UsageError, match="it has: train, valid, test, hard"):
        load_split(settings, 1, "soft")


@pytest.mark.parametrize(
    "split", ["valid", "test", "test_long", "test_dense", "test_compose", "test_agree", "fewshot"]
)
def test_the_builtin_corpus_has_all_its_splits(split):
    pairs = load_split(config("builtin"), 1, split)
    assert len(pairs) == 1000
    assert all(pair.alignment and pair.tags for pair in pairs)


@pytest.mark.parametrize(
    "name", ["../../x", "/etc/x", "", ".", "..", ".hidden", "a/b", "a\\b", "train", "all", "x" * 61]
)
def test_a_split_s_name_cannot_leave_the_folder(name):
    odd = config(train="x.tsv", more_splits={name: "y.tsv"})
    with pytest.raises(UsageError, match="cannot be a split's name, which names files"):
        load_split(odd, 1, name)


@pytest.mark.parametrize("name", ["test_2016.flickr", "données-2", "7"])
def test_names_of_splits(tmp_path, name):
    (tmp_path / "x.tsv").write_text("Go.\tVa !\n")
    named = config(root=str(tmp_path), train="x.tsv", more_splits={name: "x.tsv"})
    assert len(load_split(named, 1, name)) == 1
