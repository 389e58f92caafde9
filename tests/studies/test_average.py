"""Averaging checkpoints: the mean by hand, which are chosen, and what is refused."""

import json
from dataclasses import replace

import pytest
import torch

from attnlab import launch
from attnlab.config import ExperimentConfig
from attnlab.data.pairs import SentencePair
from attnlab.data.vocabulary import VocabularyPair
from attnlab.models.layers import running_statistics
from attnlab.run.folder import create_run, open_run
from attnlab.run.loaded import build_model
from attnlab.studies.average import Choice, average_checkpoints, choose_checkpoints
from attnlab.support.errors import AttnlabError
from attnlab.support.files import DamagedError
from attnlab.support.schema import from_node
from attnlab.training.checkpoint import load_weights
from attnlab.training.snapshots import save_snapshot
from tests.conftest import vocabulary_config

TEXTS = [f"the {n} cats sleep" for n in range(60)]
SCORES = {10: 3.0, 20: 5.0, 30: 1.0, 40: 4.0}


def vocabulary_of(texts=TEXTS):
    pairs = [SentencePair(text, text) for text in texts]
    return VocabularyPair.train(pairs, vocabulary_config(size=40))


RNN = ("model=rnn", "model.embedding_size=6", "model.hidden_size=8")
BATCH_NORM = (
    *("model=transformer", "model.size=8", "model.feedforward_size=6"),
    *("model.heads=2", "model.normalisation=batch"),
)


def run_of(folder, *overrides, model=RNN, vocabulary=None, metric="bleu"):
    """A run with a kept checkpoint of each update in SCORES, whose weights are chance's."""
    settings = [*model, f"stopping.metric={metric}", *overrides]
    config = from_node(ExperimentConfig, launch.compose(launch.TRAIN, settings))
    run = create_run(folder, config, [])
    vocabulary = vocabulary or vocabulary_of()
    vocabulary.save(folder)
    lines = []
    for update, score in SCORES.items():
        model = build_model(config, vocabulary, torch.device("cpu"))
        for statistic in running_statistics(model):
            statistic.uniform_()
        save_snapshot(run.checkpoints, update, model, len(SCORES), run.identity)
        lines.append({"update": update, "train/loss": 1.0})
        lines.append({"update": update, f"valid/{metric}": score})
    text = "".join(f"{json.dumps(line)}\n" for line in lines)
    (folder / "metrics.jsonl").write_text(text + '{"update": 50, "valid/b')  # cut short
    return run


def weights_of(run, folder):
    model = build_model(run.config, VocabularyPair.load(run.folder), torch.device("cpu"))
    load_weights(folder, model)
    return [weight.detach() for weight in (*model.parameters(), *running_statistics(model))]


def assert_mean(run, folders):
    averaged = weights_of(run, run.checkpoints / "averaged")
    each = [weights_of(run, folder) for folder in folders]
    for found, *parts in zip(averaged, *each, strict=True):
        torch.testing.assert_close(found, torch.stack(parts).mean(0))


def updates_of(folders):
    return [int(folder.name.removeprefix("update-")) for folder in folders]


@pytest.mark.parametrize(
    ("metric", "choice", "expected"),
    [
        ("bleu", Choice(None, best=False), [10, 20, 30, 40]),
        ("bleu", Choice(2, best=False), [30, 40]),
        ("bleu", Choice(2, best=True), [20, 40]),
        ("loss", Choice(2, best=True), [10, 30]),
    ],
)
def test_the_mean_of_those_chosen(metric, choice, expected, tmp_path):
    run = run_of(tmp_path / "run", metric=metric)
    chosen = choose_checkpoints(run, choice)
    assert updates_of(chosen) == expected
    assert average_checkpoints([run.folder], choice) == run.checkpoints / "averaged"
    assert_mean(run, chosen)
    assert not (run.folder / ".lock").exists()


def test_what_batch_norms_gathered_is_averaged_too(tmp_path):
    run = run_of(tmp_path / "run", model=BATCH_NORM)
    choice = Choice(3, best=False)
    average_checkpoints([run.folder], choice)
    assert_mean(run, choose_checkpoints(run, choice))


def test_several_runs_of_one_model(tmp_path):
    one, other = run_of(tmp_path / "one"), run_of(tmp_path / "other", "seed=2")
    choice = Choice(2, best=False)
    average_checkpoints([one.folder, other.folder], choice)
    assert_mean(one, [*choose_checkpoints(one, choice), *choose_checkpoints(other, choice)])
    assert not (other.checkpoints / "averaged").exists()


def test_another_average_takes_its_place(tmp_path):
    run = run_of(tmp_path / "run")
    average_checkpoints([run.folder], Choice(3, best=False))
    average_checkpoints([run.folder], Choice(1, best=False))
    assert_mean(run, choose_checkpoints(run, Choice(1, best=False)))


@pytest.mark.parametrize(
    ("overrides", "message"),
    [
        (["model.hidden_size=10"], r"model\.hidden_size is 10 there and 8 here"),
        (["model=bahdanau", "model.cell=gru"], r"model\.name is bahdanau there and rnn here"),
        (["model.dropout=0.4"], r"model\.dropout is 0\.4 there"),
        (["normaliser=sparsemax"], r"normaliser\.name is sparsemax there and softmax here"),
        (
            ["data.source_language=fr", "data.target_language=en"],
            r"data\.source_language is fr there and en here",
        ),
        (["score=dot"], r"score\.\w+ is \w+ there and \w+ here"),
    ],
)
def test_runs_of_different_models_are_refused(overrides, message, tmp_path):
    one, other = run_of(tmp_path / "one"), run_of(tmp_path / "other", *overrides)
    with pytest.raises(AttnlabError, match=rf"other cannot be averaged with .*one: {message}"):
        average_checkpoints([one.folder, other.folder], Choice(1, best=False))
    assert not (one.checkpoints / "averaged").exists()


def test_runs_of_different_vocabularies_are_refused(tmp_path):
    others = vocabulary_of([text.upper() for text in TEXTS])
    one, other = run_of(tmp_path / "one"), run_of(tmp_path / "other", vocabulary=others)
    with pytest.raises(AttnlabError, match="its vocabulary is another"):
        average_checkpoints([one.folder, other.folder], Choice(1, best=False))


def test_fewer_than_asked_for_and_none(tmp_path):
    run = run_of(tmp_path / "run")
    with pytest.raises(AttnlabError, match=r"--last 5 asks .* the 4 .*keep_checkpoints=5"):
        average_checkpoints([run.folder], Choice(5, best=False))
    (run.folder / "metrics.jsonl").unlink()
    with pytest.raises(AttnlabError, match=r"has valid/bleu of 0 kept checkpoints only, .*--last"):
        average_checkpoints([run.folder], Choice(2, best=True))
    config = replace(run.config, name="none")
    empty = create_run(tmp_path / "none", config, [])
    VocabularyPair.load(run.folder).save(empty.folder)
    with pytest.raises(AttnlabError, match=r"none: no checkpoints were kept .*keep_checkpoints=5"):
        average_checkpoints([empty.folder], Choice(None, best=False))


def test_a_damaged_one_is_named(tmp_path):
    run = open_run(run_of(tmp_path / "run").folder)
    path = run.checkpoints / "update-00000030" / "weights.safetensors"
    path.write_bytes(path.read_bytes()[:-1] + b"!")
    with pytest.raises(DamagedError, match=r"update-00000030.*is not what was written"):
        average_checkpoints([run.folder], Choice(2, best=False))
    assert not (run.checkpoints / "averaged").exists()
