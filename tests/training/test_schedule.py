"""Schedules by hand arithmetic."""

import math

import pytest

from attnlab.errors import UsageError
from attnlab.training.schedule import SCHEDULES


def schedule_of(name, warmup_updates=10):
    return SCHEDULES.build(SCHEDULES.config(name)(name=name, warmup_updates=warmup_updates))


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
    with pytest.raises(UsageError, match=r"schedule.warmup_updates=-1 must be at least 0"):
        schedule_of("constant", -1)
