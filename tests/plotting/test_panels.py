"""Pages of panels: what is drawn is what was given, and nothing is cut off or lies over another."""

from itertools import combinations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.colors import to_rgba
from matplotlib.figure import Figure

from attnlab.plotting.colours import NAN_GREY
from attnlab.plotting.panels import (
    LinesPanel,
    MatrixPanel,
    draw_panels,
    log_places,
    log_ticks,
    plain_number,
)

PLACE = np.arange(60)
LINES = LinesPanel(
    title="A panel of three lines",
    lines={f"the line of {n}": (PLACE, -np.sin(PLACE / n) / 7) for n in (2, 3, 5)},
    x_label="position",
    y_label="a label as tall as the axes are",
    legend="number",
)
MATRIX = MatrixPanel(
    title="A title that is wider than what stands under it, by a word",
    values=np.array([[-2.0, 0.0, 1.0], [0.5, np.nan, -1.0]]),
    y_label="position of the query",
    x_label="position of the key",
    row_start=-1,
    lowest=-2,
    highest=1,
)
BITS = MatrixPanel(
    title="Numbers",
    values=np.array([[0, 1], [1, 1]]),
    y_label="number",
    x_label="",
    row_names=["0 = 0000 0000", "1"],
    column_names=["ones", "twos"],
    lowest=0,
    highest=1,
    print_numbers=True,
)
NOTE = "Small print that goes on and on, until it is broken into lines. " * 5


def drawn(rows, **more):
    figure = draw_panels(rows, heading="A page of panels", **more)
    figure.set_dpi(200)
    canvas = FigureCanvasAgg(figure)
    canvas.draw()
    return figure, canvas.get_renderer()


def texts_of(figure):
    """All that is written: ticks outside the view have labels, too, which are not."""
    found = list(figure.texts)
    for axes in figure.axes:
        found += [axes.xaxis.label, axes.yaxis.label, *axes.texts]
        found.append(axes._left_title)
        if axes.get_legend() is not None:
            found += [axes.get_legend().get_title(), *axes.get_legend().get_texts()]
        for axis in (axes.xaxis, axes.yaxis):
            low, high = sorted(axis.get_view_interval())
            places = zip(axis.get_majorticklocs(), axis.get_majorticklabels(), strict=True)
            found += [label for place, label in places if low <= place <= high]
    return [text for text in found if text.get_text().strip()]


def axes_of(figure):
    """Without the colour bars."""
    return [axes for axes in figure.axes if axes.get_label() != "<colorbar>"]


def test_lines_and_cells_are_what_was_given():
    figure, _ = drawn([[LINES, MATRIX]])
    lines, matrix, bar = figure.axes
    for line, (name, (x, y)) in zip(lines.lines, LINES.lines.items(), strict=True):
        assert line.get_label() == name
        np.testing.assert_array_equal(line.get_xydata(), np.stack([x, y], axis=1))
    (image,) = matrix.images
    np.testing.assert_array_equal(image.get_array().filled(np.nan), MATRIX.values)
    assert image.get_extent() == [-0.5, 2.5, 0.5, -1.5]
    assert bar.get_ylim() == (-2, 1)
    assert (image.norm.vmin, image.norm.vmax) == (-2, 2)


def test_signs_differ_in_colour_and_no_number_is_grey():
    figure, renderer = drawn([[MATRIX]])
    pixels = np.asarray(renderer.buffer_rgba()) / 255
    box = figure.axes[0].get_window_extent(renderer)

    def colour(row, column):
        x = box.x0 + (column + 0.3) / 3 * box.width
        y = box.y0 + (1 - (row + 0.3) / 2) * box.height
        return pixels[len(pixels) - int(y), int(x), :3]

    below, zero, above = (colour(*cell) for cell in ((0, 0), (0, 1), (0, 2)))
    assert below[0] > 1.5 * below[2]  # brown
    assert above[2] > 1.3 * above[0]  # blue
    assert zero.min() > 0.9
    np.testing.assert_allclose(colour(1, 1), to_rgba(NAN_GREY)[:3], atol=0.01)


@pytest.mark.parametrize(
    "rows", [[[LINES]], [[MATRIX]], [[BITS]], [[LINES, MATRIX, BITS], [BITS, LINES], [MATRIX]]]
)
def test_nothing_is_cut_off_or_lies_over_another(rows):
    figure, renderer = drawn(rows, note=NOTE)
    page = figure.bbox
    boxes = [(text.get_text(), text.get_window_extent(renderer)) for text in texts_of(figure)]
    assert len(boxes) > 10
    for text, box in boxes:
        assert page.x0 <= box.x0 < box.x1 <= page.x1, text
        assert page.y0 <= box.y0 < box.y1 <= page.y1, text
    for (one, a), (other, b) in combinations(boxes, 2):
        width = min(a.x1, b.x1) - max(a.x0, b.x0)
        height = min(a.y1, b.y1) - max(a.y0, b.y0)
        assert width < 2 or height < 2, f"'{one}' lies over '{other}'"
    panels = [axes.get_window_extent(renderer) for axes in axes_of(figure)]
    assert not any(a.overlaps(b) for a, b in combinations(panels, 2))
    for line in (text for text in figure.texts if text.get_text() in NOTE):
        assert not any(line.get_window_extent(renderer).overlaps(each) for each in panels)


def test_numbers_in_cells_and_names_beside_them():
    figure, _ = drawn([[BITS]])
    (axes,) = figure.axes
    assert [text.get_text() for text in axes.texts] == ["0", "1", "1", "1"]
    assert [text.get_color() == "white" for text in axes.texts] == [False, True, True, True]
    assert [each.get_text() for each in axes.get_yticklabels()] == ["0 = 0000 0000", "1"]


def test_a_page_without_panels_is_refused():
    with pytest.raises(ValueError, match="at least one panel"):
        draw_panels([[]], heading="")


@given(
    st.floats(1e-30, 1e12),
    st.floats(0.01, 40).map(lambda decades: 10**decades),
)
def test_four_to_eight_ticks_are_in_view_whatever_the_range(lowest, ratio):
    found = log_places(lowest, lowest * ratio)
    assert 4 <= len(found) <= 9
    assert found == sorted(set(found))
    assert all(lowest * 0.999 <= place <= lowest * ratio * 1.001 for place in found)


@pytest.mark.parametrize(
    ("lowest", "highest", "expected"),
    [
        (0.1, 0.18, ["0.1", "0.12", "0.14", "0.16", "0.18"]),
        (200, 2000, ["200", "500", "1,000", "2,000"]),
        (1e-7, 1e-2, ["10⁻⁷", "10⁻⁶", "10⁻⁵", "0.0001", "0.001", "0.01"]),
        (2e6, 6e7, ["2×10⁶", "5×10⁶", "10⁷", "2×10⁷", "5×10⁷"]),
    ],
)
def test_ticks_by_hand(lowest, highest, expected):
    shown = [plain_number(place) for place in log_places(lowest, highest)]
    assert set(expected) <= set(shown)


def test_they_stand_on_an_axis():
    figure = Figure()
    axes = figure.add_subplot()
    axes.plot([1, 2], [150, 900])
    axes.set_yscale("log")
    log_ticks(axes.yaxis)
    FigureCanvasAgg(figure).draw()
    lowest, highest = axes.get_ylim()
    labels = [each.get_text() for each in axes.yaxis.get_ticklabels()]
    assert labels == [plain_number(place) for place in log_places(lowest, highest)]
    assert len(labels) >= 4
