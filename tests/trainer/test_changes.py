"""Which settings a resumed run takes, and how it refuses the others."""

from dataclasses import asdict

import pytest

from attnlab import launch
from attnlab.config import ExperimentConfig
from attnlab.support.errors import UsageError
from attnlab.support.schema import flatten, from_node
from attnlab.trainer.changes import changed_config, changes

KEPT = (
    *("model.", "score.", "normaliser.", "positions.", "vocabulary.", "seed", "name", "runs_root"),
    *("batch_tokens", "batch_sentences", "stopping.metric", "optimiser.name", "schedule.name"),
    *("search.name", "data.name", "data.task", "data.source_language", "data.target_language"),
    *("data.columns", "data.alignment_tokens", "data.held_out", "data.max_"),
)


@pytest.fixture(
    scope="module",
    params=[
        "model=transformer optimiser=muon schedule=plateau",
        pytest.param("", marks=pytest.mark.slow),
    ],
)
def config(request):
    chosen = [*request.param.split(), "data.root=/corpora"]
    return from_node(ExperimentConfig, launch.compose(launch.TRAIN, chosen))


def other(value):
    """Another value of the same type."""
    if isinstance(value, bool):
        return str(not value).lower()
    if isinstance(value, list):
        return str([*value, *value]).replace("'", "")
    if value is None or isinstance(value, int):
        return str((value or 0) + 2)
    return str(value * 0.5 or 0.25) if isinstance(value, float) else "another"


def test_every_setting_is_either_changed_or_refused_by_name(config):
    taken, refused = [], {}
    for key, value in flatten(asdict(config)).items():
        override = f"{key}={other(value)}"
        try:
            now = changed_config(config, [override])
        except UsageError as error:
            refused[key] = str(error)
        else:
            assert list(changes(config, now)) == [key]
            taken.append(key)
    assert not [
        key for key, message in refused.items() if key.removesuffix(".name") not in message
    ], "by their names"
    assert not [key for key in taken if key.startswith(KEPT)]
    wanted = ("max_updates", "max_epochs", "log_every", "optimiser.learning_rate", "device")
    assert set(taken) > {*wanted, "search.max_length_extra", "schedule.warmup_updates", "data.root"}


@pytest.mark.parametrize(
    ("override", "message"),
    [
        ("seed=7", "seed=7 cannot be set on a run that was trained with seed=1: it decides what"),
        ("data.columns=[fr,en]", "data.columns=['fr', 'en'] cannot be set"),
        ("data.target_language=de", "data.target_language=de cannot be set"),
        ("vocabulary.model=word", "the vocabulary was learnt with it"),
        ("model.dropout=0.45", "the weights depend on it; leave it out, or train a new run"),
        ("name=other", "name=other cannot be set"),
        ("batch_tokens=10", "the batches of an epoch depend on it"),
        ("stopping.metric=loss", "the best checkpoint was chosen by it"),
        ("model=rnn", "'model=rnn': a run keeps its model; train a new one"),
        ("recipe=nonsense", "there is no setting 'recipe'"),
        ("experiment=tiny", "there is no setting 'experiment'"),
        ("max_epoch=40", "no setting 'max_epoch'; did you mean max_epochs"),
        ("max_epochs=[", "'max_epochs=[': the value cannot be read"),
        ("max_epochs={", "'max_epochs={': the value cannot be read"),
        ("max_epochs=\x00", "the value cannot be read"),
        ("max_epochs=3,4", "max_epochs: Value '3,4'"),
        ("max_epochs={a: 1}", "max_epochs"),
        ("max_time=${oc.env:HOME}", "no ${…} in the value"),
        ("+max_epochs=3", "written like max_epochs=10"),
        ("~max_epochs", "written like max_epochs=10"),
        ("=3", "written like max_epochs=10"),
        ("a..b=3", "written like max_epochs=10"),
        ("max_epochs.a=3", "max_epochs"),
        ("optimiser.betas.a=3", "optimiser.betas"),
        ("max_epochs=nan", "max_epochs: Value 'nan'"),
    ],
)
def test_what_cannot_be_is_refused(config, override, message):
    with pytest.raises(UsageError) as refused:
        changed_config(config, [override])
    assert message in str(refused.value)


def test_a_value_that_a_run_has_already_is_no_change(config):
    same = changed_config(config, ["seed=1", f"model.name={config.model.name}", "max_epochs=null"])
    assert same == config


def test_a_relative_folder_is_meant_from_here(config, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert changed_config(config, ["data.root=x"]).data.root == str(tmp_path / "x")
