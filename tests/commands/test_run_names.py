"""A run's folder: its own name, made at the last moment, and never another run's."""

import json
import multiprocessing
import re
import shlex
from pathlib import Path

import pytest
import yaml

from attnlab import launch
from attnlab.jobs import job as jobs
from attnlab.support.errors import AttnlabError, UsageError
from attnlab.support.folders import new_folder
from tests.refusals import assert_refused
from tests.runs import attnlab, tiny
from tests.warm import Attnlab

AT_ONE_SECOND = (
    "import attnlab.jobs.job; attnlab.jobs.job.time_stamp = lambda: '2026-01-31_12-00-00'"
)
BROKEN = (
    "import attnlab.trainer.train as train\n"
    "def fail(*_, **__): raise RuntimeError('nobody foresaw this')\n"
    "train.Training = fail"
)


def test_two_trainings_in_one_second_and_a_name_that_needs_quotes(tmp_path):
    arguments = tiny("rnn", "max_updates=2", "validate_every=2", "name=a=b it's")
    pair = [
        Attnlab(
            *arguments,
            folder=tmp_path,
            preparation=AT_ONE_SECOND,
            output=tmp_path / f"out-{number}",
            errors=tmp_path / f"err-{number}",
        )
        for number in (1, 2)
    ]
    for number, process in enumerate(pair, start=1):
        assert process.wait() == 0, (tmp_path / f"err-{number}").read_text()
    folders = {(tmp_path / f"out-{number}").read_text().strip() for number in (1, 2)}
    stem = "runs/a=b it's/2026-01-31_12-00-00"
    assert folders == {stem, f"{stem}-2"}
    assert all((tmp_path / folder / "checkpoints" / "last").is_dir() for folder in folders)
    told = (tmp_path / "err-1").read_text().splitlines()
    [line] = [line.strip() for line in told if line.strip().startswith("attnlab translate")]
    typed = attnlab(*shlex.split(line)[1:], "search=greedy", folder=tmp_path, given=b"Go.\n")
    assert typed.code == 0, typed.errors
    latest = attnlab("translate", "a=b it's", "search=greedy", folder=tmp_path, given=b"Go.\n")
    assert latest.code == 0, latest.errors
    assert "run: 'runs/a=b it'\"'\"'s/2026-01-31_12-00-00" in latest.errors


def test_a_sweep_goes_on_after_a_failure_and_says_what_failed(tmp_path):
    result = attnlab(*tiny("rnn", "max_updates=2", "vocabulary.size=20,300", "-m"), folder=tmp_path)
    assert_refused(result, 1, "size-20 failed: ", "1 of the sweep's 2 jobs failed: size-20: ")
    assert result.errors.index("size-20 failed: ") < result.errors.index("trained 2 updates")
    [run] = (tmp_path / "runs" / "builtin-rnn-tiny").iterdir()
    assert run.name.endswith("_size-300")
    assert result.output.splitlines() == [str(run.relative_to(tmp_path))]
    [sweep] = (tmp_path / "runs" / "multirun").iterdir()
    ends = [json.loads(line) for line in (sweep / "jobs.jsonl").read_text().splitlines()]
    assert [(each["job"], each["exit_code"]) for each in ends] == [("size-20", 1), ("size-300", 0)]


@pytest.mark.parametrize("existing", [False, True])
def test_a_failure_that_nobody_foresaw_leaves_no_folder(tmp_path, existing):
    if existing:
        (tmp_path / "runs").mkdir()
    streams = {"output": tmp_path / "out", "errors": tmp_path / "err"}
    process = Attnlab(*tiny("rnn"), folder=tmp_path, preparation=BROKEN, **streams)
    assert process.wait() == 1
    assert "RuntimeError: nobody foresaw this" in streams["errors"].read_text()
    assert (tmp_path / "runs").exists() == existing
    assert not list(tmp_path.glob("runs/*"))


@pytest.mark.parametrize("override", ["name=../empty", "hydra.run.dir=empty", "runs_root=empty"])
def test_a_refusal_deletes_nothing_that_was_there(command, tmp_path, override):
    (tmp_path / "empty").mkdir()
    refused = command("train", "experiment=tiny", "vocabulary.size=20", override)
    message = "must be the name of one folder" if "name" in override else "set vocabulary.size="
    assert_refused(refused, 2 if "name" in override else 1, message)
    assert list((tmp_path / "empty").iterdir()) == []
    assert [path.name for path in tmp_path.iterdir()] == ["empty"]


def _claim(root, amount, results):
    for _ in range(amount):
        with new_folder(root / "made" / "same") as new:
            new.keep()
            results.put(new.path.name)


