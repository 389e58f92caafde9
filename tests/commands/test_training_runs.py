"""Training as a process: sweeps, resuming, interruption, and what it prints of its config."""

import os
import signal
import subprocess
import sys
import time

import pytest
import yaml

from tests.refusals import assert_refused
from tests.runs import REPOSITORY, attnlab, tiny


def weights_of(run, name="last"):
    return (run / "checkpoints" / name / "weights.safetensors").read_bytes()


def test_multirun_trains_every_combination(tmp_path):
    result = attnlab(*tiny("rnn", "max_updates=2", "seed=1,2", "-m"), folder=tmp_path)
    assert result.code == 0, result.errors
    runs = [tmp_path / line for line in result.output.splitlines()]
    assert len(runs) == 2
    seeds = [yaml.safe_load((run / "config.yaml").read_text())["seed"] for run in runs]
    assert seeds == [1, 2]
    assert weights_of(runs[0]) != weights_of(runs[1])
    assert list(tmp_path.glob("runs/multirun/*/multirun.yaml"))


def test_the_same_seed_gives_the_same_weights_and_a_resumed_run_too(tmp_path):
    plain = attnlab(*tiny("bahdanau", "name=plain", "model.dropout=0.3"), folder=tmp_path)
    assert plain.code == 0, plain.errors
    first = attnlab(
        *tiny("bahdanau", "name=cut", "model.dropout=0.3", "schedule=constant", "max_updates=4"),
        folder=tmp_path,
    )
    assert first.code == 0, first.errors
    whole = attnlab(
        *tiny("bahdanau", "name=whole", "model.dropout=0.3", "schedule=constant"), folder=tmp_path
    )
    resumed = attnlab("train", "--resume", "cut", "max_updates=8", folder=tmp_path)
    assert resumed.code == 0, resumed.errors
    assert "going on from update 4" in resumed.errors
    assert weights_of(tmp_path / resumed.output.strip()) == weights_of(
        tmp_path / whole.output.strip()
    )
    assert weights_of(tmp_path / plain.output.strip()) != weights_of(
        tmp_path / whole.output.strip()
    )


@pytest.mark.parametrize(("number", "code"), [(signal.SIGTERM, 143), (signal.SIGINT, 130)])
def test_a_signal_saves_and_the_run_can_go_on(number, code, tmp_path):
    arguments = tiny("rnn", "max_updates=100000", "validate_every=100000", "log_every=1")
    process = subprocess.Popen(
        [sys.executable, "-m", "attnlab", *arguments],
        cwd=tmp_path,
        env=os.environ | {"PYTHONPATH": str(REPOSITORY), "OMP_NUM_THREADS": "1"},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        metrics = list(tmp_path.glob("runs/*/*/metrics.jsonl"))
        if metrics and metrics[0].read_text().count("\n") > 2:
            break
        time.sleep(0.05)
    process.send_signal(number)
    output, errors = process.communicate(timeout=30)
    ended = process.returncode, output, errors
    assert_refused(ended, code, "and saved; go on with: attnlab train --resume")
    updates = int(errors.split("stopped at update ")[1].split(",")[0].replace(",", ""))
    resumed = attnlab("train", "--resume", f"max_updates={updates + 3}", folder=tmp_path)
    assert resumed.code == 0, resumed.errors
    assert f"going on from update {updates:,}" in resumed.errors


def test_the_config_is_shown_as_yaml(tmp_path):
    shown = attnlab("train", "--cfg", "job", "model=transformer", "seed=7", folder=tmp_path)
    assert shown.code == 0, shown.errors
    config = yaml.safe_load(shown.output)
    assert (config["model"]["name"], config["seed"]) == ("transformer", 7)
    part = attnlab("train", "--cfg", "job", "--package", "score", folder=tmp_path)
    assert yaml.safe_load(part.output)["name"] == "additive"
    assert not (tmp_path / "runs").exists()


def test_ones_own_file_from_another_folder_and_language(tmp_path):
    rows = [f"The {n} cats sleep .\tLes {n} chats dorment .\tCC-BY" for n in range(100, 200)]
    (tmp_path / "pairs.tsv").write_text("\n".join(rows) + "\n", encoding="utf-8")
    (tmp_path / "elsewhere").mkdir()
    mine = ["data=bitext", "data.train=pairs.tsv", "data.max_pairs=null", "vocabulary.size=60"]
    swapped = ["data.source_language=fr", "data.target_language=en", "name=mine"]
    trained = attnlab(*tiny("transformer", *mine, *swapped), folder=tmp_path)
    assert trained.code == 0, trained.errors
    found = attnlab("eval", "mine", "runs_root=../runs", folder=tmp_path / "elsewhere")
    assert found.code == 0, found.errors
    run = tmp_path / trained.output.strip()
    assert "chats dorment" in (run / "translations" / "test.source").read_text()
