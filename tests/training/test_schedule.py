"""Schedules by hand arithmetic."""

import json
import math
import random

import pytest
import torch

from attnlab.training.schedule import SCHEDULES
from tests.conftest import shipped_values


def schedule_of(name, warmup_updates=10, **changes):
    values = shipped_values("schedule", name) | {"warmup_updates": warmup_updates} | changes
    return SCHEDULES.build(SCHEDULES.config(name)(**values))


@pytest.mark.parametrize("name", list(SCHEDULES))
def test_warm_up_rises_evenly(name):
    schedule = schedule_of(name)
    assert schedule(1, 0.0) == pytest.approx(0.1)
    assert schedule(5, 0.0) == pytest.approx(0.5)
    assert schedule(10, 0.0) == pytest.approx(1.0)


@pytest.mark.parametrize(
    ("name", "update", "done", "expected"),
    [
        ("constant", 1000, 0.9, 1.0),
        ("linear", 1000, 0.75, 0.25),
        ("linear", 1000, 1.0, 0.0),
        ("cosine", 1000, 0.5, 0.5),
        ("cosine", 1000, 1 / 3, 0.75),  # (1 + cos 60°) / 2
        ("inverse_sqrt", 40, 0.9, 0.5),  # √(10 / 40)
        ("inverse_sqrt", 1000, 0.1, 0.1),
    ],
)
def test_curves(name, update, done, expected):
    assert schedule_of(name)(update, done) == pytest.approx(expected)


def test_noam_is_inverse_square_root_up_to_its_scale():
    # Vaswani et al. 2017, equation 3, with warm-up 4000, relative to its peak at update 4000
    schedule = schedule_of("inverse_sqrt", 4000)
    for update in (1, 100, 4000, 5000, 100_000):
        noam = min(update**-0.5, update * 4000**-1.5)
        assert schedule(update, 0.0) == pytest.approx(noam / 4000**-0.5)


def test_no_warm_up():
    assert schedule_of("constant", 0)(1, 0.0) == 1.0
    assert math.isfinite(schedule_of("inverse_sqrt", 0)(1, 0.0))


def plateau_shares(schedule, qualities):
    """The share after each validation."""
    shares = []
    for quality in qualities:
        schedule.observe(quality)
        shares.append(schedule(1000, 0.5))
    return shares


@pytest.mark.parametrize("seed", range(20))
def test_plateau_is_that_of_torch(seed):
    chance = random.Random(seed)
    settings = {
        "factor": chance.choice([0.1, 0.5, 0.7]),
        "patience": chance.randint(1, 4),
        "minimum_improvement": chance.choice([0.0, 0.5, 2.0]),
        "minimum_share": chance.choice([0.0, 0.01, 0.3]),
    }
    # rises, levels off and is noisy: as BLEU does
    qualities = [60 * (1 - 0.9**n) + chance.choice([0, 0, 1, -2]) for n in range(60)]
    optimiser = torch.optim.SGD([torch.zeros(1, requires_grad=True)], lr=1.0)
    theirs = torch.optim.lr_scheduler.ReduceLROnPlateau(
        optimiser,
        mode="max",
        factor=settings["factor"],
        patience=settings["patience"] - 1,  # it waits for one more than it says
        threshold=settings["minimum_improvement"],
        threshold_mode="abs",
        min_lr=settings["minimum_share"],
        eps=0.0,
    )
    expected = []
    for quality in qualities:
        theirs.step(quality)
        expected.append(optimiser.param_groups[0]["lr"])
    assert expected[-1] < 1.0
    assert plateau_shares(schedule_of("plateau", 0, **settings), qualities) == expected


def test_plateau_by_hand():
    schedule = schedule_of("plateau", patience=2, factor=0.5, minimum_improvement=1.0)
    assert plateau_shares(schedule, [10, 10.9, 11.1, 11.2, 12, 9, 9]) == [
        1,
        1,
        1,
        1,
        0.5,
        0.5,
        0.25,
    ]


@pytest.mark.parametrize("cut", [1, 4, 6])
def test_plateau_goes_on_where_it_was(cut):
    qualities = [10, 9, 9, 9, 9, 11, 10, 10, 10, 10]
    whole = plateau_shares(schedule_of("plateau"), qualities)
    first, second = schedule_of("plateau"), schedule_of("plateau")
    before = plateau_shares(first, qualities[:cut])
    second.load_state_dict(json.loads(json.dumps(first.state_dict())))
    assert before + plateau_shares(second, qualities[cut:]) == whole
    assert whole[-1] < 1.0


@pytest.mark.parametrize("name", [name for name in SCHEDULES if name != "plateau"])
def test_no_other_schedule_follows_validation(name):
    schedule = schedule_of(name)
    before = schedule(1000, 0.5)
    assert plateau_shares(schedule, [1.0] * 20) == [before] * 20
    assert not schedule.observes
