"""attnlab heads as a process: its tables, its files, and what it refuses."""

import csv
import json
import os
import signal

import pytest

from attnlab.run.folder import find_run
from tests.refusals import assert_refused
from tests.runs import attnlab, tiny
from tests.warm import Attnlab, end_all, eventually

SIZES = {"transformer": ("model.heads=2", "model.encoder_layers=1"), "bahdanau": (), "rnn": ()}


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """Where a run of every model is, hardly trained."""
    folder = tmp_path_factory.mktemp("heads-command")
    for model, sizes in SIZES.items():
        done = attnlab(*tiny(model, f"name={model}", *sizes), folder=folder)
        assert done.code == 0, done.errors
    return folder


@pytest.mark.parametrize(
    ("model", "heads"),
    [
        (
            "transformer",
            ["encoder self-attention 1.1", "decoder self-attention 2.2", "cross-attention 1.2"],
        ),
        ("bahdanau", ["cross-attention 1.1"]),
    ],
)
def test_tables_figure_and_csv(folder, model, heads):
    found = attnlab(
        "heads", model, "--ablate", "-n", "3", "-f", "svg", "search=greedy", folder=folder
    )
    assert found.code == 0, found.errors
    *_, figure, table = found.output.splitlines()
    run = find_run(model, str(folder / "runs"))
    assert (folder / figure, folder / table) == (
        run / "plots" / "heads.svg",
        run / "plots" / "heads.csv",
    )
    assert (folder / figure).read_text(encoding="utf-8").startswith("<?xml")
    with (folder / table).open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    assert len(rows) == (10 if model == "transformer" else 1)
    lines = found.output.splitlines()
    start = next(n for n, line in enumerate(lines) if line.startswith("without  "))
    for head in heads:
        assert sum(line.startswith(head) for line in lines[start + 2 :]) == 1
    assert "without each of" in found.errors


def test_json_alone_is_on_standard_output(folder):
    found = attnlab("heads", "transformer", "-n", "5", "--json", "-o", "here", folder=folder)
    assert found.code == 0, found.errors
    told = json.loads(found.output)
    assert (told["split"], told["sentences"], len(told["heads"])) == ("test", 5, 10)
    assert told["files"] == ["here/heads.png", "here/heads.csv"]
    cross = [each for each in told["heads"] if each["kind"] == "cross"]
    assert all(set(each["alignment_error_rate"]) == {"predicts", "reads"} for each in cross)
    assert "previous" not in cross[0]
    assert told["uniform"]["encoder"]["entropy"] == pytest.approx(1.0)


@pytest.mark.parametrize("model", ["bahdanau", "transformer"])
def test_faithfulness(folder, model):
    options = ["--faithfulness", "--count", "12", "--json", "search.max_length_factor=0.5"]
    asked = attnlab("heads", model, *options, folder=folder)
    assert asked.code == 0, asked.errors
    found = json.loads(asked.output)
    assert found["sentences"] == 12
    baselines = [each["baseline"] for each in found["agreement"] if "baseline" in each]
    assert sorted(baselines) == ["gold links", "permuted weights"]
    assert all(each["uniform"]["total_variation"] >= 0 for each in found["replaced"])


def test_what_cannot_be_done_is_refused(folder):
    plain = attnlab("heads", "rnn", folder=folder)
    assert_refused(plain, 1, "model=rnn has no attention to measure; train model=bahdanau")
    unsorted = attnlab("heads", "bahdanau", "--sort", "size", folder=folder)
    assert_refused(unsorted, 2, "--sort size is none of: layer, AER, acc, entropy")
    assert unsorted.output == ""


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--faithfulness", "--ablate"], "--ablate and --faithfulness exclude one another"),
        (["--faithfulness", "-o", "x.png"], "--output and --faithfulness exclude one another"),
        (["--bleu"], "--bleu goes with --faithfulness"),
    ],
)
def test_options_that_do_not_go_together(options, message, command):
    refused = command("heads", *options)
    assert refused[1] == ""
    assert_refused(refused, 2, message)


@pytest.mark.skipif(os.name != "posix", reason="the signals are those of POSIX")
def test_an_interruption_keeps_what_there_is(folder):
    more = ["heads", "transformer", "--ablate", "-n", "40", "-o", "cut.png", "search=greedy"]
    process = Attnlab(*more, folder=folder)
    try:
        assert eventually(lambda: "without each of 10 heads" in process.told(), process)
        process.send(signal.SIGINT)
        assert process.wait() == 130
    finally:
        end_all()
    assert "stopped after 1 of 10 heads; what was measured is in cut.png" in process.told()
    with (folder / "cut.csv").open(encoding="utf-8", newline="") as file:
        measured = [row["ablation_loss"] != "" for row in csv.DictReader(file)]
    assert measured == [True] + [False] * 9
