"""A tokenised corpus is what reading and encoding it whole gives; it is made once."""

import gzip
import logging
import os
import subprocess
import sys
import threading
from itertools import product
from pathlib import Path
from typing import Any

import pytest

from attnlab.data import token_cache
from attnlab.data.corpus import DataConfig, load_corpus
from attnlab.data.pairs import SentencePair
from attnlab.data.token_cache import TokenisedCorpus, tokenised_corpus
from attnlab.data.vocabulary import VocabularyPair, encode_pairs
from attnlab.data.vocabulary_config import VocabularyConfig
from attnlab.support.errors import AttnlabError, UsageError
from tests.conftest import shipped_values, vocabulary_config
from tests.runs import REPOSITORY

ANNOTATED = ["en", "fr", "alignment", "tags", "contrast", "focus"]


@pytest.fixture(autouse=True)
def cache(tmp_path, monkeypatch) -> Path:
    monkeypatch.setenv("ATTNLAB_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache" / "tokenised"


def data(**changes: Any) -> DataConfig:
    return DataConfig(**shipped_values("data", "bitext") | {"held_out_fraction": 0.1} | changes)


def vocabulary(name: str = "joint", **changes: Any) -> VocabularyConfig:
    return vocabulary_config(name, **{"size": 60} | changes)


def lines(count: int = 120) -> list[str]:
    """Rows with every column, versions of one source, odd spaces, and blanks."""
    adjectives, nouns = ("petit", "grand", "vieux", "beau"), ("chat", "chien", "cœur", "été", "mot")
    made = []
    for number, (adjective, noun) in zip(
        range(count), list(product(adjectives, nouns)) * count, strict=False
    ):
        long = " et encore" * (number % 9)
        notes = f"0-0 1-1\ttag, other\tLe  {noun}\t{noun}" if number % 3 else "\t\t\t"
        made.append(f"the \u2019{noun}  {number // 2}\tLe {adjective} {noun}{long} !\t{notes}")
        if number % 25 == 7:
            made += ["", f"\tLe {noun}\t\t\t\t"]
    return made


@pytest.fixture
def corpus_file(tmp_path) -> Path:
    path = tmp_path / "corpus.tsv"
    path.write_text("\n".join(lines()) + "\n", encoding="utf-8")
    return path


def as_before(config: DataConfig, seed: int, settings: VocabularyConfig) -> Any:
    corpus = load_corpus(config, seed)
    learnt = VocabularyPair.train(corpus.splits["train"], settings)
    texts = [(pair.source, pair.target) for pair in corpus.splits["train"]]
    pairs = [(pair.source, pair.target) for pair in encode_pairs(learnt, texts)]
    models = learnt.source.model, learnt.target.model
    return models, pairs, validated(corpus.splits.get("valid", [])), corpus.reports


def validated(pairs: list[SentencePair]) -> Any:
    return pairs, [pair.reference for pair in pairs]  # which equality does not look at


def of(found: TokenisedCorpus) -> Any:
    pairs = list(zip(found.train.source, found.train.target, strict=True))
    models = found.vocabulary.source.model, found.vocabulary.target.model
    return models, pairs, validated(found.valid), found.reports


CHANGES: dict[str, dict[str, Any]] = {
    "plain": {},
    "swapped": {"source_language": "fr", "target_language": "en"},
    "short": {"max_words": 9},
    "first": {"max_pairs": 50, "max_words": 14},
    "none held out": {"held_out_fraction": 0.0},
    "the last held out": {"held_out": "last", "max_pairs": 70, "max_words": 14},
    "a valid file": {"valid": "valid.tsv"},
    "both files": {"valid": "valid.tsv", "test": "valid.tsv"},
}


@pytest.mark.parametrize("workers", [1, 2])
@pytest.mark.parametrize("changes", CHANGES.values(), ids=CHANGES)
def test_it_is_what_reading_and_encoding_whole_gives(
    changes, workers, corpus_file, tmp_path, monkeypatch
):
    """Made, found again, and given a vocabulary instead of learning one."""
    if workers > 1:
        monkeypatch.setattr(token_cache, "usable_cores", lambda: workers)
        monkeypatch.setattr(token_cache, "_ALONE_BYTES", 0)
        monkeypatch.setattr(token_cache, "_ALONE_PAIRS", 0)
        monkeypatch.setattr(token_cache, "_BLOCK_PAIRS", 17)
    (tmp_path / "valid.tsv").write_text("Go!\tVa !\t0-0\tshort\n" * 3)
    config = data(root=str(tmp_path), train="corpus.tsv", columns=ANNOTATED, **changes)
    settings = vocabulary("separate" if "valid" in changes else "joint")
    expected = as_before(config, 3, settings)
    made = tokenised_corpus(config, 3, settings)
    assert of(made) == expected
    assert of(tokenised_corpus(config, 3, settings)) == expected
    assert of(tokenised_corpus(config, 3, made.vocabulary)) == expected


def test_two_files_packed_or_not_are_one_corpus(tmp_path):
    rows = [line.split("\t")[:2] for line in lines() if line]
    for side, language in enumerate(("en", "fr")):
        text = "".join(f"{row[side]}\r\n" for row in rows).encode()
        (tmp_path / f"plain.{language}").write_bytes(text)
        (tmp_path / f"packed.{language}.gz").write_bytes(gzip.compress(text))
    for name in ("plain", "packed"):
        config = data(root=str(tmp_path), train=name)
        found = tokenised_corpus(config, 1, vocabulary())
        assert of(found) == as_before(config, 1, vocabulary())


def kinds(cache: Path) -> list[str]:
    return sorted(path.name.partition("-")[0] for path in cache.iterdir() if path.is_dir())


def test_it_is_made_once_wherever_the_file_lies(corpus_file, cache, tmp_path):
    tokenised_corpus(data(train=str(corpus_file)), 1, vocabulary())
    assert kinds(cache) == ["ids", "texts", "vocabulary"]
    written = {path: path.stat().st_mtime_ns for path in cache.glob("*/[!m]*")}
    os.utime(corpus_file, (1, 1))
    corpus_file.rename(tmp_path / "moved.tsv")
    found = tokenised_corpus(data(train=str(tmp_path / "moved.tsv")), 1, vocabulary())
    assert found.reports["train"].paths == (str(tmp_path / "moved.tsv"),)
    assert {path: path.stat().st_mtime_ns for path in cache.glob("*/[!m]*")} == written


def test_a_change_of_the_same_size_and_time_is_seen(corpus_file):
    config = data(train=str(corpus_file), held_out_fraction=0.0)
    tokenised_corpus(config, 1, vocabulary())
    times = corpus_file.stat().st_atime_ns, corpus_file.stat().st_mtime_ns
    corpus_file.write_text(corpus_file.read_text().replace("vieux", "vivre"))
    os.utime(corpus_file, ns=times)
    found = tokenised_corpus(config, 1, vocabulary())
    assert of(found) == as_before(config, 1, vocabulary())


def test_only_what_changes_is_made_anew(corpus_file, cache):
    config = data(train=str(corpus_file), valid=str(corpus_file), test=str(corpus_file))
    tokenised_corpus(config, 1, vocabulary())
    tokenised_corpus(config, 2, vocabulary())
    assert len(kinds(cache)) == 3, "the seed decides nothing here"
    tokenised_corpus(config, 1, vocabulary(size=70))
    assert kinds(cache) == ["ids", "ids", "texts", "vocabulary", "vocabulary"]
    config.held_out_fraction, config.test = 0.1, None
    tokenised_corpus(config, 1, vocabulary())
    tokenised_corpus(config, 2, vocabulary())
    assert kinds(cache).count("texts") == 3


def test_a_small_vocabulary_is_a_warning_each_time(corpus_file, caplog):
    for _ in range(2):
        caplog.clear()
        tokenised_corpus(data(train=str(corpus_file)), 1, vocabulary(size=4000))
        (warning,) = [record for record in caplog.records if record.levelno == logging.WARNING]
        assert "not the 4000 of vocabulary.size" in warning.getMessage()


def test_a_damaged_part_is_made_anew(corpus_file, cache):
    config = data(train=str(corpus_file))
    expected = of(tokenised_corpus(config, 1, vocabulary()))
    for path in sorted(cache.glob("*/*")):
        os.truncate(path, path.stat().st_size // 2)
        assert of(tokenised_corpus(config, 1, vocabulary())) == expected, path


def test_processes_that_start_together_find_the_same(corpus_file, cache):
    program = (
        "import sys, yaml\n"
        "from attnlab.data.corpus import DataConfig\n"
        "from attnlab.data.token_cache import tokenised_corpus\n"
        "from tests.conftest import vocabulary_config\n"
        "data = yaml.safe_load(open(sys.argv[2]))\n"
        "found = tokenised_corpus(DataConfig(**data | {'train': sys.argv[1]}), 1,\n"
        "                         vocabulary_config(size=60))\n"
        "print(list(found.train.source), list(found.train.target))\n"
    )
    shipped = REPOSITORY / "configs" / "data" / "bitext.yaml"
    command = [sys.executable, "-c", program, str(corpus_file), str(shipped)]
    environment = os.environ | {"PYTHONPATH": str(REPOSITORY)}
    processes = [
        subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, text=True)
        for _ in range(2)
    ]
    outputs = {process.communicate(timeout=120)[0] for process in processes}
    assert [process.returncode for process in processes] == [0, 0]
    assert len(outputs) == 1
    assert kinds(cache) == ["ids", "texts", "vocabulary"]
    (output,) = outputs
    assert len(output) > 1000


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="there are no named pipes here")
def test_a_pipe_is_read_once_and_not_stored(corpus_file, tmp_path, cache):
    os.mkfifo(tmp_path / "pipe.tsv")
    feeding = threading.Thread(
        target=lambda: (tmp_path / "pipe.tsv").write_bytes(corpus_file.read_bytes())
    )
    feeding.start()
    found = tokenised_corpus(data(train=str(tmp_path / "pipe.tsv")), 1, vocabulary())
    feeding.join()
    assert of(found)[:3] == as_before(data(train=str(corpus_file)), 1, vocabulary())[:3]
    assert not cache.exists()


