"""The loop: it learns, it ends, it can go on, and it never spoils weights."""

import copy
import math
from itertools import islice
from pathlib import Path

import pytest
import torch

from attnlab.data.batching import EncodedPair, TrainingBatches
from attnlab.models import MODELS
from attnlab.support.errors import UsageError
from attnlab.training.distributed import ALONE
from attnlab.training.execution import resolve_precision
from attnlab.training.loop import Limits, NonFinite, optimise
from attnlab.training.objective import Objective, total_cross_entropy
from attnlab.training.optimiser import with_highest_rates
from attnlab.training.schedule import SCHEDULES, ScheduleConfig
from attnlab.training.state import TrainState
from tests.conftest import objective_config, small_model

# A word-for-word language of eight words, so that there is something to learn.
_WORDS = [[(n * k) % 8 for k in range(1, 2 + n % 4)] for n in range(50)]
PAIRS = [EncodedPair([4 + w for w in words], [5 + w for w in words]) for words in _WORDS]


def steps_of(model, state=None, optimiser=None, **changes):
    settings = {
        "objective": {"label_smoothing": 0.0},
        "schedule": SCHEDULES.build(ScheduleConfig(name="constant", warmup_updates=0)),
        "limits": Limits(max_updates=60, max_epochs=None, max_seconds=None),
        "learning_rate": 0.02,
        "clip_norm": 1.0,
        "precision": "float32",
        "accumulate": 1,
        "average": None,
        "batch_tokens": 60,
        "group": ALONE,
    } | changes
    optimiser = optimiser or torch.optim.Adam(model.parameters(), lr=settings["learning_rate"])
    objective = Objective(model, objective_config(**settings["objective"]))
    return optimise(
        settings["group"].with_shared_gradients(objective),
        TrainingBatches(PAIRS, settings["batch_tokens"], seed=1),
        with_highest_rates(optimiser),
        settings["schedule"],
        settings["limits"],
        state or TrainState(),
        clip_norm=settings["clip_norm"],
        precision=settings["precision"],
        accumulate=settings["accumulate"],
        average=settings["average"],
        group=settings["group"],
    )


@pytest.mark.parametrize("precision", ["float32", pytest.param("bfloat16", marks=pytest.mark.slow)])
@pytest.mark.parametrize("name", list(MODELS))
def test_every_model_learns(name, precision):
    model = small_model(name, dropout=0.0).float()
    losses = [step.loss for step in steps_of(model, precision=precision)]
    assert losses[0] == pytest.approx(math.log(23), rel=0.4)  # it began by guessing
    assert sum(losses[-10:]) / 10 < 0.6 * losses[0]


@pytest.mark.parametrize("name", list(MODELS))
def test_bfloat16_stays_near_float32(name):
    model = small_model(name, dropout=0.0).float()
    twin = copy.deepcopy(model)
    exact = [step.loss for step in islice(steps_of(model), 20)]
    rounded = [step.loss for step in islice(steps_of(twin, precision="bfloat16"), 20)]
    assert rounded != exact
    assert rounded == pytest.approx(exact, rel=0.05)


def test_limits():
    model = small_model("rnn").float()
    per_epoch = TrainingBatches(PAIRS, 60, seed=1).batches_in(0)
    ends = {
        "updates": (Limits(max_updates=7, max_epochs=None, max_seconds=None), 7),
        "epochs": (Limits(max_updates=None, max_epochs=2, max_seconds=None), 2 * per_epoch),
        "the first": (Limits(max_updates=7, max_epochs=2, max_seconds=None), 7),
        "no time": (Limits(max_updates=None, max_epochs=None, max_seconds=0.0), 0),
    }
    for limits, expected in ends.values():
        steps = list(steps_of(model, limits=limits))
        assert len(steps) == expected
        if steps:
            assert steps[-1].done == 1.0
            assert [step.update for step in steps] == list(range(1, expected + 1))
    with pytest.raises(UsageError, match="would never end; set one of: max_updates="):
        Limits(max_updates=None, max_epochs=None, max_seconds=None)


