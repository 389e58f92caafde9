"""Summaries of runs: of a real one, beside what its parts say, and of damaged ones."""

import json
import shutil

import pytest
import yaml

from attnlab.launch import compose_inference
from attnlab.run.folder import open_run
from attnlab.run.loaded import load_run
from attnlab.run.metrics import recorded_validations
from attnlab.run.summary import State, find_runs, summarise
from tests.runs import attnlab, tiny


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    folder = tmp_path_factory.mktemp("summarised")
    result = attnlab(*tiny("transformer"), folder=folder)
    assert result.code == 0, result.errors
    return folder / result.output.strip()


@pytest.fixture
def copy(run, tmp_path):
    return shutil.copytree(run, tmp_path / "runs" / "name" / "copy")


def test_a_summary_is_what_the_run_itself_says(run):
    found = summarise(run)
    opened = open_run(run)
    model = load_run(run, compose_inference([])).model
    assert found.state is State.FINISHED
    assert found.parameters == sum(each.numel() for each in model.parameters())
    last = json.loads((run / "metrics.jsonl").read_text().splitlines()[-1])
    assert found.updates == last["update"] == opened.config.max_updates
    validations = recorded_validations(opened.folder)
    assert found.best in [each.scores for each in validations.values()]
    assert found.settings["model.name"] == "transformer"
    assert found.settings["optimiser.learning_rate"] == opened.config.optimiser.learning_rate
    assert found.settings["validate_metrics"] == opened.config.validate_metrics
    assert found.tokens_per_second > 0


def test_settings_are_those_that_a_yaml_reader_finds(run):
    def flat(values, prefix=""):
        for key, value in values.items():
            if isinstance(value, dict):
                yield from flat(value, f"{prefix}{key}.")
            else:
                yield prefix + key, value

    values = yaml.safe_load((run / "config.yaml").read_text())
    for part in ("format", "attnlab", "identity"):
        values.pop(part)
    assert summarise(run).settings == dict(flat(values))


def cut_metrics(run):
    (run / "metrics.jsonl").write_text('{"update": 3}\n{"upd')


def write_header(text):
    """As the header of the checkpoints' safetensors files."""

    def write(run):
        for path in run.glob("checkpoints/*/weights.safetensors"):
            path.write_bytes(len(text).to_bytes(8, "little") + text.encode())

    return write


def write_config(text):
    return lambda run: (run / "config.yaml").write_text(text)


@pytest.mark.parametrize(
    ("damage", "state", "reason"),
    [
        (lambda run: (run / "finished.json").unlink(), State.STOPPED, None),
        (lambda run: (run / "finished.json").write_text("{"), State.FINISHED, None),
        (lambda run: (run / "metrics.jsonl").unlink(), State.FINISHED, None),
        (cut_metrics, State.FINISHED, "metrics.jsonl: its last line cannot be read"),
        (write_header("[]"), State.FINISHED, None),
        (write_header('{"weight": {"shape": ["a"]}}'), State.FINISHED, None),
        (lambda run: shutil.rmtree(run / "checkpoints"), State.FINISHED, None),
        (write_config("format: 3\n"), State.UNREADABLE, "format 3"),
        (write_config("[1, 2"), State.UNREADABLE, "config.yaml is cut short, or no YAML"),
        (write_config(""), State.UNREADABLE, "no settings"),
        (
            lambda run: (run / "config.yaml").write_bytes(b"\xff\xfe\x00"),
            State.UNREADABLE,
            "no YAML",
        ),
    ],
)
def test_what_is_damaged_has_a_summary(copy, damage, state, reason):
    damage(copy)
    found = summarise(copy)
    assert found.state is state
    assert found.error is None if reason is None else reason in found.error


def test_runs_are_found_down_to_three_folders(copy, tmp_path):
    other = shutil.copytree(copy, tmp_path / "runs" / "one")
    deep = shutil.copytree(copy, tmp_path / "runs" / "a" / "b" / "c")
    assert set(find_runs(tmp_path / "runs")) == {copy, other, deep}
    assert find_runs(other) == [other]
    assert find_runs(tmp_path / "nothing") == []
