"""`attnlab data describe` as a process: what it prints, where, and how it refuses."""

import json
import sys

import pytest

from attnlab.__main__ import main
from tests.refusals import assert_refused
from tests.runs import attnlab

describe = ("data", "describe")


@pytest.fixture
def folder(tmp_path):
    pairs = "".join(f"{i} birds fly\t{i} oiseaux volent\n" for i in range(1, 61))
    (tmp_path / "my pairs.tsv").write_text(pairs + "1 birds fly\t1 oiseaux volent\n")
    (tmp_path / "corpus.en").write_text("The cat sleeps.\nGo!\n" * 30)
    (tmp_path / "corpus.fr").write_text("Le chat dort.\nVa\u202f!\n" * 30)
    return tmp_path


def test_the_builtin_corpus_piped(folder):
    result = attnlab(*describe, folder=folder)
    assert result.code == 0, result.errors
    assert result.output.startswith("builtin  en → fr")
    assert "\x1b" not in result.output
    assert max(map(len, result.output.splitlines())) <= 80
    assert result.errors == ""


def test_a_file_as_json(folder):
    result = attnlab(*describe, "my pairs.tsv", "--json", "seed=3", folder=folder)
    assert result.code == 0, result.errors
    values = json.loads(result.output)
    assert (values["name"], values["seed"]) == ("bitext", 3)
    assert values["files"]["train"]["paths"] == ["my pairs.tsv"]
    assert sum(split["pairs"] for split in values["splits"].values()) == 61
    assert values["held_out"] == ["valid", "test"]
    assert "copies" in [finding["kind"] for finding in values["findings"]]


@pytest.fixture
def command(capfd, monkeypatch, folder):
    """Run a command line in this process: (code, output, errors)."""
    monkeypatch.chdir(folder)

    def run(*arguments):
        monkeypatch.setattr(sys, "argv", ["attnlab", *describe, *arguments])
        with pytest.raises(SystemExit) as ended:
            main()
        captured = capfd.readouterr()
        return ended.value.code, captured.out, captured.err

    return run


def test_a_pair_of_files_and_one_split_of_it(command):
    arguments = ("--split", "train", "--examples", "2", "data.held_out_fraction=0")
    code, output, errors = command("corpus", *arguments)
    assert code == 0, errors
    assert "corpus.en, corpus.fr" in output
    assert "58 pairs repeat an earlier one" in output
    assert "Most frequent words" in output


def test_a_name_is_short_for_an_override(command):
    arguments = ("experiment=tiny", "--split", "valid", "-n", "0", "--json")
    short = command("builtin", *arguments)
    assert json.loads(short[1])["splits"]["valid"]["pairs"] == 1_000
    assert short == command("data=builtin", *arguments)


@pytest.mark.parametrize(
    ("arguments", "code", "message"),
    [
        (["multi31k"], 2, "'multi31k', nor such a file; name a file, or one of: bitext, builtin,"),
        (["nowhere.tsv"], 2, "there is no corpus 'nowhere.tsv', nor such a file"),
        (["builtin", "data=tatoeba"], 2, "builtin and data=tatoeba name more than one corpus"),
        (["data=bitext"], 2, "data.train"),
        (["data=bitext", "data.train=no.tsv"], 1, "no.tsv"),
        (["builtin", "--split", "dev"], 2, "no split 'dev' in data=builtin; it has: train, valid"),
        (["corpus.en", "data.target_language=de"], 1, "corpus.de"),
        ([".."], 1, "is a folder, not a file"),
    ],
)
def test_refusals(command, arguments, code, message):
    refused = command(*arguments)
    assert_refused(refused, code, message)
    assert refused[1] == "", "nothing on standard output"