def test_processes_never_share_a_folder(tmp_path):
    context = multiprocessing.get_context("fork")
    results = context.Queue()
    crowd = [context.Process(target=_claim, args=(tmp_path, 25, results)) for _ in range(4)]
    for process in crowd:
        process.start()
    names = [results.get(timeout=60) for _ in range(100)]
    for process in crowd:
        process.join()
    assert set(names) == {"same", *(f"same-{number}" for number in range(2, 101))}


def test_a_folder_is_removed_with_the_parents_it_brought(tmp_path):
    (tmp_path / "there" / "mine").mkdir(parents=True)
    (tmp_path / "there" / "mine" / "file").write_text("kept")
    with new_folder(tmp_path / "there" / "a" / "b") as new:
        (new.path / "inside").mkdir()
    with new_folder(tmp_path / "there" / "mine", exact=True) as new:
        (new.path / "more").write_text("not kept")
    assert sorted(tmp_path.rglob("*")) == [
        tmp_path / "there",
        tmp_path / "there" / "mine",
        tmp_path / "there" / "mine" / "file",
    ]
    (tmp_path / "file").touch()
    with pytest.raises(AttnlabError, match="cannot be made"), new_folder(tmp_path / "file" / "x"):
        pass


def _label(config):
    _LABELS.append(jobs.job().label)


_LABELS: list[str] = []


@pytest.mark.parametrize(
    ("overrides", "expected"),
    [
        (["seed=1,2", "max_updates=3"], ["seed-1", "seed-2"]),
        (
            ["optimiser.learning_rate=0.1,1e-3", "model=rnn"],
            ["learning_rate-0.1", "learning_rate-0.001"],
        ),
        (["data.train=a/b.tsv,ü=ö.tsv", "data=bitext"], ["train-a-b.tsv", "train-ü-ö.tsv"]),
    ],
)
def test_jobs_of_a_sweep_are_named_by_what_differs(overrides, expected, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    _LABELS.clear()
    launch.run(_label, overrides, multirun=True)
    assert expected == _LABELS


@pytest.mark.parametrize(
    ("override", "message"),
    [
        ("hydra.searchpath=[pkg://sprung]", "name a folder of configs with --config-dir"),
        ("+hydra.searchpath=[pkg://sprung]", "name a folder of configs with --config-dir"),
        ("++hydra.sweeper.custom_search_space=sprung.it", "custom_search_space: names a function"),
    ],
)
@pytest.mark.parametrize("multirun", [False, True])
def test_an_override_imports_no_module(override, message, multirun, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(tmp_path)
    (tmp_path / "sprung.py").write_text("open('opened', 'w')")
    with pytest.raises(UsageError) as refusal:
        launch.run(_label, [override], multirun=multirun)
    assert message in str(refusal.value)
    with pytest.raises(UsageError, match=re.escape(message)):
        launch.compose(launch.TRAIN, [override])
    assert [path.name for path in tmp_path.iterdir()] == ["sprung.py"]


EVIL = {
    "_target_": "pathlib.Path.touch",
    "self": {"_target_": "pathlib.Path", "_args_": ["sprung"]},
}
LOGGING = {"version": 1, "root": {"handlers": []}, "formatters": {"x": {"()": "os.getcwd"}}}


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"hydra": {"callbacks": {"x": EVIL}}}, "hydra.callbacks.x._target_=pathlib.Path.touch"),
        ({"hydra": {"launcher": {"_target_": "os.getcwd"}}}, "hydra.launcher._target_=os.getcwd"),
        ({"hydra": {"sweeper": {"params": None, "sampler": EVIL}}}, "hydra.sweeper"),
        ({"data": EVIL}, "data._target_"),
        ({"hydra": {"job_logging": LOGGING}}, "hydra/job_logging: attnlab has messages of its own"),
    ],
)
@pytest.mark.parametrize("multirun", [False, True])
def test_a_folder_of_configs_runs_no_code(values, message, multirun, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "own" / "experiment").mkdir(parents=True)
    text = "# @package _global_\n" + yaml.safe_dump(values)
    (tmp_path / "own" / "experiment" / "evil.yaml").write_text(text)
    chosen = ["experiment=tiny,evil" if multirun else "experiment=evil"]
    with pytest.raises(UsageError) as refusal:
        launch.run(_label, chosen, multirun=multirun, config_dir=Path("own"))
    assert message in str(refusal.value)
    assert [path.name for path in tmp_path.iterdir()] == ["own"], "no code ran, no folder is left"
