"""The range test: its rates, smoothing, end and suggestions by hand, and its figure."""

import math
from itertools import combinations

import numpy as np
import pytest
from matplotlib.backends.backend_agg import FigureCanvasAgg

from attnlab.data.batching import EncodedPair, collate
from attnlab.plotting.saving import save_figure
from attnlab.studies.lr_find import (
    ExponentialRise,
    Point,
    Suggestions,
    draw_range_test,
    suggest,
    until_diverged,
)
from attnlab.training.loop import Limits, NonFinite
from attnlab.training.state import Step
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


RATES = np.logspace(-5, 0, 60)
SMOOTHED = 8 - 3 / (1 + (1e-3 / RATES) ** 2) + 40 * RATES
LOSSES = SMOOTHED + 0.1 * np.sin(97 * np.arange(60))
MARKED = Suggestions(steepest=1e-3, tenth=2e-3, smallest=0.02, still_falls=False)


def drawn(suggestions=None, heading=""):
    rows = zip(range(1, 61), RATES.tolist(), LOSSES.tolist(), SMOOTHED.tolist(), strict=True)
    figure = draw_range_test([Point(*row) for row in rows], suggestions, heading)
    figure.set_dpi(200)
    canvas = FigureCanvasAgg(figure)
    canvas.draw()
    return figure, canvas.get_renderer()


def test_points_line_and_marks_stand_where_they_were_measured():
    figure, _ = drawn(MARKED, "rnn · adam")
    (axes,) = figure.axes
    dots, line, *_ = axes.lines
    np.testing.assert_allclose(dots.get_xydata(), np.stack([RATES, LOSSES], axis=1))
    np.testing.assert_allclose(line.get_xydata(), np.stack([RATES, SMOOTHED], axis=1))
    assert axes.get_xscale() == "log"
    circles = [each for each in axes.lines if each.get_marker() == "o"]
    for circle, marked in zip(circles, (0.02, 2e-3, 1e-3), strict=True):
        (rate,), (loss,) = circle.get_data()
        assert (rate, loss) == (marked, pytest.approx(np.interp(rate, RATES, SMOOTHED)))
    names = [text.get_text() for text in axes.texts]
    assert names == ["minimum: 0.02", "a tenth of the minimum’s: 0.002", "steepest descent: 0.001"]
    assert axes.get_title(loc="left") == "rnn · adam"


def test_the_valley_fills_the_figure_though_the_end_is_high():
    figure, _ = drawn()
    lowest, highest = figure.axes[0].get_ylim()
    assert lowest < SMOOTHED.min()
    assert SMOOTHED[0] < highest < 10 < SMOOTHED.max()


def test_names_of_marks_cover_neither_each_other_nor_the_edges():
    figure, renderer = drawn(MARKED)
    boxes = [text.get_window_extent(renderer) for text in figure.axes[0].texts]
    assert len(boxes) == 3
    assert not any(one.overlaps(other) for one, other in combinations(boxes, 2))
    assert all(box.x0 > 0 and box.x1 < figure.bbox.x1 for box in boxes)


def test_it_is_written(tmp_path):
    save_figure(drawn(MARKED)[0], tmp_path / "test.png")
    assert (tmp_path / "test.png").read_bytes().startswith(b"\x89PNG")
