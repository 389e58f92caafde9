"""What the schema refuses, and how it says so."""

import re

import pytest

from attnlab import launch
from attnlab.config import ExperimentConfig, InferenceConfig, seconds, with_absolute_paths
from attnlab.support.errors import UsageError
from attnlab.support.schema import from_node

LONG = "x" * 5000


@pytest.mark.parametrize(
    ("override", "message"),
    [
        ("model=foo", r"(?s)Could not find 'model/foo'.*bahdanau\n.*rnn\n.*transformer$"),
        ("modl=rnn", "there is no setting 'modl'; did you mean model?"),
        ("score.hiden_size=3", "no setting 'score.hiden_size'; did you mean score.hidden_size?"),
        ("+score.foo=3", "there is no setting 'score.foo'"),
        ("max_update=3", "did you mean max_updates?"),
        ("seed=abc", "seed: Value 'abc' of type 'str' could not be converted to Integer"),
        ("vocabulary.size=1.5", "vocabulary.size: Value '1.5'"),
        ("data=bitext", "data.train has no value; give it as data.train=…"),
        ("seed=1=(2", r"seed: Value '1=\(2' of type 'str' could not be converted to Integer"),
        ("model=rnn,bahdanau", r"model=rnn,bahdanau gives several values.* --multirun"),
        (
            "model.siez=3",
            "'model.siez'; model=bahdanau has the settings name, cell, embedding_size",
        ),
        (("model=transformer", "model.siez=3"), "'model.siez'; did you mean model.size?"),
        ("model.heads=3", "no setting 'model.heads' here; it belongs to model=transformer"),
        ("optimiser.lr=0.1", "'optimiser.lr'; did you mean optimiser.learning_rate?"),
        ("lr=0.1", "'lr'; did you mean optimiser.learning_rate?"),
        ("optimizer=adamw", "'optimizer'; did you mean optimiser?"),
        ("epochs=3", "did you mean max_epochs?"),
        ("model.name=rnn", "a choice comes with settings of its own; write model=rnn"),
        ("name=..", "name=.. must be the name of one folder"),
        ("name=../emptydir", "name=../emptydir must be the name of one folder"),
        ("name=" + "é" * 101, "is longer than 200 bytes"),
        ("runs_root=~nosuch/runs", "runs_root=~nosuch/runs: there is no home folder of '~nosuch'"),
        ("data.train=~nosuch", "data.train=~nosuch: there is no home folder of '~nosuch'"),
        ("batch_tokens=0", "batch_tokens=0 must be at least 1"),
        ("seed=-1", "seed=-1 must be at least 0"),
        ("name=a/b", "name=a/b must be the name of one folder"),
        ("validate_sentences=0", "validate_sentences=0 must be at least 1"),
        ("model.hidden_size=-3", "model.hidden_size=-3 must be from 1 to 1048576"),
        ("model.dropout=2.0", "model.dropout=2.0 must be from 0 to under 1"),
        ("search.temperature=inf", "no setting 'search.temperature' here; it belongs to search="),
        (
            ("search=sampling", "search.temperature=inf"),
            "search.temperature=inf must be a finite number above 0 and at most 1e",
        ),
        ("search.max_length_factor=nan", "max_length_factor=nan must be a finite number from 0 to"),
        ("optimiser.epsilon=-1", "optimiser.epsilon=-1.0 must be above 0"),
        ("seed=18446744073709551616", "seed=18446744073709551616 must be from 0 to 92233720"),
        ("optimiser.learning_rate=0", r"optimiser.learning_rate=0.0 must be above 0"),
        (
            "objective.label_smoothing=1.0",
            "objective.label_smoothing=1.0 must be from 0 to under 1",
        ),
        (
            "objective.word_dropout.source=1.0",
            "objective.word_dropout.source=1.0 must be from 0 to under 1",
        ),
        (
            "vocabulary.sampling.source=1.5",
            "vocabulary.sampling.source=1.5 must be from 0 to 1, or null",
        ),
        (
            ("vocabulary.model=unigram", "vocabulary.sampling.target=-0.5"),
            "vocabulary.sampling.target=-0.5 must be at least 0, or null",
        ),
        ("objective.sampling.share=1.5", "objective.sampling.share=1.5 must be from 0 to 1"),
        (
            "objective.sampling.curve=cubic",
            "objective.sampling.curve=cubic is none of: linear, inverse_sigmoid, exponential",
        ),
        ("objective.sampling.words=all", "objective.sampling.words=all is none of: argmax, sample"),
        ("objective.r_drop=-1", "objective.r_drop=-1.0 must be at least 0"),
        (
            ("objective.r_drop=5", "model.dropout=0"),
            r"objective.r_drop=5.0 compares .* model.dropout=0.0.* set model.dropout=0.1",
        ),
        ("objective.word_dropout.targt=1.0", "no setting 'objective.word_dropout.targt'"),
        (f"max_time={'9' * 400}h", "must be at most 10000d; null is no limit"),
        ("max_time=240001h", "must be at most 10000d; null is no limit"),
        ("data.held_out=first", "data.held_out=first is none of: random, last"),
        ("data.alignment_tokens=letters", "data.alignment_tokens=letters is none of"),
        ("max_time=soon", "max_time=soon is no time; write it like 90s, 10m"),
        ("~nosuch", "Could not delete from config. 'nosuch' does not exist"),
        (f"{LONG}=1", r"^'x{150,}.*': no setting and no choice has a name as long as that"),
        (f"model={LONG}", r"^'model=x{150,}.*': no setting and no choice has a name as long"),
        (f"seed={LONG}", "seed: Value 'xxx"),
        ("experiment=nope", r"(?s)Could not find 'experiment/nope'.*tiny"),
        (
            "model=../model/rnn",
            "model=../model/rnn: a choice is a name, not a path; write model=rnn",
        ),
        ("experiment=[tiny,/luong]", "experiment=/luong: a choice is a name, not a path"),
        ("data.more_splits.mine=a.tsv", r"mine' yet; write \+data\.more_splits\.mine=… to add it"),
        ("data.more_splits={mine:a.tsv}", r"mine' yet; write \+data\.more_splits\.mine=…"),
    ],
)
def test_refused_by_name(override, message):
    overrides = [override] if isinstance(override, str) else override
    with pytest.raises(UsageError, match=message) as refusal:
        from_node(ExperimentConfig, launch.compose(launch.TRAIN, overrides))
    assert not re.search("/configs|/conf/|hydra", str(refusal.value)), "where Hydra looked"
    assert len(str(refusal.value)) < 600
    assert refusal.value.exit_code == 2


