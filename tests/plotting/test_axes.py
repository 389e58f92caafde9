"""Ticks of logarithmic axes: enough of them, in view, written as people write numbers."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from attnlab.plotting.axes import log_places, log_ticks, plain_number


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
