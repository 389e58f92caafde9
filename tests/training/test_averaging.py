"""The moving average of weights: by hand, beside torch's own, and resumed to the bit."""

from itertools import islice

import pytest
import torch
from torch import nn
from torch.optim.swa_utils import AveragedModel, get_ema_multi_avg_fn

from attnlab.models import MODELS
from attnlab.models.layers import running_statistics
from attnlab.training.averaging import AveragingConfig, MovingAverage
from attnlab.training.checkpoint import load_weights
from attnlab.training.resuming import Checkpoints
from attnlab.training.state import TrainState
from tests.conftest import small_model
from tests.training.test_loop import steps_of


def average_of(model, ema_decay=0.9):
    return MovingAverage(AveragingConfig(ema_decay=ema_decay), model)


def weights_of(model):
    learnt = [*model.parameters(), *running_statistics(model)]
    return [weight.detach().clone() for weight in learnt]


def equal(some, others):
    return all(torch.equal(one, other) for one, other in zip(some, others, strict=True))


def test_by_hand():
    layer = nn.Linear(1, 1, bias=False)
    nn.init.constant_(layer.weight, 1.0)
    average = average_of(layer, 0.26)
    seen = []
    for update, weight in enumerate([2.0, 3.0, 4.0], start=1):
        nn.init.constant_(layer.weight, weight)
        average.update(update)
        with average.applied():
            seen.append(layer.weight.item())
        assert layer.weight.item() == weight
    # d = 2/11, 3/12, and then 0.26 as 4/13 is more
    first = 2 / 11 * 1 + 9 / 11 * 2
    second = 3 / 12 * first + 9 / 12 * 3
    assert seen == pytest.approx([first, second, 0.26 * second + 0.74 * 4])


@pytest.mark.parametrize("name", [*MODELS, "transformer post batch swiglu"])
def test_past_the_warm_up_it_is_that_of_torch(name):
    model = small_model(name, dropout=0.0).float()
    theirs = AveragedModel(model, multi_avg_fn=get_ema_multi_avg_fn(0.9), use_buffers=True)
    theirs.update_parameters(model)  # its first one copies
    average = average_of(model)
    for update, _ in enumerate(islice(steps_of(model), 12), start=1000):
        average.update(update)
        theirs.update_parameters(model)
    raw = weights_of(model)
    with average.applied():
        for own, expected in zip(weights_of(model), weights_of(theirs.module), strict=True):
            torch.testing.assert_close(own, expected)
        assert not equal(weights_of(model), raw)
    assert equal(weights_of(model), raw)


def test_applying_it_copies_nothing():
    model = small_model("bahdanau", tie_embeddings="target").float()
    average = average_of(model)
    own = [weight.data_ptr() for weight in model.parameters()]
    with average.applied():
        assert not set(own) & {weight.data_ptr() for weight in model.parameters()}
        embeddings = [each for each in model.modules() if isinstance(each, nn.Embedding)]
        assert any(each.weight is model.output.weight for each in embeddings), "a tie stays one"
    assert [weight.data_ptr() for weight in model.parameters()] == own


def test_the_models_own_weights_are_back_after_a_failure():
    model = small_model("rnn").float()
    average = average_of(model)
    next(steps_of(model, average=average))
    raw = weights_of(model)
    with pytest.raises(KeyboardInterrupt), average.applied():
        raise KeyboardInterrupt
    assert equal(weights_of(model), raw)


def test_without_a_decay_there_is_none():
    model = small_model("rnn").float()
    average = average_of(model, None)
    next(steps_of(model, average=average))
    raw = weights_of(model)
    with average.applied():
        assert equal(weights_of(model), raw)
    assert average.state_dict() == {}


@pytest.mark.parametrize("decays", [(0.9, 0.9), (None, 0.9), (0.9, None)])
@pytest.mark.parametrize("name", ["transformer", "transformer post batch swiglu"])
def test_it_goes_on_to_the_bit_and_may_begin_or_end_with_a_resumption(name, decays, tmp_path):
    model = small_model(name, dropout=0.3).float()
    state, optimiser = TrainState(), torch.optim.Adam(model.parameters(), lr=0.02)
    average = average_of(model, decays[0])
    steps = steps_of(model, state, optimiser, average=average)
    for _ in range(5):
        next(steps)
    Checkpoints(tmp_path, model, optimiser, average=average).save_last(state)
    raw = weights_of(model)
    with average.applied():
        averaged = weights_of(model)
    assert equal(raw, averaged) == (decays[0] is None)
    undisturbed = [next(steps).loss for _ in range(4)]
    with average.applied():
        averaged_later = weights_of(model)

    loaded = small_model(name).float()
    load_weights(tmp_path / "last", loaded)
    assert equal(weights_of(loaded), averaged), "what eval uses"

    again = small_model(name, dropout=0.3).float()
    optimiser = torch.optim.Adam(again.parameters(), lr=0.02)
    average_again = average_of(again, decays[1])
    restored = Checkpoints(tmp_path, again, optimiser, average=average_again).restore()
    assert equal(weights_of(again), raw)
    with average_again.applied():
        assert equal(weights_of(again), raw if decays[1] is None else averaged)
    steps = steps_of(again, restored, optimiser, average=average_again)
    assert [next(steps).loss for _ in range(4)] == undisturbed
    with average_again.applied():
        assert equal(weights_of(again), averaged_later) == (decays == (0.9, 0.9))