@pytest.mark.parametrize(
    ("override", "message"),
    [
        ("seed=range(1,100000000)", "this sweep has more than 10,000 jobs"),
        ("seed=range(1,2,0)", "this sweep has more than 10,000 jobs"),
        ("seed=range(5,1)", r"'seed=range\(5,1\)' gives no value"),
        ("seed=range(1,5", r"'seed=range\(1,5' is not a sweep that can be read; write seed=range"),
        ("normaliser=glob(zzz*)", r"zzz\*\)' matches no choice of normaliser; .* softmax"),
        ("seed=glob(zzz*)", r"matches no choice of seed; it is not a group"),
        ("seed=interval(1,5)", "an interval has to be searched; add hydra/sweeper=optuna, or list"),
    ],
)
def test_a_sweep_has_jobs_and_an_end(override, message, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(UsageError, match=message):
        launch.run(lambda config: None, [override, "model=rnn,bahdanau"], multirun=True)
    assert not list(tmp_path.iterdir())


def test_inference_is_checked_too():
    with pytest.raises(UsageError, match="checkpoint=newest is none of: best, last, averaged, or"):
        from_node(InferenceConfig, launch.compose(launch.INFERENCE, ["checkpoint=newest"]))


def test_a_folder_of_ones_own_adds_choices(tmp_path):
    (tmp_path / "model").mkdir()
    (tmp_path / "model" / "mine.yaml").write_text("defaults: [rnn]\nhidden_size: 64\n")
    node = launch.compose(launch.TRAIN, ["model=mine"], tmp_path)
    config = from_node(ExperimentConfig, node)
    assert (config.model.name, config.model.hidden_size) == ("rnn", 64)
    with pytest.raises(UsageError, match=r"--config-dir .*nowhere: there is no such folder"):
        launch.compose(launch.TRAIN, [], tmp_path / "nowhere")


@pytest.mark.parametrize(
    ("overrides", "expected"),
    [
        ([], (None, 5, None)),
        (["default_epochs=7"], (None, 7, None)),
        (["max_time=10m"], (None, None, 600)),
        (["max_updates=50"], (50, None, None)),
        (["max_epochs=3", "max_time=10m"], (None, 3, 600)),
    ],
)
def test_default_epochs_count_only_where_no_limit_is_given(overrides, expected):
    config = from_node(ExperimentConfig, launch.compose(launch.TRAIN, overrides))
    limits = config.limits
    assert (limits.max_updates, limits.max_epochs, limits.max_seconds) == expected
    assert (config.max_epochs is None) == (not any("max_epochs" in each for each in overrides))


@pytest.mark.parametrize(
    ("text", "expected"),
    [("90", 90), ("90s", 90), ("10m", 600), ("1h30m", 5400), ("0.5h", 1800), ("1d", 86400)],
)
def test_times(text, expected):
    assert seconds(text) == expected


@pytest.mark.parametrize("text", ["", "m", "10 m", "-5s", "1h30", "10x"])
def test_what_is_no_time(text):
    with pytest.raises(UsageError, match="is no time"):
        seconds(text)


@pytest.mark.parametrize(
    ("overrides", "expected"),
    [
        (["data=builtin"], None),
        (["data=multi30k"], None),
        (["data=tatoeba"], None),
        (["data=tatoeba", "data.root=there"], "{here}/there"),
        (["data=bitext", "data.train=my.tsv"], "{here}"),
    ],
)
def test_a_run_stores_a_folder_only_where_attnlab_does_not_know_it(
    overrides, expected, monkeypatch, tmp_path
):
    monkeypatch.chdir(tmp_path)
    config = from_node(ExperimentConfig, launch.compose(launch.TRAIN, overrides))
    assert with_absolute_paths(config.data).root == (expected and expected.format(here=tmp_path))
