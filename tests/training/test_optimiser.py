"""Optimisers beside torch's own, by hand, and resumed to the bit under every schedule."""

import copy

import pytest
import torch
from torch import nn

from attnlab.models import MODELS
from attnlab.support.errors import UsageError
from attnlab.training.averaging import AveragingConfig, MovingAverage
from attnlab.training.execution import computing_in
from attnlab.training.muon import COEFFICIENTS, ITERATIONS, Muon, orthogonal
from attnlab.training.optimiser import OPTIMISERS, Combined, build_optimiser, hidden_matrices
from attnlab.training.resuming import Checkpoints
from attnlab.training.schedule import SCHEDULES
from attnlab.training.state import TrainState
from tests.cases import one_by_one
from tests.conftest import shipped_values, small_model
from tests.training.test_loop import steps_of
from tests.training.test_schedule import schedule_of

NAMES = list(OPTIMISERS)


def optimiser_of(name, model, **changes):
    values = shipped_values("optimiser", name) | changes
    return build_optimiser(OPTIMISERS.config(name)(**values), model)


def losses(steps, number):
    return [next(steps).loss for _ in range(number)]


def averaged(model, parts):
    with parts["average"].applied():
        return [weight.tolist() for weight in model.parameters()]


@one_by_one(name=NAMES, schedule_name=list(SCHEDULES))
def test_every_optimiser_goes_on_to_the_bit_under_every_schedule(name, schedule_name, tmp_path):
    def begun():
        model = small_model("transformer", dropout=0.3).float()
        schedule = schedule_of(schedule_name, 4, **patience)
        average = MovingAverage(AveragingConfig(ema_decay=0.9), model)
        return model, optimiser_of(name, model), {"schedule": schedule, "average": average}

    patience = {"patience": 1} if schedule_name == "plateau" else {}
    model, optimiser, parts = begun()
    state, schedule = TrainState(), parts["schedule"]
    steps = steps_of(model, state, optimiser, **parts)
    losses(steps, 6)
    for quality in (2.0, 1.0):
        schedule.observe(quality)
    Checkpoints(tmp_path, model, optimiser, **parts).save_last(state)
    undisturbed = losses(steps, 5), averaged(model, parts)

    torch.manual_seed(99)
    model, optimiser, parts = begun()
    restored = Checkpoints(tmp_path, model, optimiser, **parts).restore()
    steps = steps_of(model, restored, optimiser, **parts)
    assert (losses(steps, 5), averaged(model, parts)) == undisturbed


@one_by_one(name=NAMES, model_name=list(MODELS))
def test_every_optimiser_learns_with_its_shipped_settings(name, model_name):
    model = small_model(model_name, dropout=0.0).float()
    schedule = schedule_of("constant", 10)  # with a warm-up, as it ships
    steps = steps_of(model, optimiser=optimiser_of(name, model), schedule=schedule)
    found = losses(steps, 60)
    assert sum(found[-10:]) / 10 < 0.75 * found[0]


@pytest.mark.parametrize("name", NAMES)
def test_every_group_keeps_its_share_of_its_own_highest_rate(name):
    model = small_model("rnn").float()
    optimiser = optimiser_of(name, model)
    highest = [group["lr"] for group in optimiser.param_groups]
    step = next(steps_of(model, optimiser=optimiser, schedule=schedule_of("constant", 4)))
    assert [group["lr"] for group in optimiser.param_groups] == [rate / 4 for rate in highest]
    assert step.learning_rate == highest[0] / 4


@pytest.mark.parametrize("name", NAMES)
def test_every_parameter_is_in_one_group_and_moves(name):
    model = small_model("transformer", dropout=0.0).float()
    optimiser = optimiser_of(name, model)
    grouped = [id(p) for group in optimiser.param_groups for p in group["params"]]
    assert sorted(grouped) == sorted(id(p) for p in model.parameters())
    before = copy.deepcopy(model.state_dict())
    losses(steps_of(model, optimiser=optimiser), 2)
    for name_of_it, value in model.state_dict().items():
        assert not torch.equal(value, before[name_of_it]), name_of_it


def test_adafactor_by_hand():
    # Shazeer & Stern 2018, algorithm 5, first step: β2 = 0, so that the second moments are those
    # of the gradient alone, R C / mean(R) of a matrix of rank 1 is its square, and the update is
    # its sign; the step is the learning rate of the weights' root mean square, √(16/4).
    layer = nn.Linear(2, 2, bias=False)
    with torch.no_grad():
        layer.weight.fill_(2.0)
    layer.weight.grad = torch.tensor([[1.0, -2.0], [3.0, -6.0]])
    optimiser = optimiser_of("adafactor", layer, learning_rate=0.1)
    optimiser.step()
    expected = torch.tensor([[1.8, 2.2], [1.8, 2.2]])
    torch.testing.assert_close(layer.weight.detach(), expected)


