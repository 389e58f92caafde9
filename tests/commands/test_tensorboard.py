"""Runs as TensorBoard's own server shows them: the HPARAMS page, and curves of resumed runs."""

import math
import os
import signal

import pytest

from tests.boards import tensorboard
from tests.commands.test_killed_runs import metrics_of
from tests.runs import attnlab, tiny
from tests.warm import Attnlab, end_all, eventually

pytestmark = pytest.mark.skipif(os.name != "posix", reason="the signals are those of POSIX")


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """An rnn that is done, and a transformer that was ended by Ctrl-C, killed, and then resumed."""
    folder = tmp_path_factory.mktemp("board")
    quick = ("watch_sentences=0", "validate_metrics=[]", "stopping.metric=loss", "log_every=1")
    rnn = attnlab(*tiny("rnn", *quick, "validate_every=3", "name=rnn"), folder=folder)
    assert rnn.code == 0, rnn.errors
    endless = ("max_updates=100000", "validate_every=20", "checkpoint_every=7", "name=cut")
    process = Attnlab(*tiny("transformer", *quick, *endless), folder=folder)
    for number in (signal.SIGINT, signal.SIGKILL):
        updates = max((len(metrics_of(run)) for run in folder.glob("runs/cut/*")), default=0)
        assert eventually(
            lambda so_many=updates + 25: any(
                len(metrics_of(run)) > so_many for run in folder.glob("runs/cut/*")
            ),
            process,
        ), process.told()
        process.send(number)
        process.wait()
        process = Attnlab("train", "--resume", "cut", folder=folder)
    assert eventually(lambda: "going on from update" in process.told(), process), process.told()
    (run,) = folder.glob("runs/cut/*")
    metrics = len(metrics_of(run))
    assert eventually(lambda: len(metrics_of(run)) > metrics + 10, process)
    process.send(signal.SIGTERM)
    assert process.wait() == 143
    yield folder / "runs"
    end_all()


@pytest.mark.parametrize("fast", [False, True], ids=["python", "fast"])
def test_a_row_a_run_a_column_a_setting_and_the_values_of_the_best(fast, folder):
    runs = {path.parent.name: path for path in folder.glob("*/*")}
    with tensorboard(folder, fast=fast) as board:
        rows = {name.split("/")[0]: row for name, row in board.rows().items()}
        assert set(board.tags()) == {f"{path.parent.name}/{path.name}" for path in runs.values()}
        columns = {each["name"] for each in board.experiment()["hparamInfos"]}
        layout = board.ask("plugin/custom_scalars/layout")
        charts = {
            category["title"].partition(" (")[0]: {
                chart["title"]: chart["multiline"]["tag"] for chart in category["chart"]
            }
            for category in layout["category"]
        }
        drawn = {
            (name, title): sorted(
                tag
                for pattern in patterns
                for tag in board.ask(
                    "plugin/custom_scalars/scalars", run=f"{name}/{run.name}", tag=pattern
                )["tag_to_events"]
            )
            for name, run in runs.items()
            for title, patterns in [each for of in charts.values() for each in of.items()]
        }
        curves = {
            name: (
                board.scalars(f"{name}/{run.name}", "train/loss"),
                board.scalars(f"{name}/{run.name}", "valid/loss"),
            )
            for name, run in runs.items()
        }
    assert list(charts) == ["quality", "training", "attention entropy"]
    attentions = ["encoder.layer1.self", "decoder.layer2.cross"]
    assert set(attentions) < {*charts["attention entropy"]}, "those of the run that has some"
    for name in runs:
        assert drawn[name, "loss"] == ["train/loss", "valid/loss"]
        assert drawn[name, "learning rate"] == ["train/learning_rate"]
        assert drawn[name, "tokens per second"] == ["train/tokens_per_second"]
        assert len(drawn[name, "seconds of an update"]) == 3
        heads = [f"attention_entropy/decoder.layer2.cross.head{number}" for number in (1, 2, 3, 4)]
        assert drawn[name, "decoder.layer2.cross"] == (heads if name == "cut" else [])
    assert set(rows) == {"rnn", "cut"}
    assert {"model.embedding_size", "model.heads"} < columns
    assert rows["rnn"]["hparams"]["model.name"] == "rnn"
    assert rows["cut"]["hparams"]["model.heads"] == 4
    assert "model.heads" not in rows["rnn"]["hparams"]
    assert rows["rnn"]["sessions"][0]["status"] == "STATUS_SUCCESS"
    for name, run in runs.items():
        recorded = metrics_of(run)
        (best,) = [
            each["value"]
            for each in rows[name]["metricValues"]
            if each["name"]["tag"] == "best/loss"
        ]
        losses = [line["valid/loss"] for line in recorded if "valid/loss" in line]
        assert math.isclose(best, min(losses), rel_tol=1e-6)
        for tag, curve in zip(("train/loss", "valid/loss"), curves[name], strict=True):
            lines = [(line["update"], line[tag]) for line in recorded if tag in line]
            assert [step for step, _ in curve] == [update for update, _ in lines]
            assert [value for _, value in curve] == pytest.approx([value for _, value in lines])
        updates = [line["update"] for line in recorded if "train/loss" in line]
        assert updates == list(range(1, len(updates) + 1))
