"""What a step keeps is measured on a few sentences, and near what the whole batch keeps."""

import pytest
import torch

from attnlab.data.batching import EncodedPair, TrainingBatches
from attnlab.models import MODELS
from attnlab.support import machine
from attnlab.support.errors import AttnlabError
from attnlab.training import step_memory
from attnlab.training.objective import Objective
from attnlab.training.step_memory import kept_for_backward, require_room_for_steps
from tests.conftest import objective_config, small_model

PAIRS = [EncodedPair([4 + n % 9] * (n % 12 + 1), [5 + n % 9] * (n % 12 + 1)) for n in range(300)]
WHOLE = 10**9


def objective_of(name):
    return Objective(small_model(name), objective_config(label_smoothing=0.1)).eval()


@pytest.mark.parametrize("sentences", [None, 200])
@pytest.mark.parametrize("name", list(MODELS))
def test_a_batch_keeps_about_what_its_beginning_foretells(name, sentences, monkeypatch):
    objective = objective_of(name)
    before = {key: value.clone() for key, value in objective.state_dict().items()}
    random = torch.get_rng_state()
    batches = TrainingBatches(PAIRS, WHOLE, 1, sentences)
    some, rows = batches.beginning_of_largest(400)
    assert rows == (sentences or len(PAIRS)) > len(some.source)
    whole, _ = batches.beginning_of_largest(WHOLE)
    kept = kept_for_backward(objective, whole, "float32")
    check = {"batch_tokens": None, "precision": "float32", "processes": 1}
    monkeypatch.setattr(step_memory, "TOKENS_TO_MEASURE", 400)
    monkeypatch.setattr(machine, "memory_of", lambda _: round(1.25 * kept))
    require_room_for_steps(objective, batches, **check)
    monkeypatch.setattr(machine, "memory_of", lambda _: round(0.75 * kept))
    message = rf"an update on {rows:,} sentences of .* lower batch_tokens= or batch_sentences="
    with pytest.raises(AttnlabError, match=message):
        require_room_for_steps(objective, batches, **check)
    require_room_for_steps(objective, batches, **check | {"processes": 2})
    assert torch.equal(random, torch.get_rng_state())
    assert not objective.training
    assert all(torch.equal(before[key], value) for key, value in objective.state_dict().items())


def test_nothing_is_measured_where_batch_tokens_bound_it():
    def fail(_):
        raise AssertionError("measured")

    objective, batches = objective_of("rnn"), TrainingBatches(PAIRS, 2048, 1)
    objective.register_forward_pre_hook(lambda *_: fail(_))
    require_room_for_steps(objective, batches, 2048, precision="float32", processes=1)
