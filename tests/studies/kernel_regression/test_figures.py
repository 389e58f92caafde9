"""Figures of kernel regression: what is drawn is what was found, and nothing covers anything."""

from itertools import combinations

import numpy as np
import pytest
from matplotlib.backends.backend_agg import FigureCanvasAgg

from attnlab.studies.kernel_regression.figures import (
    FittedCurve,
    draw_errors,
    draw_fits,
    draw_predictions,
    draw_profiles,
    draw_training,
)
from attnlab.studies.kernel_regression.points import Points

X = np.linspace(0, 5, 41)
POINTS = Points(
    inputs=X[::4, None],
    outputs=np.sin(X[::4]),
    input_names=["x"],
    output_name="y",
    truth=lambda inputs: np.sin(inputs[:, 0]),
    formula="sin x",
)


def drawn(figure):
    figure.set_dpi(150)
    canvas = FigureCanvasAgg(figure)
    canvas.draw()
    return canvas.get_renderer()


def curve(place, note="leave-one-out 0.25\n6 unanswered"):
    return FittedCurve(title=f"epanechnikov · σ = 0.{place}", x=X, y=np.cos(X + place), note=note)


def texts_of(figure):
    texts = [text for axes in figure.axes for text in axes.texts]
    for axes in figure.axes:
        texts += [axes.title, axes._left_title, axes.xaxis.label, axes.yaxis.label]
        for legend in [axes.get_legend()]:
            texts += legend.get_texts() if legend else []
    texts += [text for legend in figure.legends for text in legend.get_texts()]
    return [text for text in texts if text.get_text().strip() and text.get_visible()]


def assert_all_can_be_read(figure):
    renderer = drawn(figure)
    boxes = [(text.get_text(), text.get_window_extent(renderer)) for text in texts_of(figure)]
    assert boxes
    for (one, left), (other, right) in combinations(boxes, 2):
        assert not left.overlaps(right), (one, other)
    for text, box in boxes:
        assert box.x0 >= 0, text
        assert box.y0 >= 0, text
        assert box.x1 <= figure.bbox.x1, text
        assert box.y1 <= figure.bbox.y1, text


def test_a_grid_of_fits_shows_points_truth_and_curves():
    rows = [[curve(1), curve(2), curve(3)], [curve(4)]]
    figure = draw_fits(rows, POINTS)
    assert_all_can_be_read(figure)
    shown = [axes for axes in figure.axes if axes.axison]
    assert len(shown) == 4
    for axes, fitted in zip(shown, [each for row in rows for each in row], strict=True):
        dots, truth, line = axes.lines
        np.testing.assert_array_equal(dots.get_xydata(), np.stack([X[::4], POINTS.outputs], axis=1))
        np.testing.assert_array_equal(truth.get_ydata(), np.sin(truth.get_xdata()))
        np.testing.assert_array_equal(line.get_ydata(), fitted.y)
        assert axes._left_title.get_text() == fitted.title
    entries = [text.get_text() for text in figure.legends[0].get_texts()]
    assert entries == ["points", "without noise: sin x", "kernel regression"]


def test_windows_without_an_answer_are_gaps():
    y = np.where(X > 3, np.nan, X)
    figure = draw_fits([[FittedCurve(title="boxcar", x=X, y=y)]], POINTS)
    line = figure.axes[0].lines[-1]
    assert np.isnan(line.get_ydata()[X > 3]).all()
    assert_all_can_be_read(figure)


def test_predictions_of_several_dimensions_stand_over_what_was_measured():
    figure = draw_predictions([[curve(1), curve(2)], [curve(3)]], "weight")
    assert_all_can_be_read(figure)
    assert [axes.lines[-1].get_ydata()[0] for axes in figure.axes[:2]] == [np.cos(1), np.cos(2)]


def test_profiles_have_their_formulas():
    figure = draw_profiles(["epanechnikov", "gaussian"])
    assert_all_can_be_read(figure)
    assert [axes.texts[0].get_text() for axes in figure.axes] == ["max(0, 1 − u²)", "exp(−u²/2)"]


def test_the_least_error_of_each_kernel_is_a_dot():
    widths = np.geomspace(0.05, 2, 30)
    bowl = np.log(widths / 0.3) ** 2 + 0.2
    gaps = np.where(widths < 0.5, np.nan, bowl)
    figure = draw_errors(
        {"gaussian": (widths, bowl), "boxcar": (widths, gaps), "none": (widths, gaps * np.nan)},
        constant=0.9,
        noise=0.25,
        marks={"trained, leave_one_out": 0.27, "trained, direct": 0.06},
    )
    assert_all_can_be_read(figure)
    dots = [line for line in figure.axes[0].lines if line.get_marker() == "o"]
    assert [float(dot.get_xdata()[0]) for dot in dots] == pytest.approx(
        [widths[np.argmin(bowl)], widths[np.nanargmin(gaps)]]
    )
    entries = [text.get_text() for text in figure.axes[0].get_legend().get_texts()]
    assert entries[-2:] == ["trained, leave_one_out: σ = 0.27", "trained, direct: σ = 0.06"]


@pytest.mark.parametrize("names", [["x"], ["height", "age"]])
def test_training_has_its_loss_and_all_its_widths(names):
    losses = {"leave_one_out": np.geomspace(0.5, 0.2, 20), "direct": np.geomspace(0.5, 0.01, 20)}
    widths = {
        name: np.tile(np.geomspace(1, 0.1, 20)[:, None], (1, len(names))) * [1, 1.3][: len(names)]
        for name in losses
    }
    figure = draw_training(losses, widths, names)
    assert_all_can_be_read(figure)
    left, right = figure.axes
    for line, loss in zip(left.lines, losses.values(), strict=True):
        np.testing.assert_array_equal(line.get_ydata(), loss)
    assert len(right.lines) == 2 * len(names)


def test_an_input_that_does_not_count_leaves_the_axes_and_many_are_not_all_named():
    names = [f"input {number}" for number in range(9)]
    widths = np.tile(np.geomspace(1, 0.1, 20)[:, None], (1, len(names)))
    widths[:, 2] = np.geomspace(1, 1e4, 20)
    figure = draw_training({"direct": np.geomspace(0.5, 0.1, 20)}, {"direct": widths}, names)
    assert_all_can_be_read(figure)
    right = figure.axes[1]
    assert right.get_ylim()[1] == 20
    assert right.get_title(loc="left").endswith("(above 20: hardly counts)")
    assert len(right.lines) == 9
    entries = [text.get_text() for text in right.get_legend().get_texts()]
    assert entries == [f"direct, input {number}" for number in range(6)]
