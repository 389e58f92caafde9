"""Training goes on to the bit, from the last checkpoint that is whole."""

import logging
from itertools import product

import numpy as np
import pytest
import torch

from attnlab.models import MODELS
from attnlab.support.errors import AttnlabError
from attnlab.training.checkpoint import TRAINING, WEIGHTS
from attnlab.training.resuming import Checkpoints, has_checkpoint
from attnlab.training.selection import Validation
from attnlab.training.state import TrainState
from tests.cases import combinations_of, one_by_one
from tests.conftest import small_model
from tests.training.test_loop import steps_of

BEST = Validation({"bleu": 12.5, "loss": 3.0})


def trained(checkpoints, name="rnn", updates=(2, 3), **changes):
    """A model trained for a while, saved after each of `updates`; the steps still to come."""
    model = small_model(name, dropout=0.3).float()
    state, optimiser = TrainState("bleu", best=BEST), torch.optim.Adam(model.parameters(), lr=0.02)
    steps = steps_of(model, state, optimiser, **changes)
    for update in updates:
        while state.update < update:
            next(steps)
        Checkpoints(checkpoints, model, optimiser).save_last(state)
    return steps


def restored(checkpoints, name="rnn", **changes):
    """The state of the last checkpoint and its steps, with a new model and optimiser."""
    torch.manual_seed(99)
    torch.rand(7)
    model = small_model(name, dropout=0.3).float()
    optimiser = torch.optim.Adam(model.parameters(), lr=0.5)
    state = Checkpoints(checkpoints, model, optimiser).restore()
    return state, steps_of(model, state, optimiser, **changes) if state else None


def losses(steps, number=9):
    return [next(steps).loss for _ in range(number)]


@one_by_one(name=MODELS, cut=[1, 5, 13])
def test_training_goes_on_to_the_bit(name, cut, tmp_path):
    undisturbed = losses(trained(tmp_path, name, updates=[cut]))
    found, steps = restored(tmp_path, name)
    assert found.update == cut
    assert found.best == BEST
    assert losses(steps) == undisturbed


CHANCE = {
    "word dropout": {"word_dropout": {"source": 0.2, "target_input": 0.2}},
    "R-Drop": {"r_drop": 5.0},
    "scheduled sampling": {"sampling": {"share": 0.5, "words": "sample"}},
    "all": {
        "word_dropout": {"source": 0.1},
        "r_drop": 1.0,
        "sampling": {"share": 0.5, "curve": "exponential"},
    },
}


# "all" has what each of the others has.
@combinations_of(
    {"name": MODELS, "what": CHANCE}, {*product(MODELS, ["all"]), *product(["bahdanau"], CHANCE)}
)
def test_what_the_objective_leaves_to_chance_goes_on_to_the_bit(name, what, tmp_path):
    undisturbed = losses(trained(tmp_path, name, updates=[5], objective=CHANCE[what]))
    _, steps = restored(tmp_path, name, objective=CHANCE[what])
    assert losses(steps) == undisturbed


def test_numpys_random_state_is_not_drawn_from(tmp_path):
    before = np.random.get_state()[1].tolist()
    losses(trained(tmp_path))
    assert np.random.get_state()[1].tolist() == before, "then a checkpoint has to hold it"


@pytest.mark.parametrize("name", [WEIGHTS, TRAINING])
@pytest.mark.parametrize("how", ["cut", "removed", "flipped"])
def test_a_broken_last_falls_back_to_the_one_before_and_says_so(name, how, tmp_path, caplog):
    undisturbed = losses(trained(tmp_path / "whole", updates=[2]))
    torch.manual_seed(1)
    checkpoints = tmp_path / "cut"
    trained(checkpoints, updates=[2, 3])
    path = checkpoints / "last" / name
    content = path.read_bytes()
    path.write_bytes(content[:-9] if how == "cut" else content[:-9] + bytes(9))
    if how == "removed":
        path.unlink()
    with caplog.at_level(logging.WARNING):
        found, steps = restored(checkpoints)
    assert found.update == 2
    assert f"{name}: is not" in caplog.text
    assert "going on from the checkpoint before it, of update 2" in caplog.text
    assert losses(steps) == undisturbed
    assert sorted(p.name for p in checkpoints.iterdir()) == ["broken", "previous"]
    # What is saved next must not push the only whole checkpoint out before it is whole itself.
    assert has_checkpoint(checkpoints)
    assert restored(checkpoints)[0].update == 2


def test_none_is_whole(tmp_path):
    assert restored(tmp_path)[0] is None
    trained(tmp_path, updates=[2])
    path = tmp_path / "last" / TRAINING
    path.write_bytes(path.read_bytes()[:-1])
    with pytest.raises(AttnlabError, match="no checkpoint before it to resume from: train the run"):
        restored(tmp_path)
    (tmp_path / "last").rename(tmp_path / "previous")
    trained(tmp_path / "other", updates=[2])
    (tmp_path / "other" / "last").rename(tmp_path / "last")
    path = tmp_path / "last" / WEIGHTS
    path.write_bytes(path.read_bytes()[:-1])
    before = sorted(tmp_path.rglob("*"))
    with pytest.raises(AttnlabError, match=r"last.weights.*nor is .*previous.training.pt"):
        restored(tmp_path)
    assert sorted(tmp_path.rglob("*")) == before


def test_another_models_checkpoint_is_no_broken_one(tmp_path):
    trained(tmp_path)
    with pytest.raises(AttnlabError, match="no checkpoint of this model"):
        restored(tmp_path, "transformer")
    assert sorted(p.name for p in tmp_path.iterdir()) == ["last", "previous"]


def test_the_optimisers_settings_are_those_of_now(tmp_path):
    trained(tmp_path)
    model = small_model("rnn").float()
    optimiser = torch.optim.Adam(model.parameters(), weight_decay=0.25)
    Checkpoints(tmp_path, model, optimiser).restore()
    assert optimiser.param_groups[0]["weight_decay"] == 0.25
    assert len(optimiser.state) == len(list(model.parameters()))
    split = torch.optim.Adam([{"params": [p]} for p in model.parameters()])
    with pytest.raises(AttnlabError, match="trained by another optimiser"):
        Checkpoints(tmp_path, model, split).restore()
