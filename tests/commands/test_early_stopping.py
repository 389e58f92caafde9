"""Training that follows its validations, as a process: it stops, says why, and resumes exactly."""

import json
import os

import pytest
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

from tests.refusals import assert_refused
from tests.runs import tiny
from tests.warm import attnlab, end_all

pytestmark = pytest.mark.skipif(os.name != "posix", reason="processes are forked")

# So high a rate that nothing improves for long.
HOPELESS = ("validate_every=2", "optimiser.learning_rate=0.5", "schedule.warmup_updates=0")


@pytest.fixture(autouse=True)
def _none_left():
    yield
    end_all()


def metrics_of(run, name):
    lines = [json.loads(line) for line in (run / "metrics.jsonl").read_text().splitlines()]
    return [(line["update"], line[name]) for line in lines if name in line]


def updates_without_improvement(measured, lower_is_better):
    """By the definition: how many at the end come after the best."""
    scores = [-score if lower_is_better else score for _, score in measured]
    return len(scores) - 1 - scores.index(max(scores))


# The best checkpoint is that of the loss in a test of its own.
@pytest.mark.parametrize("metric", [pytest.param("loss", marks=pytest.mark.slow), "chrf"])
def test_it_stops_early_and_says_why(metric, tmp_path):
    settings = ["max_updates=60", f"stopping.metric={metric}", "stopping.patience=3"]
    settings += ["schedule=constant"]  # a rate that falls lets the loss fall again
    result = attnlab(*tiny("rnn", *HOPELESS, *settings, "checkpoint_every=4"), folder=tmp_path)
    assert result.code == 0, result.told
    assert "stopped early: 3 validations in a row did not improve valid" in result.told
    run = result.run
    measured = metrics_of(run, f"valid/{metric}")
    assert measured[-1][0] < 60
    assert updates_without_improvement(measured, metric == "loss") == 3
    shorter = [measured[:number] for number in range(1, len(measured))]
    assert all(updates_without_improvement(each, metric == "loss") < 3 for each in shorter)
    assert {"valid/loss", "valid/bleu", f"valid/{metric}"} <= set(
        EventAccumulator(str(run)).Reload().Tags()["scalars"]
    )

    again = attnlab("train", "--resume", str(run), folder=tmp_path)  # it stays stopped …
    assert "stopped early" in again.told
    assert metrics_of(run, f"valid/{metric}") == measured
    more = ["stopping.patience=5"]
    longer = attnlab("train", "--resume", *more, folder=tmp_path)  # … or goes on
    assert longer.code == 0, longer.told
    assert "resuming with stopping.patience=5 (was 3)" in longer.told
    assert len(metrics_of(run, f"valid/{metric}")) > len(measured)
    other = attnlab("train", "--resume", "stopping.metric=exact", folder=tmp_path)
    assert_refused(other, 2, "stopping.metric=exact cannot be set on a run that was trained with")


def test_the_best_checkpoint_is_that_of_the_metric(tmp_path):
    settings = ["stopping.metric=loss", "validate_metrics=[]", "max_updates=12"]
    settings += ["optimiser.learning_rate=3", "schedule=constant"]
    result = attnlab(*tiny("rnn", *HOPELESS, *settings), folder=tmp_path)
    assert result.code == 0, result.told
    run = result.run
    measured = metrics_of(run, "valid/loss")
    best_update, best = min(measured, key=lambda each: each[1])
    assert best_update < 12, "else nothing is tested here"
    assert f"best loss {best:.3f}" in result.told
    assert not metrics_of(run, "valid/bleu")


def test_plateau_lowers_the_rate_and_a_resumed_run_is_the_same(tmp_path):
    settings = [*HOPELESS, "schedule=plateau", "schedule.patience=1", "schedule.factor=0.1"]
    whole = attnlab(*tiny("rnn", *settings, "name=whole", "max_updates=16"), folder=tmp_path)
    assert whole.code == 0, whole.told
    one = whole.run
    cut = attnlab(*tiny("rnn", *settings, "name=cut", "max_updates=9"), folder=tmp_path)
    assert cut.code == 0, cut.told
    other = cut.run
    resumed = attnlab("train", "--resume", "cut", "max_updates=16", folder=tmp_path)
    assert resumed.code == 0, resumed.told
    rates = metrics_of(one, "train/learning_rate")
    assert rates[-1][1] < rates[0][1]
    assert rates == metrics_of(other, "train/learning_rate")
    path = "checkpoints/last/weights.safetensors"
    assert (one / path).read_bytes() == (other / path).read_bytes()


@pytest.mark.parametrize("setting", ["schedule=plateau", "stopping.patience=3"])
def test_what_follows_validation_needs_it(setting, tmp_path):
    rows = [f"The {n} cats sleep .\tLes {n} chats dorment ." for n in range(100, 200)]
    (tmp_path / "pairs.tsv").write_text("\n".join(rows) + "\n", encoding="utf-8")
    mine = ["data=bitext", "data.train=pairs.tsv", "data.held_out_fraction=0", "vocabulary.size=60"]
    refused = attnlab(*tiny("rnn", *mine, setting), folder=tmp_path)
    message = f"{setting} follows validation, and data=bitext has no validation split"
    assert_refused(refused, 2, message)
    assert not [*tmp_path.glob("runs/*")]
