"""A training state that was crafted is refused before anything of it is used."""

import copy
import shutil
from dataclasses import dataclass, field
from itertools import product

import pytest
import torch

from attnlab.support.errors import AttnlabError
from attnlab.support.files import seal
from attnlab.training.averaging import AveragingConfig, MovingAverage
from attnlab.training.checkpoint import TRAINING
from attnlab.training.resuming import Checkpoints
from attnlab.training.state import TrainState, from_plain
from tests.cases import combinations_of
from tests.conftest import small_model
from tests.training.test_loop import steps_of
from tests.training.test_optimiser import NAMES, optimiser_of
from tests.training.test_schedule import schedule_of


def parts_of(model):
    average = MovingAverage(AveragingConfig(ema_decay=0.9), model)
    return {"schedule": schedule_of("plateau", 4, patience=1), "average": average}


@pytest.fixture(scope="module", params=NAMES)
def saved(request, tmp_path_factory):
    """A checkpoint after three updates; the optimiser's name."""
    torch.manual_seed(1)
    folder = tmp_path_factory.mktemp("saved") / "last"
    model = small_model("rnn").float()
    optimiser, state, parts = (
        optimiser_of(request.param, model),
        TrainState("bleu"),
        parts_of(model),
    )
    steps = steps_of(model, state, optimiser)
    while state.update < 3:
        next(steps)
    Checkpoints(folder.parent, model, optimiser, **parts).save_last(state)
    return folder, request.param


def restore(folder, name):
    model = small_model("rnn").float()
    optimiser = optimiser_of(name, model)
    Checkpoints(folder.parent, model, optimiser, **parts_of(model)).restore()
    return model, optimiser


def tampered(saved, tmp_path, change):
    """A sealed copy of the checkpoint, whose training state `change` has altered."""
    folder, name = saved
    state = torch.load(folder / TRAINING, weights_only=True)
    change(state)
    copy = tmp_path / "last"
    shutil.copytree(folder, copy, dirs_exist_ok=True)
    torch.save(state, copy / TRAINING)
    seal(copy)
    return copy, name


def gathered(tensors):
    """The tensors of one parameter by their names, each in turn."""
    return [(number, key) for number, each in tensors.items() for key in each]


TENSORS = {
    "one number": lambda tensor: torch.zeros(1) if tensor.numel() > 1 else torch.zeros(2),
    "none": lambda _: torch.zeros(0),
    "larger": lambda tensor: torch.zeros(*tensor.shape, 2),
    "another type": lambda tensor: tensor.to(torch.int8),
    "half": lambda tensor: tensor.half(),
    "not finite": lambda tensor: torch.full_like(tensor, torch.nan),
    "no tensor": lambda _: [1.0],
    "sparse": lambda tensor: tensor.to_sparse(),
    "meta": lambda tensor: tensor.to("meta"),
}


@combinations_of(
    {"saved": NAMES, "how": TENSORS},
    {*product(NAMES, ["one number"]), *product(["adafactor"], TENSORS)},
    indirect=["saved"],
)
def test_every_tensor_of_every_optimiser_fits_its_parameter(saved, tmp_path, how):
    state = torch.load(saved[0] / TRAINING, weights_only=True)["optimiser"]["state"]
    kinds = {key: number for number, key in gathered(state)}  # one of each name
    assert kinds, "else nothing is tested"
    for key, number in kinds.items():

        def change(state, number=number, key=key):
            tensors = state["optimiser"]["state"][number]
            tensors[key] = TENSORS[how](tensors[key])

        with pytest.raises(AttnlabError, match=r"no whole training state \("):
            restore(*tampered(saved, tmp_path, change))


def test_tensors_that_share_memory_or_are_stretched_get_their_own(saved, tmp_path):
    """All of a parameter's tensors of one shape, and all steps, are views of the same numbers."""

    def change(state):
        shared = {}
        for tensors in state["optimiser"]["state"].values():
            for key, tensor in tensors.items():
                one = shared.setdefault(key if key == "step" else "other", torch.ones(()) * 3)
                tensors[key] = one.expand(tensor.shape)

    model, optimiser = restore(*tampered(saved, tmp_path, change))
    storages = set()
    for parameter, tensors in optimiser.state.items():
        for tensor in tensors.values():
            storages.add(tensor.untyped_storage().data_ptr())
            assert tensor.shape != parameter.shape or tensor.stride() == parameter.stride()
    assert len(storages) == sum(map(len, optimiser.state.values()))
    for parameter in model.parameters():
        parameter.grad = torch.ones_like(parameter)
    optimiser.step()
    assert all(torch.isfinite(parameter).all() for parameter in model.parameters())


def put(*path_and_value):
    *path, last, value = path_and_value

    def change(state):
        for key in path:
            state = state[key]
        state[last] = value

    return change


