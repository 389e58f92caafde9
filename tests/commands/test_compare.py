"""`attnlab compare`: scores of runs side by side, and what may not be compared."""

import csv
import io
import json
import re
import shutil

import pytest
from sacrebleu import corpus_bleu

from tests.refusals import assert_refused
from tests.runs import attnlab, tiny

SEARCH = "search=greedy"


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """Two seeds of two models, and a plain file of 40 test pairs that all are scored on."""
    folder = tmp_path_factory.mktemp("compare")
    rows = [f"The cat number {at} sleeps.\tLe chat numéro {at} dort." for at in range(40)]
    (folder / "pairs.tsv").write_text("".join(f"{row}\n" for row in rows))
    for model in ("rnn", "bahdanau"):
        for seed in (1, 2):
            result = attnlab(
                *tiny(model, f"seed={seed}", "name=models", *corpus("pairs.tsv")), folder=folder
            )
            assert result.code == 0, result.errors
    return folder


def corpus(test):
    return ["data=bitext", "data.train=pairs.tsv", "data.valid=pairs.tsv", f"data.test={test}"]


def compared(folder, *arguments):
    found = attnlab("compare", *arguments, SEARCH, folder=folder, timeout=300)
    assert found.code == 0, found.errors
    return found


def test_seeds_are_folded_and_scores_are_sacrebleus(folder):
    found = json.loads(compared(folder, "models", "-f", "json").output)
    assert [row["settings"]["model"] for row in found["rows"]] == ["rnn", "bahdanau"]
    for row in found["rows"]:
        assert [run["seed"] for run in row["runs"]] == [1, 2]
        (figure,) = row["figures"]
        for run, score in zip(row["runs"], figure["scores"], strict=True):
            texts = folder / run["run"] / "translations"
            hypotheses, references = (
                (texts / f"test.{kind}").read_text().splitlines()
                for kind in ("hypothesis", "reference")
            )
            assert score == pytest.approx(corpus_bleu(hypotheses, [references]).score)
        assert figure["mean"] == pytest.approx(sum(figure["scores"]) / 2)
    again = compared(folder, "models", "-f", "json")
    assert "evaluating" not in again.errors, "what eval left is read"
    assert json.loads(again.output) == found


def test_a_choices_own_settings_tell_rows_apart_where_the_choice_does_not(folder, tmp_path):
    """Two rnn of other dropout are two rows, beside bahdanau, which differs from them by name."""
    shutil.copytree(folder, tmp_path, dirs_exist_ok=True)
    config = min((tmp_path / "runs" / "models").glob("*/config.yaml"))
    text = config.read_text()
    assert "name: rnn" in text
    config.write_text(re.sub(r"^  dropout: .*$", "  dropout: 0.45", text, count=1, flags=re.M))
    found = json.loads(compared(tmp_path, "models", "-f", "json").output)
    rows = {
        (row["settings"]["model"], row["settings"]["model.dropout"] == 0.45): len(row["runs"])
        for row in found["rows"]
    }
    assert rows == {("rnn", True): 1, ("rnn", False): 1, ("bahdanau", False): 2}


def test_scores_are_by_one_tokeniser_whatever_eval_was_given(folder, tmp_path):
    """What is stored by another one is scored anew from its texts."""
    shutil.copytree(folder, tmp_path, dirs_exist_ok=True)
    run = min((tmp_path / "runs" / "models").glob("*/config.yaml")).parent
    arguments = (f"models/{run.name}", "--bleu", SEARCH, "bleu_tokeniser=char")
    assert attnlab("eval", *arguments, folder=tmp_path).code == 0
    assert "tok:char" in (run / "scores" / "test.json").read_text()
    for tokeniser, more in (("13a", ()), ("char", ("bleu_tokeniser=char",))):
        result = compared(tmp_path, "models", "-f", "json", *more)
        figures = [row["figures"][0] for row in json.loads(result.output)["rows"]]
        assert all(f"|tok:{tokeniser}|" in each["signature"] for each in figures)
        hypotheses, references = (
            (run / "translations" / f"test.{kind}").read_text().splitlines()
            for kind in ("hypothesis", "reference")
        )
        expected = corpus_bleu(hypotheses, [references], tokenize=tokeniser).score
        assert figures[0]["scores"][0] == pytest.approx(expected)
        difference = figures[1]["mean"] - figures[0]["mean"]
        assert figures[1]["low"] - 1e-9 <= difference <= figures[1]["high"] + 1e-9


