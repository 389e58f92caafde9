"""The range test: its rates, its smoothing and its end by hand; rates found where they were put."""

import math

import pytest

from attnlab.data.batching import EncodedPair, collate
from attnlab.studies.lr_find.range_test import ExponentialRise, Point, suggest, until_diverged
from attnlab.training.loop import Limits, NonFinite, Step
from tests.conftest import small_model
from tests.training.test_loop import steps_of


def step(update, loss, rate=1.0):
    return Step(update, 0.0, 0.0, loss, 1.0, rate, 10, 1.0, 0.0, 0.1)


def points(loss_of, lowest=1e-5, highest=1.0, count=101):
    """A test whose smoothed loss is `loss_of` the rate's decimal logarithm."""
    rates = [lowest * (highest / lowest) ** (place / (count - 1)) for place in range(count)]
    losses = [loss_of(math.log10(rate)) for rate in rates]
    return [Point(n, r, x, x) for n, (r, x) in enumerate(zip(rates, losses, strict=True), 1)]


def test_rates_rise_by_the_same_factor_at_each_update():
    rise = ExponentialRise(0.5, 500.0, 4)
    assert [rise(update, 0.0) for update in (1, 2, 3, 4)] == pytest.approx([0.5, 5, 50, 500])


def test_a_real_training_takes_the_rates_and_ends_where_it_diverges():
    model = small_model("rnn", dropout=0.0).float()
    limits = Limits(max_updates=80, max_epochs=None, max_seconds=None)
    steps = steps_of(
        model,
        learning_rate=1e-4,
        limits=limits,
        schedule=ExponentialRise(1.0, 1e9, 80),
        clip_norm=None,
    )
    found = list(until_diverged(steps, smoothing=0.8))
    for point in found:
        assert point.learning_rate == pytest.approx(1e-4 * 1e9 ** ((point.update - 1) / 79))
    smallest = min(point.smoothed for point in found[:-1])
    assert 20 < len(found) < 80
    assert found[-1].smoothed > 4 * smallest >= found[-2].smoothed
    suggested = suggest(found)
    assert suggested.steepest < suggested.smallest == 10 * suggested.tenth
    assert 1e-3 < suggested.steepest < 1


def test_smoothing_is_the_exponential_mean_with_its_correction_by_hand():
    found = list(until_diverged([step(1, 8.0), step(2, 4.0), step(3, 2.0)], smoothing=0.5))
    assert [point.smoothed for point in found] == pytest.approx(
        [8.0, (0.25 * 8 + 0.5 * 4) / 0.75, (0.125 * 8 + 0.25 * 4 + 0.5 * 2) / 0.875]
    )
    assert [point.loss for point in found] == [8.0, 4.0, 2.0]
    (plain, *_) = until_diverged([step(1, 8.0)], smoothing=0.0)
    assert plain.smoothed == 8.0


def test_the_end_is_at_four_times_the_smallest_but_not_at_once():
    losses = [1.0, 5.0, 2.0, 2.0, 2.0, 3.9, 4.0, 4.1, 1.0]
    found = list(until_diverged([step(n, x) for n, x in enumerate(losses, 1)], smoothing=0.0))
    assert found[-1].loss == 4.1


def test_what_is_no_finite_number_ends_it():
    batch = collate([EncodedPair([4], [5])])
    bad = NonFinite(2, 0, 1, batch, math.nan, 1.0, 0.1)
    assert [p.update for p in until_diverged([step(1, 2.0), bad, step(2, 2.0)], 0.9)] == [1]


def test_rates_are_found_where_they_were_put():
    # A fall that is steepest at 10^-3, and a bowl whose floor is at 10^-1.5.
    suggested = suggest(points(lambda x: -math.tanh(2 * (x + 3)) + 0.1 * abs(x + 1.5)))
    assert math.log10(suggested.steepest) == pytest.approx(-3, abs=0.06)
    assert math.log10(suggested.smallest) == pytest.approx(-1.5, abs=0.06)
    assert suggested.tenth == pytest.approx(suggested.smallest / 10)
    assert not suggested.still_falls


def test_chance_in_the_losses_moves_them_little():
    suggested = suggest(
        points(lambda x: -math.tanh(2 * (x + 3)) + 0.3 * (x + 1.5) ** 2 + 0.02 * math.sin(1e4 * x))
    )
    assert math.log10(suggested.steepest) == pytest.approx(-3, abs=0.4)


def test_a_loss_that_still_falls_or_never_fell():
    assert suggest(points(lambda x: -x)).still_falls
    assert suggest(points(lambda x: x)) is None
    assert suggest(points(lambda x: 1.0)) is None
    assert suggest(points(lambda x: -x)[:3]) is None
    assert suggest([]) is None