CRAFTED = {
    "update is text": put("update", "3"),
    "update is true": put("update", True),
    "update is a fraction": put("update", 3.5),
    "update is negative": put("update", -1),
    "update is beyond counting": put("update", 1 << 70),
    "batch is negative": put("batch", -4),
    "epoch is ahead of the updates": put("epoch", 10**9),
    "seconds are not finite": put("seconds", torch.inf),
    "seconds are negative": put("seconds", -1.0),
    "seconds are a tensor": put("seconds", torch.ones(3)),
    "skipped is absent": lambda state: state.pop("skipped"),
    "notes are a list": put("notes", []),
    "notes know more": put("notes", "more", 1),
    "best has no loss": put("notes", "best", {"scores": {"bleu": 1.0}}),
    "best is not finite": put("notes", "best", {"scores": {"bleu": torch.nan, "loss": 1.0}}),
    "best is text": put("notes", "best", {"scores": {"bleu": "1", "loss": 1.0}}),
    "patience is negative": put("notes", "patience", "without", -2),
    "steps without tokens": put("notes", "unreported", "steps", 2),
    "share is above 1": put("parts", "schedule", "share", 1e9),
    "share is not finite": put("parts", "schedule", "share", torch.nan),
    "schedule is absent": lambda state: state["parts"].pop("schedule"),
    "averaged weights are stretched": put("parts", "average", "weights", 0, torch.zeros(1)),
    "averaged weights are fewer": lambda state: state["parts"]["average"]["weights"].pop(),
    "averaged weights are none": put("parts", "average", "weights", 0, None),
    "no random state": put("random", []),
    "a random state of another size": put("random", 0, "cpu", torch.zeros(3, dtype=torch.uint8)),
    "a random state of zeros": put("random", 0, "cpu", torch.zeros(5056, dtype=torch.uint8)),
    "a random state of numbers": put("random", 0, "cpu", torch.zeros(5056)),
    "the rate is not finite": put("optimiser", "param_groups", 0, "lr", torch.inf),
    "the rate is a tensor": put("optimiser", "param_groups", 0, "lr", torch.ones(7)),
    "parameters twice": lambda state: state["optimiser"]["param_groups"][0]["params"].reverse(),
    "a parameter that is not there": put("optimiser", "state", 99, {"step": torch.ones(())}),
    "a parameter by a name": put("optimiser", "state", "0", {}),
    "a parameter's state is a list": put("optimiser", "state", 0, [1]),
    "another optimiser's state": put("optimiser", "state", 0, {"step": torch.ones(())}),
    "no optimiser": put("optimiser", []),
}


OF_THE_OPTIMISER = [what for what in CRAFTED if "parameter" in what or "optimiser" in what]


@pytest.mark.parametrize(
    ("saved", "what"),
    [("adam", what) for what in CRAFTED] + [("muon", what) for what in OF_THE_OPTIMISER],
    indirect=["saved"],
)
def test_every_value_is_checked(saved, tmp_path, what):
    with pytest.raises(AttnlabError, match="no whole training state"):
        restore(*tampered(saved, tmp_path, CRAFTED[what]))


def test_steps_are_those_of_the_updates(saved, tmp_path):
    state = torch.load(saved[0] / TRAINING, weights_only=True)["optimiser"]["state"]
    for number in [number for number, each in state.items() if "step" in each][:1]:
        for step in (-1.0, 0.0, 2.5, 4.0, 1e30):
            change = put("optimiser", "state", number, "step", torch.tensor(step))
            with pytest.raises(AttnlabError, match=rf"step of parameter {number} is "):
                restore(*tampered(saved, tmp_path, change))


@pytest.mark.parametrize("saved", ["adam"], indirect=True)
@pytest.mark.parametrize("length", [0, 1, 3, 100, 1000, 5000, -1000, -100, -22, -1])
def test_a_truncated_state_without_checksums_is_damaged(saved, tmp_path, length):
    folder, name = tampered(saved, tmp_path, lambda _: None)
    content = (folder / TRAINING).read_bytes()
    (folder / TRAINING).write_bytes(content[:length])
    (folder / "SHA256SUMS").unlink()
    with pytest.raises(AttnlabError, match=r"training\.pt: this is no whole training state"):
        restore(folder, name)


@dataclass
class Inner:
    many: list[int]
    maybe: float | None = None


@dataclass
class Outer:
    name: str
    inner: Inner
    scores: dict[str, float] = field(default_factory=dict)


GOOD = {"name": "a", "inner": {"many": [1, 2], "maybe": 1.5}, "scores": {"x": 1}}


def test_plain_values_become_dataclasses():
    assert from_plain(Outer, GOOD) == Outer("a", Inner([1, 2], 1.5), {"x": 1.0})
    assert from_plain(Outer, GOOD | {"inner": {"many": []}}) == Outer("a", Inner([]), {"x": 1.0})
    bad = [(("name",), 3), (("inner",), None), (("inner", "many"), [True]), (("scores",), {1: 2.0})]
    bad += [(("inner", "maybe"), "1"), (("inner", "many"), (1, 2)), (("scores", "x"), 1 << 2000)]
    for path, value in bad:
        values = copy.deepcopy(GOOD)
        put(*path, value)(values)
        with pytest.raises(ValueError, match=path[-1]):
            from_plain(Outer, values)
