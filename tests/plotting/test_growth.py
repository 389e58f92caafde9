"""Figures of growth: what is drawn is what was measured, and nothing covers anything."""

from itertools import combinations

import numpy as np
import pytest
from matplotlib.backends.backend_agg import FigureCanvasAgg

from attnlab.plotting.growth import GrowthLine, GrowthPanel, draw_growth

LENGTHS = [16, 32, 64, 128, 256]


def line(look, values, note="n²·⁰", name=None):
    return GrowthLine(
        name=name or f"layer {look}", look=look, lengths=LENGTHS, values=values, note=note
    )


def panels(*, alike=False):
    """Four; `alike`: their lines end in nearly one place."""
    lines = [
        line(look, [(1.01 if alike else 7) ** look * n**2 / 1000 for n in LENGTHS], f"note {look}")
        for look in range(4)
    ]
    more = {"y_label": "milliseconds", "lines": lines}
    return [
        GrowthPanel(title="Time", **more),
        GrowthPanel(title="Memory", **more),
        GrowthPanel(title="Way", y_label="share", lines=lines[:1], guided=False),
    ]


def drawn(given):
    figure = draw_growth(given, heading="one layer · d = 128", length_name="tokens")
    canvas = FigureCanvasAgg(figure)
    canvas.draw()
    return figure, canvas.get_renderer()


def test_points_are_those_that_were_measured_on_log_log_axes():
    figure, _ = drawn(panels())
    assert [axes.get_title(loc="left") for axes in figure.axes] == ["Time", "Memory", "Way"]
    for axes, panel in zip(figure.axes, panels(), strict=True):
        assert (axes.get_xscale(), axes.get_yscale()) == ("log", "log")
        for each, found in zip(panel.lines, axes.lines[: len(panel.lines)], strict=True):
            np.testing.assert_allclose(
                found.get_xydata(), list(zip(LENGTHS, each.values, strict=True))
            )
        assert len(axes.lines) - len(panel.lines) == (2 if panel.guided else 0)
    [legend] = figure.legends
    assert [text.get_text() for text in legend.get_texts()] == [f"layer {n}" for n in range(4)]


def test_guides_have_the_slopes_that_they_name():
    figure, _ = drawn(panels())
    for power, guide in zip((1, 2), figure.axes[0].lines[-2:], strict=True):
        (x, y), (to_x, to_y) = guide.get_xydata()
        assert np.log(to_y / y) / np.log(to_x / x) == pytest.approx(power)


@pytest.mark.parametrize("alike", [False, True])
def test_notes_stand_apart_in_the_order_of_their_lines_and_within_the_figure(alike):
    figure, renderer = drawn(panels(alike=alike))
    for axes in figure.axes:
        notes = [text for text in axes.texts if text.get_text().startswith("note")]
        boxes = [text.get_window_extent(renderer) for text in notes]
        assert not any(one.overlaps(other) for one, other in combinations(boxes, 2))
        middles = [(box.y0 + box.y1) / 2 for box in boxes]
        assert middles == sorted(middles)
        for box in boxes:
            assert figure.bbox.x0 < box.x0 < box.x1 < figure.bbox.x1
            assert figure.bbox.y0 < box.y0 < box.y1 < figure.bbox.y1


def test_lines_are_told_apart_without_colours():
    figure, _ = drawn(panels())
    looks = {(each.get_marker(), each.get_color()) for each in figure.axes[0].lines[:4]}
    assert len({marker for marker, _ in looks}) == len({colour for _, colour in looks}) == 4


def test_names_of_lines_in_rows_of_their_own_lie_over_no_axes():
    above, below = ["additive", "dot"], ["softmax", "sparsemax"]
    rows = [
        GrowthPanel(
            title="Time",
            y_label="s",
            lines=[line_named(name, n) for n, name in enumerate(names)],
        )
        for names in (above, above, below, below)
    ]
    figure = draw_growth(rows, heading="costs", length_name="keys", legend_per_row=True)
    canvas = FigureCanvasAgg(figure)
    canvas.draw()
    legends = figure.legends
    assert [[text.get_text() for text in each.get_texts()] for each in legends] == [above, below]
    for legend in legends:
        box = legend.get_window_extent(canvas.get_renderer())
        assert not any(box.overlaps(axes.bbox) for axes in figure.axes)
        assert figure.bbox.x0 <= box.x0 < box.x1 <= figure.bbox.x1


def line_named(name, look):
    values = [n**2 / 10 for n in LENGTHS]
    return GrowthLine(name=name, look=look, lengths=LENGTHS, values=values, note="n²")


def test_without_points_there_is_nothing_to_draw():
    empty = GrowthLine(name="layer", look=0, lengths=[], values=[], note="")
    with pytest.raises(ValueError, match="no points"):
        drawn([GrowthPanel(title="Time", y_label="seconds", lines=[empty])])