def test_tables_of_every_format_have_the_same_rows(folder):
    arguments = ["models", "--group-by", "model", "--baseline", "model=bahdanau"]
    text = compared(folder, *arguments, "--metric", "chrf", "--metric", "bleu").output
    assert "chrF2 of test" in text
    assert "baseline: model=bahdanau" in text
    assert "p runs: test over runs" in text
    markdown = compared(folder, *arguments, "-f", "markdown").output
    head, rule, *rows = [line for line in markdown.splitlines() if line.startswith("|")]
    assert head.count("|") == rule.count("|") == rows[0].count("|")
    assert [row.split("|")[1].strip() for row in rows] == ["bahdanau", "rnn"]
    latex = compared(folder, *arguments, "-f", "latex").output
    assert re.search(r"\\toprule\nmodel & runs & BLEU .*\\\\\n\\midrule\nbahdanau & 2 & ", latex)
    assert "$\\pm$" in latex
    assert "%" not in re.sub(r"\\%|(?m:^%.*$)", "", latex), "a comment would hide the rest"
    rows = list(csv.DictReader(io.StringIO(compared(folder, *arguments, "-f", "csv").output)))
    assert [row["model"] for row in rows] == ["bahdanau", "rnn"]
    assert rows[0]["difference"] == ""
    assert 0 < float(rows[1]["p_exchange"]) <= 1


def test_runs_of_one_setting_are_rows_of_their_own(folder):
    runs = sorted(
        path.parent
        for path in (folder / "runs" / "models").glob("*/config.yaml")
        if "name: rnn" in path.read_text()
    )
    assert len(runs) == 2
    found = json.loads(compared(folder, *map(str, runs), "-f", "json").output)
    assert [row["settings"] for row in found["rows"]] == [{"seed": 1}, {"seed": 2}]
    assert found["rows"][1]["figures"][0]["p_runs"] is None


def test_what_cannot_be_compared_is_refused_by_name(folder, tmp_path):
    shutil.copytree(folder, tmp_path, dirs_exist_ok=True)
    (tmp_path / "empty").mkdir()
    (tmp_path / "other.tsv").write_text("A dog.\tUn chien.\nA cat.\tUn chat.\n")
    other = attnlab(*tiny("rnn", "name=other", *corpus("other.tsv")), folder=tmp_path)
    assert other.code == 0, other.errors
    refused = attnlab("compare", "models", "other", SEARCH, folder=tmp_path, timeout=300)
    assert_refused(refused, 1, "different references of split test", "other/")
    for arguments, code, message in (
        ([], 2, "name the runs to compare"),
        (["models", "--metric", "blue"], 2, "--metric=blue is none of: bleu"),
        (["other"], 2, "takes two runs or more"),
        (["empty"], 1, "empty: there are no runs"),
        (["models", "nobody"], 1, "there is no run 'nobody'"),
        (["models", "--group-by", "modle"], 2, "no run has such a setting"),
        (["models", "--baseline", "model=gru"], 2, "there are: model=rnn; model=bahdanau"),
    ):
        refused = attnlab("compare", *arguments, SEARCH, folder=tmp_path, timeout=300)
        assert_refused(refused, code, message)


def test_a_run_that_cannot_be_scored_is_named_and_left_out(folder, tmp_path):
    shutil.copytree(folder, tmp_path, dirs_exist_ok=True)
    first = min((tmp_path / "runs" / "models").iterdir())
    (first / "config.yaml").write_text("format: 3\n")
    (tmp_path / "empty").mkdir()
    found = compared(tmp_path, "models", "empty", "-f", "json")
    assert "left out: empty: there are no runs here" in found.errors
    assert f"left out: {first}" in " ".join(found.errors.split())
    assert [len(row["runs"]) for row in json.loads(found.output)["rows"]] == [1, 2]