def test_accumulated_batches_are_one_update_on_all_of_their_tokens():
    one, other = (small_model("transformer", dropout=0.0) for _ in range(2))
    other.load_state_dict(one.state_dict())
    whole, parts = TrainingBatches(PAIRS, 60, seed=1), TrainingBatches(PAIRS, 60, seed=1)
    count = whole.batches_in(0)
    limits = Limits(max_updates=None, max_epochs=1, max_seconds=None)
    steps = list(steps_of(one, limits=limits, accumulate=4, learning_rate=1e-9))
    assert len(steps) == -(-count // 4)
    assert steps[-1].done == 1.0
    batches = list(parts.epoch(0))
    for step, start in zip(steps, range(0, count, 4), strict=True):
        some = batches[start : start + 4]
        with torch.no_grad():
            losses = [float(total_cross_entropy(other, batch)) for batch in some]
        tokens = sum(batch.target_tokens for batch in some)
        assert step.target_tokens == tokens
        assert step.loss == pytest.approx(sum(losses) / tokens, rel=1e-5)


def test_time_is_a_limit():
    limits = Limits(max_updates=None, max_epochs=None, max_seconds=0.3)
    steps = list(steps_of(small_model("rnn").float(), limits=limits))
    assert steps, "and it ends by itself"
    assert all(step.done < 1.0 for step in steps[:-1]), "no step begins once the time is up"
    state = TrainState(earlier_seconds=1.0)
    assert list(steps_of(small_model("rnn").float(), state, limits=limits)) == []


def test_the_gradient_is_clipped_to_its_norm():
    model = small_model("rnn").float()
    optimiser = torch.optim.SGD(model.parameters(), lr=1.0)
    before = [p.detach().clone() for p in model.parameters()]
    step = next(steps_of(model, optimiser=optimiser, clip_norm=0.1))
    moved = torch.cat([(p - q).flatten() for p, q in zip(model.parameters(), before, strict=True)])
    assert step.gradient_norm > 0.1
    assert moved.norm().item() == pytest.approx(0.1, rel=1e-3)


@pytest.mark.parametrize("what", ["loss", "gradient_norm"])
@pytest.mark.parametrize("name", ["rnn", "transformer post batch swiglu"])
def test_a_batch_without_a_finite_number_leaves_model_and_optimiser_alone(name, what):
    model = small_model(name).float()
    optimiser = torch.optim.Adam(model.parameters(), lr=0.02)
    state = TrainState()
    steps = steps_of(model, state, optimiser)
    next(steps)
    weight = model.output.weight
    if what == "loss":
        with torch.no_grad():
            weight[5] = math.inf
    else:
        spoil = weight.register_hook(lambda gradient: gradient * math.inf)
    before = copy.deepcopy((model.state_dict(), optimiser.state_dict()["state"]))
    found = [next(steps), next(steps)]
    assert all(isinstance(each, NonFinite) for each in found)
    assert [(each.update, each.epoch, each.place) for each in found] == [(2, 0, 1), (2, 0, 2)]
    assert not math.isfinite(getattr(found[0], what))
    assert math.isfinite(found[0].loss) == (what == "gradient_norm")
    expected = list(islice(TrainingBatches(PAIRS, 60, seed=1).epoch(0), 3))
    for each, batch in zip(found, expected[1:], strict=True):
        assert torch.equal(each.batch.source, batch.source)
    after = model.state_dict(), optimiser.state_dict()["state"]
    for name, value in after[0].items():
        assert torch.equal(value, before[0][name])
    for index, values in after[1].items():
        for name, value in values.items():
            assert torch.equal(value, before[1][index][name])
    assert (state.update, state.batch) == (1, 3)
    assert (state.skipped, state.skipped_in_a_row) == (2, 2)
    if what == "gradient_norm":
        spoil.remove()
        step = next(steps)
        assert (step.update, state.skipped, state.skipped_in_a_row) == (2, 2, 0)


def test_precision_by_name():
    cpu = torch.device("cpu")
    assert resolve_precision("float32", cpu) == "float32"
    flags = Path("/proc/cpuinfo").read_text().split() if Path("/proc/cpuinfo").exists() else []
    possible = {"float32", "bfloat16"}
    if "amx_tile" in flags:  # as Linux names what the processor can do
        possible = {"bfloat16"}
    elif "avx512_bf16" not in flags:
        possible = {"float32"}
    chosen = {resolve_precision("auto", cpu) for _ in range(5)}
    assert len(chosen) == 1, "one machine, one answer"
    assert chosen <= possible
    with pytest.raises(UsageError, match="precision=half is none of: auto, float32, bfloat16"):
        resolve_precision("half", cpu)