@pytest.mark.parametrize(
    ("row", "settings", "message"),
    [
        (b"Go!", {}, r"corpus\.tsv:131: expected 2 or more tab-separated fields, found 1$"),
        (b"Go!\tV\xe9", {}, r"corpus\.tsv:131: byte 6 \(0xe9\) is not UTF-8"),
        (b"", {"max_words": 1}, r"every training pair has more than 1 words; raise data\.max_wo"),
        (b"", {"held_out_fraction": 0.499, "max_pairs": 2}, r"2 distinct source .* too few"),
    ],
)
def test_refusals_are_those_of_reading_whole_and_nothing_is_stored(
    row, settings, message, corpus_file, cache
):
    corpus_file.write_bytes(corpus_file.read_bytes() + row + b"\n")
    config = data(train=str(corpus_file), **settings)
    for _ in range(2):
        with pytest.raises(AttnlabError, match=message):
            load_corpus(config, 1)
        with pytest.raises(AttnlabError, match=message):
            tokenised_corpus(config, 1, vocabulary())
    assert kinds(cache) == []


def test_settings_are_refused_before_anything_is_read():
    with pytest.raises(UsageError, match="alignment_tokens=x"):
        tokenised_corpus(data(train="absent", alignment_tokens="x"), 1, vocabulary())
    with pytest.raises(AttnlabError, match=r"no corpus .*absent"):
        tokenised_corpus(data(train="absent", valid="absent too"), 1, vocabulary())


def test_a_file_that_grows_while_it_is_read_is_refused(corpus_file, monkeypatch):
    write = token_cache._write_texts

    def growing(*arguments: Any) -> None:
        write(*arguments)
        with corpus_file.open("a") as file:
            file.write("Go!\tVa !\n")

    monkeypatch.setattr(token_cache, "_write_texts", growing)
    with pytest.raises(AttnlabError, match=r"corpus\.tsv: changed while it was read"):
        tokenised_corpus(data(train=str(corpus_file)), 1, vocabulary())
