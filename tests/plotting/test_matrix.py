"""Heatmaps of any matrix: scales, labels at even steps, numbers in cells, cells without one."""

from itertools import combinations

import numpy as np
import pytest
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.colors import to_rgb

from attnlab.plotting.colours import ATTENTION, NAN_GREY, Scale, scale_for, signed_colours
from attnlab.plotting.heatmap import draw_heatmaps
from attnlab.plotting.matrix import Heatmap, index_labels, number_labels


def panel(values, **changes):
    values = np.asarray(values, dtype=float)
    fields = {
        "title": "",
        "values": values,
        "rows": index_labels(values.shape[0], max(values.shape)),
        "columns": index_labels(values.shape[1], max(values.shape)),
        "row_name": "queries",
        "column_name": "keys",
    }
    return Heatmap(**(fields | changes))


def drawn(figure):
    figure.set_dpi(200)
    canvas = FigureCanvasAgg(figure)
    canvas.draw()
    return canvas


def colour_at(canvas, axes, row, column):
    """The colour a bit off the middle of a cell, where no number is."""
    x, y = axes.transData.transform((column + 0.2, row + 0.2))
    pixels = np.asarray(canvas.buffer_rgba())
    return pixels[len(pixels) - 1 - round(y), round(x), :3] / 255


@pytest.mark.parametrize(
    ("values", "ends"),
    [
        ([[0.0, 0.3], [1.0, 0.5]], (0, 1, False)),
        ([[-2.0, 1.0]], (-2, 2, True)),
        ([[0.0, 30.0]], (0, 30, False)),
        ([[5.0, 30.0]], (0, 30, False)),
        ([[1000.0, 1001.0]], (1000, 1001, False)),
        ([[-30.0, -5.0]], (-30, 0, False)),
        ([[0.01, 0.02]], (0, 0.02, False)),
        ([[7.0, 7.0]], (0, 7, False)),
        ([[-7.0, -7.0]], (-7, 0, False)),
        ([[0.0, np.nan]], (0, 1, False)),
    ],
)
def test_the_scale_suits_the_numbers(values, ends):
    scale = scale_for([np.array(values)], "value")
    assert (scale.lowest, scale.highest, scale.signed) == ends
    places = list(scale.ticks())
    assert scale.lowest <= min(places) < max(places) <= scale.highest


def test_a_scale_without_numbers_or_length_is_refused():
    with pytest.raises(ValueError, match="no number"):
        scale_for([np.array([[np.nan]])], "value")
    with pytest.raises(ValueError, match="has no length"):
        Scale(lowest=1, highest=1, name="value")


def test_colours_are_those_of_the_scale_and_nan_has_none_of_them():
    figure = draw_heatmaps(
        [panel([[-1, 0, 1, np.nan]])], scale=scale_for([np.array([-1, 1.0])], "")
    )
    canvas = drawn(figure)
    axes = figure.axes[0]
    for column, share in enumerate((0.0, 0.5, 1.0)):
        expected = signed_colours()(share)[:3]
        np.testing.assert_allclose(colour_at(canvas, axes, 0, column), expected, atol=0.01)
    np.testing.assert_allclose(colour_at(canvas, axes, 0, 3), to_rgb(NAN_GREY), atol=0.01)


def test_signed_colours_are_as_light_on_either_side():
    table = signed_colours()(np.linspace(0, 1, 101))[:, :3]
    luminance = np.where(table <= 0.04045, table / 12.92, ((table + 0.055) / 1.055) ** 2.4)
    luminance = luminance @ (0.2126, 0.7152, 0.0722)
    assert (np.diff(luminance[:51]) > 0).all()
    assert (np.diff(luminance[50:]) < 0).all()
    assert abs(luminance - luminance[::-1]).max() < 0.05


@pytest.mark.parametrize(
    ("values", "texts"),
    [
        ([[1.0, 0.0], [0.0, 3.0]], ["1", "0", "0", "3"]),
        ([[0.5, 0.25], [0.01, 1.0]], ["0.50", "0.25", "0.01", "1.00"]),
        ([[-12.34, 5.0], [0.04, 99.0]], ["−12.3", "5.0", "0.0", "99.0"]),
        ([[1e-5, 2e-5], [np.nan, 3.1e-5]], ["1.0e−05", "2.0e−05", "3.1e−05"]),
        ([[123456.5, 1.0], [2.0, 3.0]], ["1.2e+05", "1.0e+00", "2.0e+00", "3.0e+00"]),
    ],
)
def test_numbers_stand_in_their_cells_and_fit(values, texts):
    given = panel(values)
    figure = draw_heatmaps([given], scale=scale_for([given.values], "value"), print_weights=True)
    canvas = drawn(figure)
    axes = figure.axes[0]
    numbers = [text for text in axes.texts if text.get_text() in texts and text.get_size() == 6.5]
    assert [text.get_text() for text in numbers] == texts
    cell = axes.get_window_extent().width / 2
    for text in numbers:
        assert text.get_window_extent(canvas.get_renderer()).width < cell


@pytest.mark.parametrize("shape", [(3, 4), (10, 10), (50, 50), (60, 512), (1, 30), (700, 300)])
def test_labels_at_even_steps_do_not_touch(shape):
    figure = draw_heatmaps([panel(np.random.default_rng(1).random(shape))] * 2, columns=2)
    canvas = drawn(figure)
    every = [text for axes in figure.axes for text in axes.texts if text.get_text().strip()]
    every += [text for text in figure.texts if text.get_text()]
    boxes = [(text.get_text(), text.get_window_extent(canvas.get_renderer())) for text in every]
    for (one, left), (other, right) in combinations(boxes, 2):
        assert not left.overlaps(right), (one, other)
    for text, box in boxes:
        assert box.x0 >= 0, text
        assert box.x1 <= figure.bbox.x1, text
        assert box.y1 <= figure.bbox.y1, text


def test_labels_of_places_and_of_numbers():
    assert index_labels(4) == ["0", "1", "2", "3"]
    assert [label for label in index_labels(50) if label] == ["0", "10", "20", "30", "40"]
    assert index_labels(50)[30] == "30"
    labels = number_labels([0.2, 0.9, 1.2, 2.05, 2.9], 1)
    assert labels == ["", "1", "", "2", ""]
    assert number_labels([0.0, 0.5, 1.0], 0.5) == ["0", "0.5", "1"]


def test_small_cells_have_no_grid_that_pales_them():
    figure = draw_heatmaps([panel(np.ones((200, 200)))], scale=ATTENTION)
    canvas = drawn(figure)
    axes = figure.axes[0]
    expected = ATTENTION.colours(1.0)[:3]
    for place in (3, 77, 198):
        np.testing.assert_allclose(colour_at(canvas, axes, place, place), expected, atol=0.01)


def test_values_that_do_not_fit_are_refused():
    with pytest.raises(ValueError, match="for 3 rows and 2 columns"):
        panel(np.ones((2, 2)), rows=["a", "b", "c"])
    with pytest.raises(ValueError, match="infinite values have no colour"):
        panel([[np.inf]])
