"""Checkpoints: exact, whole or absent, and never code."""

import os
import pickle

import pytest
import torch

from attnlab.errors import AttnlabError
from attnlab.models import MODELS, VocabularySizes
from attnlab.training.checkpoint import (
    TRAINING,
    WEIGHTS,
    load_weights,
    restore_training,
    save_checkpoint,
    training_state,
)
from attnlab.training.loop import Progress
from tests.conftest import small_model
from tests.training.test_loop import steps_of


@pytest.mark.parametrize("tie", ["none", "target", "all"])
@pytest.mark.parametrize("name", list(MODELS))
def test_weights_come_back_tied_or_not(name, tie, tmp_path):
    sizes = VocabularySizes(source=23, target=23, shared=True)
    model = small_model(name, vocabulary=sizes, tie_embeddings=tie)
    other = small_model(name, vocabulary=sizes, tie_embeddings=tie)
    save_checkpoint(tmp_path / "best", model)
    load_weights(tmp_path / "best", other)
    for one, two in zip(model.parameters(), other.parameters(), strict=True):
        assert torch.equal(one, two)
    assert sorted(p.name for p in tmp_path.iterdir()) == ["best"]


@pytest.mark.parametrize("cut", [1, 5, 13])
@pytest.mark.parametrize("name", list(MODELS))
def test_training_goes_on_to_the_bit(name, cut, tmp_path):
    model = small_model(name, dropout=0.3).float()
    start = {key: value.clone() for key, value in model.state_dict().items()}
    torch.manual_seed(5)
    undisturbed = [step.loss for step in steps_of(model)][:20]

    model.load_state_dict(start)
    torch.manual_seed(5)
    progress, optimiser = Progress(), torch.optim.Adam(model.parameters(), lr=0.02)
    steps = steps_of(model, progress, optimiser)
    before = [next(steps).loss for _ in range(cut)]
    state = training_state(model, optimiser, progress, best=[12.5, 3.0])
    save_checkpoint(tmp_path / "last", model, state)

    torch.manual_seed(99)
    torch.rand(7)
    again = small_model(name, dropout=0.3).float()
    optimiser = torch.optim.Adam(again.parameters(), lr=0.5)
    progress, best = restore_training(tmp_path / "last", again, optimiser)
    assert best == [12.5, 3.0]
    assert progress.update == cut
    after = [step.loss for step in steps_of(again, progress, optimiser)][: 20 - cut]
    assert before + after == undisturbed


def test_a_crafted_pickle_is_refused_and_not_run(tmp_path):
    class Trap:
        def __reduce__(self):
            return os.mkdir, (str(tmp_path / "sprung"),)

    model = small_model("rnn")
    save_checkpoint(tmp_path / "last", model)
    (tmp_path / "last" / TRAINING).write_bytes(pickle.dumps(Trap(), protocol=2))
    optimiser = torch.optim.Adam(model.parameters())
    with pytest.raises(AttnlabError, match="no whole training state"):
        restore_training(tmp_path / "last", model, optimiser)
    (tmp_path / "last" / WEIGHTS).write_bytes(pickle.dumps(Trap(), protocol=2))
    with pytest.raises(AttnlabError, match="no whole checkpoint"):
        load_weights(tmp_path / "last", model)
    assert not (tmp_path / "sprung").exists()


@pytest.mark.parametrize("length", [0, 4, 100, 1000])
def test_a_cut_checkpoint_is_refused_by_name(length, tmp_path):
    model = small_model("rnn")
    optimiser = torch.optim.Adam(model.parameters())
    state = training_state(model, optimiser, Progress(), best=None)
    save_checkpoint(tmp_path / "last", model, state)
    for name, load in (
        (WEIGHTS, lambda: load_weights(tmp_path / "last", model)),
        (TRAINING, lambda: restore_training(tmp_path / "last", model, optimiser)),
    ):
        path = tmp_path / "last" / name
        path.write_bytes(path.read_bytes()[:length])
        with pytest.raises(AttnlabError, match=f"{name}: this is no whole"):
            load()


def test_another_models_weights_are_refused(tmp_path):
    save_checkpoint(tmp_path / "best", small_model("rnn"))
    with pytest.raises(AttnlabError, match="no whole checkpoint of this model"):
        load_weights(tmp_path / "best", small_model("transformer"))


def test_absent(tmp_path):
    with pytest.raises(AttnlabError, match=r"weights.safetensors: there are no weights here"):
        load_weights(tmp_path / "best", small_model("rnn"))


def test_a_machine_that_stopped_between_two_renames_left_the_old_one(tmp_path):
    model, other = small_model("rnn"), small_model("rnn")
    save_checkpoint(tmp_path / "best", model)
    (tmp_path / "best").rename(tmp_path / ".best.old")
    load_weights(tmp_path / "best", other)
    assert torch.equal(model.output.weight, other.output.weight)
    save_checkpoint(tmp_path / "best", other)
    assert sorted(p.name for p in tmp_path.iterdir()) == ["best"]


def test_a_write_that_fails_leaves_the_last_one(tmp_path):
    model = small_model("rnn")
    save_checkpoint(tmp_path / "best", model)
    kept = model.output.weight.clone()
    torch.nn.init.zeros_(model.output.weight)
    blocked = tmp_path / ".best.new"
    blocked.write_text("a file where the new folder is to be")
    with pytest.raises(AttnlabError, match=r"could not be written .* stands"):
        save_checkpoint(tmp_path / "best", model)
    load_weights(tmp_path / "best", model)
    assert torch.equal(model.output.weight, kept)
