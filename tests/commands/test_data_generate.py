"""attnlab data generate, as real processes."""

import signal
import subprocess
import sys
import time

import pytest

from attnlab.data.corpus import DataConfig, load_corpus
from tests.conftest import shipped_values
from tests.refusals import assert_refused
from tests.runs import attnlab, environment


def test_what_is_written_can_be_trained_on_and_is_the_same_again(tmp_path):
    options = ("--pairs", "300", "--held-out", "20", "--max-words", "30", "--seed", "7")
    first = attnlab("data", "generate", "out", *options, "--workers", "2", folder=tmp_path)
    assert first.code == 0, first.errors
    assert "attnlab train data.root=out" in first.errors
    written = {path.name: path.read_bytes() for path in (tmp_path / "out").iterdir()}
    assert sorted(written) == ["test.tsv", "train.tsv", "valid.tsv"]
    assert first.output.split() == ["out/test.tsv", "out/valid.tsv", "out/train.tsv"]

    again = attnlab("data", "generate", "again", *options, "--workers", "1", folder=tmp_path)
    assert again.code == 0, again.errors
    assert {p.name: p.read_bytes() for p in (tmp_path / "again").iterdir()} == written

    values = shipped_values("data", "builtin") | {"root": str(tmp_path / "out")}
    splits = load_corpus(DataConfig(**values), seed=1).splits
    assert {name: len(members) for name, members in splits.items()} == {
        "train": 300,
        "valid": 20,
        "test": 20,
    }
    sources = [pair.source for members in splits.values() for pair in members]
    assert len(set(sources)) == len(sources)
    assert all(pair.alignment and pair.tags for pair in splits["test"])


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (("--pairs", "5", "--max-words", "61"), "--max-words 61 must be from 8 to 60"),
        (("--pairs", "5", "--max-words", "3"), "--max-words 3 must be from 8 to 60"),
        (("--pairs", "0"), "Invalid value for '--pairs'"),
    ],
)
def test_what_cannot_be_made_is_refused(command, tmp_path, options, message):
    assert_refused(command("data", "generate", "out", *options), 2, message)
    assert not (tmp_path / "out").exists()


def test_files_that_are_there_are_kept_unless_told_otherwise(tmp_path):
    (tmp_path / "train.tsv").write_text("mine\tle mien\n")
    options = ("--pairs", "20", "--held-out", "0")
    refused = attnlab("data", "generate", ".", *options, folder=tmp_path)
    assert_refused(refused, 2, "train.tsv is there already")
    assert (tmp_path / "train.tsv").read_text() == "mine\tle mien\n"
    assert attnlab("data", "generate", ".", *options, "--replace", folder=tmp_path).code == 0
    assert len((tmp_path / "train.tsv").read_text().splitlines()) == 20
    assert [path.name for path in tmp_path.iterdir()] == ["train.tsv"]


def test_an_interruption_leaves_nothing_half_written(tmp_path):
    command = [sys.executable, "-m", "attnlab", "data", "generate", "out", "--pairs", "1000000"]
    process = subprocess.Popen(
        [*command, "--workers", "2"], cwd=tmp_path, env=environment(), stderr=subprocess.PIPE
    )
    for _ in range(600):
        if any(path.stat().st_size for path in tmp_path.glob("out/.new-*.tsv")):
            break
        time.sleep(0.1)
    process.send_signal(signal.SIGINT)
    _, errors = process.communicate(timeout=60)
    assert process.returncode == 130
    assert errors == b"", "no word of the workers either"
    assert list((tmp_path / "out").iterdir()) == []
