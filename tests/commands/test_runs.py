"""`attnlab runs`: the table of runs, chosen and sorted; runs renamed and removed."""

import csv
import io
import json
import shutil
import signal

import pytest

from tests.refusals import assert_refused
from tests.runs import attnlab, tiny
from tests.warm import Attnlab, end_all, eventually


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """runs/: two finished runs, one that diverged, and one that cannot be read."""
    folder = tmp_path_factory.mktemp("runs-command")
    for seed in (1, 2):
        result = attnlab(*tiny("rnn", f"seed={seed}", f"name=s{seed}"), folder=folder)
        assert result.code == 0, result.errors
    result = attnlab(
        *tiny("transformer", "name=diverged", "optimiser.learning_rate=1e30"),
        folder=folder,
    )
    assert result.code == 1, result.errors
    old = folder / "runs" / "old" / "run"
    old.mkdir(parents=True)
    (old / "config.yaml").write_text("format: 3\nname: old\n")
    return folder


@pytest.fixture
def copy(folder, tmp_path):
    shutil.copytree(folder / "runs", tmp_path / "runs")
    return tmp_path


def test_the_table_has_every_run_with_its_state(folder):
    shown = attnlab("runs", folder=folder)
    assert shown.code == 0
    lines = shown.output.splitlines()
    assert lines[0].split()[:5] == ["run", "model", "score", "data", "seed"]
    states = {line.split()[0].split("/")[0]: line.split()[-1] for line in lines[1:5]}
    assert states == {
        "s1": "finished",
        "s2": "finished",
        "diverged": "failed",
        "old": "unreadable",
    }
    assert "written in run format 3" in shown.output
    assert "learning_rate" in shown.output  # what the failed one's message asks to lower
    assert "4 of 4 runs: 2 finished, 1 failed, 1 unreadable" in shown.errors


def test_runs_are_chosen_by_any_setting_and_sorted(folder):
    columns = ["--columns", "run,seed,optimiser.learning_rate,loss,state"]
    printed = attnlab("runs", "--csv", *columns, "--sort", "-seed", folder=folder)
    rows = list(csv.DictReader(io.StringIO(printed.output)))
    assert [row["seed"] for row in rows] == ["2", "1", "1", ""]
    assert float(rows[0]["loss"]) > 0
    for filters, names in (
        (["seed=2"], {"s2"}),
        (["seed=1,2", "state=finished"], {"s1", "s2"}),
        (["optimiser.learning_rate=1e30"], {"diverged"}),
        (["name=s?"], {"s1", "s2"}),
        (["model=rnn", "run=*1/*"], {"s1"}),
        (["seed=7"], set()),
    ):
        arguments = [word for each in filters for word in ("--filter", each)]
        found = json.loads(attnlab("runs", "--json", *arguments, folder=folder).output or "[]")
        assert {each["run"].split("/")[0] for each in found} == names, filters


@pytest.mark.parametrize(
    ("arguments", "code", "message"),
    [
        (["nowhere"], 1, "there are no runs here"),
        (["--filter", "seed"], 2, "write KEY=VALUE"),
        (["--filter", "optimiser.lerning_rate=1"], 2, "did you mean optimiser.learning_rate?"),
        (["--sort", "sed"], 2, "did you mean seed?"),
        (["--columns", "run,,seed"], 2, "there is no such column"),
        (["--json", "--csv"], 2, "exclude one another"),
        (["rename", "s1", "../s3"], 2, "must be the name of one folder"),
        (["rename", "s1", "a/b/c"], 2, "RUN or NAME/RUN"),
        (["rename", "nobody", "s3"], 1, "there is no run 'nobody'"),
        (["remove", "--yes", "s1"], 1, "name its folder, or NAME/RUN"),
    ],
)
def test_what_cannot_be_is_refused(folder, arguments, code, message, command, monkeypatch):
    monkeypatch.chdir(folder)
    before = sorted(folder.rglob("*"))
    assert_refused(command("runs", *arguments), code, message)
    assert sorted(folder.rglob("*")) == before


def test_a_renamed_run_is_found_and_resumed_there(copy):
    renamed = attnlab("runs", "rename", "s1", "lesson/first", folder=copy)
    assert renamed.output.strip() == "runs/lesson/first", renamed.errors
    assert [each.name for each in (copy / "runs").iterdir() if each.name == "s1"] == []
    resumed = attnlab("train", "--resume", "lesson", "max_updates=10", folder=copy)
    assert resumed.code == 0, resumed.errors
    (row,) = json.loads(attnlab("runs", "--json", "runs/lesson", folder=copy).output)
    assert (row["updates"], row["settings"]["name"]) == (10, "lesson")
    refused = attnlab("runs", "rename", "s2", "lesson/first", folder=copy)
    assert_refused(refused, 1, "is there already")


def test_runs_are_removed_only_when_it_is_said(copy):
    (run,) = (copy / "runs" / "s1").iterdir()
    name = f"s1/{run.name}"
    asked = attnlab("runs", "remove", name, folder=copy, given=b"n\n")
    assert asked.code == 1
    assert run.is_dir()
    assert attnlab("runs", "remove", "--yes", name, folder=copy).code == 0
    assert not run.parent.exists()
    assert (copy / "runs" / "s2").is_dir()


def test_a_run_that_trains_is_shown_so_and_stays(tmp_path):
    process = Attnlab(*tiny("rnn", "max_updates=100000", "name=long"), folder=tmp_path)
    try:
        assert eventually(lambda: list(tmp_path.glob("runs/long/*/metrics.jsonl")), process)
        (run,) = (tmp_path / "runs" / "long").iterdir()
        (row,) = json.loads(attnlab("runs", "--json", folder=tmp_path).output)
        assert row["state"] == "running"
        for command in (("rename", "long", "other"), ("remove", "--yes", f"long/{run.name}")):
            assert_refused(
                attnlab("runs", *command, folder=tmp_path), 1, "is training in this folder"
            )
        assert not process.ended
        process.send(signal.SIGINT)
        process.wait()
    finally:
        end_all()
    (row,) = json.loads(attnlab("runs", "--json", folder=tmp_path).output)
    assert row["state"] == "stopped"
