"""The figure of a range test: what is drawn is what was measured, and nothing is covered."""

from itertools import combinations

import numpy as np
import pytest
from matplotlib.backends.backend_agg import FigureCanvasAgg

from attnlab.plotting.saving import save_figure
from attnlab.studies.lr_find.drawing import Mark, draw_range_test

RATES = np.logspace(-5, 0, 60)
SMOOTHED = 8 - 3 / (1 + (1e-3 / RATES) ** 2) + 40 * RATES
LOSSES = SMOOTHED + 0.1 * np.sin(97 * np.arange(60))
MARKS = [Mark(rate=1e-3, name="steepest descent: 0.001"), Mark(rate=2e-3, name="a tenth’s: 0.002")]


def drawn(**changes):
    figure = draw_range_test(RATES.tolist(), LOSSES.tolist(), SMOOTHED.tolist(), **changes)
    figure.set_dpi(200)
    canvas = FigureCanvasAgg(figure)
    canvas.draw()
    return figure, canvas.get_renderer()


def test_points_line_and_marks_stand_where_they_were_measured():
    figure, _ = drawn(marks=MARKS, heading="rnn · adam")
    (axes,) = figure.axes
    dots, line, *_ = axes.lines
    np.testing.assert_allclose(dots.get_xydata(), np.stack([RATES, LOSSES], axis=1))
    np.testing.assert_allclose(line.get_xydata(), np.stack([RATES, SMOOTHED], axis=1))
    assert axes.get_xscale() == "log"
    circles = [each for each in axes.lines if each.get_marker() == "o"]
    for circle, mark in zip(circles, reversed(MARKS), strict=True):
        (rate,), (loss,) = circle.get_data()
        assert (rate, loss) == (mark.rate, pytest.approx(np.interp(rate, RATES, SMOOTHED)))
    assert axes.get_title(loc="left") == "rnn · adam"


def test_the_valley_fills_the_figure_though_the_end_is_high():
    figure, _ = drawn()
    lowest, highest = figure.axes[0].get_ylim()
    assert lowest < SMOOTHED.min()
    assert SMOOTHED[0] < highest < 10 < SMOOTHED.max()


def test_names_of_marks_cover_neither_each_other_nor_the_edges():
    figure, renderer = drawn(marks=[*MARKS, Mark(rate=0.02, name="minimum: 0.02")])
    boxes = [text.get_window_extent(renderer) for text in figure.axes[0].texts]
    assert len(boxes) == 3
    assert not any(one.overlaps(other) for one, other in combinations(boxes, 2))
    assert all(box.x0 > 0 and box.x1 < figure.bbox.x1 for box in boxes)


def test_it_is_written(tmp_path):
    save_figure(drawn(marks=MARKS)[0], tmp_path / "test.png")
    assert (tmp_path / "test.png").read_bytes().startswith(b"\x89PNG")


def test_without_points_there_is_nothing_to_draw():
    with pytest.raises(ValueError, match="0 rates"):
        draw_range_test([], [], [])
    with pytest.raises(ValueError, match="1 rates, 2 losses"):
        draw_range_test([1.0], [1.0, 2.0], [1.0])