@pytest.mark.parametrize("model_name", list(MODELS))
@pytest.mark.parametrize("tie", ["none", "target"])
def test_muon_has_hidden_matrices_alone(model_name, tie):
    model = small_model(model_name, tie_embeddings=tie)
    hidden = {id(p) for p in hidden_matrices(model)}
    names = {name for name, p in model.named_parameters() if id(p) in hidden}
    assert names
    assert not any("embedding" in name or name.startswith("output") for name in names)
    left = [p for p in model.parameters() if id(p) not in hidden]
    vocabulary_sized = [p for p in left if p.dim() > 1 and min(p.shape) > 1]
    assert {p.size(0) for p in vocabulary_sized} == {19, 23}
    optimiser = optimiser_of("muon", model)
    assert [id(p) for p in optimiser.param_groups[0]["params"]] == [
        id(p) for p in model.parameters() if id(p) in hidden
    ]
    assert [group["weight_decay"] for group in optimiser.param_groups] == [0.01, 0.01, 0.0]


@pytest.mark.parametrize(("rows", "columns"), [(5, 7), (7, 5), (6, 6)])
def test_orthogonal_does_its_polynomial_to_each_singular_value(rows, columns):
    matrices = torch.randn(3, rows, columns, dtype=torch.float64)
    left, scales, right = torch.linalg.svd(matrices, full_matrices=False)
    scales = scales / scales.square().sum(-1, keepdim=True).sqrt()
    a, b, c = COEFFICIENTS
    for _ in range(ITERATIONS):
        scales = a * scales + b * scales**3 + c * scales**5
    torch.testing.assert_close(orthogonal(matrices), left * scales.unsqueeze(1) @ right)


@pytest.mark.skipif(not hasattr(torch.optim, "Muon"), reason="this torch has no Muon")
@pytest.mark.parametrize("precision", ["float32", "bfloat16"])
def test_muon_equals_torch_as_far_as_bfloat16_goes(precision):
    shapes = (12, 7), (7, 12), (12, 7), (9, 9)
    ours, theirs = ([nn.Parameter(torch.ones(shape)) for shape in shapes] for _ in range(2))
    settings = {"lr": 0.1, "momentum": 0.9, "weight_decay": 0.3}
    optimisers = Muon(ours, **settings), torch.optim.Muon(theirs, **settings)
    for _ in range(4):
        for weights in zip(ours, theirs, strict=True):
            gradient = torch.randn(weights[0].shape)
            for weight in weights:
                weight.grad = gradient.clone()
        for optimiser in optimisers:
            with computing_in(precision, torch.device("cpu")):
                optimiser.step()
    for one, other in zip(ours, theirs, strict=True):
        torch.testing.assert_close(one, other, rtol=0, atol=0.02)
        assert (one - 1).abs().max() > 0.2, "they have gone far"
        assert one.dtype == torch.float32


def test_combined_is_its_parts_one_after_the_other():
    def weights():
        torch.manual_seed(3)
        return [nn.Parameter(torch.randn(size)) for size in (3, 5, 7)]

    def parts(some):
        one = torch.optim.SGD(some[:1], lr=0.1, momentum=0.9)
        groups = [{"params": some[1:2], "weight_decay": 0.5}, {"params": some[2:]}]
        return one, torch.optim.AdamW(groups, lr=0.01)

    def step(some, *optimisers):
        for number, weight in enumerate(some):
            weight.grad = torch.sin(weight.detach() * (number + 1))
        for optimiser in optimisers:
            optimiser.step()

    apart, together, resumed = weights(), weights(), weights()
    apart_parts, combined = parts(apart), Combined(*parts(together))
    for _ in range(3):
        step(apart, *apart_parts)
        step(together, combined)
    again = Combined(*parts(resumed))
    again.load_state_dict(copy.deepcopy(combined.state_dict()))
    with torch.no_grad():
        for weight, value in zip(resumed, together, strict=True):
            weight.copy_(value)
    for _ in range(3):
        step(apart, *apart_parts)
        step(together, combined)
        step(resumed, again)
    for one, two, three in zip(apart, together, resumed, strict=True):
        assert torch.equal(one, two)
        assert torch.equal(one, three)
    combined.zero_grad()
    assert all(weight.grad is None for weight in together)
    combined.param_groups[0]["lr"] = 0.0  # as a schedule does
    before = together[0].detach().clone()
    step(together, combined)
    assert torch.equal(together[0], before)


def test_adam_takes_two_betas():
    with pytest.raises(UsageError, match=r"optimiser\.betas=\[0.9\] must be two numbers"):
        optimiser_of("adam", small_model("rnn"), betas=[0.9])
