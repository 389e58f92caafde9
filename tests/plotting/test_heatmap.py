import subprocess
import sys
from itertools import combinations, pairwise

import matplotlib
import numpy as np
import pytest
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.colors import to_rgb
from matplotlib.image import imread

from attnlab.plotting.colours import VERMILION, attention_colours
from attnlab.plotting.heatmap import draw_heatmaps
from attnlab.plotting.matrix import attention_heatmap
from attnlab.plotting.saving import save_figure

WORDS = ["Élise", "n’", "a", "pas", "rangé", "ses", "jolis", "gâteaux", "dans", "l’", "Été"]


def words(count):
    return [WORDS[number % len(WORDS)] for number in range(count)]


def panel(queries=5, keys=7, **changed):
    """A panel of random weights; its labels are words, or those given."""
    query_labels = queries if isinstance(queries, list) else words(queries)
    key_labels = keys if isinstance(keys, list) else words(keys)
    scores = np.random.default_rng(3).exponential(size=(len(query_labels), len(key_labels)))
    fields = {
        "title": "decoder · layer 2 · cross · head 3",
        "weights": scores / scores.sum(axis=1, keepdims=True),
        "queries": query_labels,
        "keys": key_labels,
        "query_name": "translation",
        "key_name": "source",
    }
    return attention_heatmap(**(fields | changed))


def renderer(figure):
    figure.set_dpi(200)
    canvas = FigureCanvasAgg(figure)
    canvas.draw()
    return canvas.get_renderer()


def rows_and_columns(axes):
    """Row labels stand at x = 0, column labels at y = 0, in cells; the corner at both."""
    rows = [text for text in axes.texts if text.xy[0] == 0 and text.xy[1] > 0]
    return rows, [text for text in axes.texts if text.xy[1] == 0 and text.xy[0] > 0]


@pytest.mark.parametrize("count", [3, 12, 30, 60])
def test_labels_are_whole_and_apart(count):
    long_ones = [*words(count - 1), "Würmeranwendungsgebietsamt-WWWWW"]
    figure = draw_heatmaps([panel(count, long_ones)], heading="Où ? " * 40, note="n° 1")
    drawn = renderer(figure)
    rows, columns = rows_and_columns(figure.axes[0])
    assert [text.get_text() for text in rows] == words(count)
    assert [text.get_text() for text in columns] == long_ones
    everything = [*figure.texts, *(text for axes in figure.axes for text in axes.texts)]
    bar = figure.axes[-1]
    everything += [bar.yaxis.label, *bar.get_yticklabels()]
    for text in everything:
        box = text.get_window_extent(drawn)
        assert box.x0 >= 0, text
        assert box.y0 >= 0, text
        assert box.x1 <= figure.bbox.x1, text
        assert box.y1 <= figure.bbox.y1, text
    boxes = [text.get_window_extent(drawn) for text in rows]
    assert all(upper.y0 >= lower.y1 for upper, lower in pairwise(boxes))
    matrix = figure.axes[0].get_window_extent(drawn)
    for row, box in enumerate(boxes):  # each stands beside its own row, a fifth of it off at most
        middle = matrix.y1 - matrix.height * (row + 0.5) / count
        assert abs((box.y0 + box.y1) / 2 - middle) < matrix.height / count / 5
        assert box.x1 <= matrix.x0
    assert {text.get_size() for text in rows + columns} == {8.5}


@pytest.mark.parametrize("count", [3, 12, 30, 60])
def test_slanted_labels_pass_each_other(count):
    figure = draw_heatmaps([panel(2, ["Ågjÿ" * 4] * count)], heading="")
    drawn = renderer(figure)
    _, columns = rows_and_columns(figure.axes[0])
    assert {text.get_rotation() for text in columns} == {45}
    # The distance between two lines at 45 degrees against the height of one laid flat.
    cell = figure.axes[0].get_window_extent(drawn).width / count
    columns[0].set_rotation(0)
    assert cell * np.sqrt(0.5) >= columns[0].get_window_extent(drawn).height


def test_short_keys_over_wide_cells_lie_flat_and_apart():
    figure = draw_heatmaps([panel(3, ["the", "old", "cat"])], heading="")
    drawn = renderer(figure)
    _, columns = rows_and_columns(figure.axes[0])
    assert {text.get_rotation() for text in columns} == {0}
    boxes = [text.get_window_extent(drawn) for text in columns]
    assert all(left.x1 < right.x0 for left, right in pairwise(boxes))


def test_panels_of_a_grid_keep_to_their_places():
    panels = [panel(3, 4), panel(12, 10), panel(5, 20), panel(7, 7), panel(2, 2)]
    figure = draw_heatmaps(panels, heading="several sizes", columns=3)
    drawn = renderer(figure)
    tight = [axes.get_tightbbox(drawn) for axes in figure.axes]
    assert not any(one.overlaps(other) for one, other in combinations(tight[:-1], 2))
    matrices = [axes.get_window_extent(drawn) for axes in figure.axes[:-1]]
    cells = [(box.width / p.values.shape[1], box.height / p.values.shape[0])
             for box, p in zip(matrices, panels, strict=True)]  # fmt: skip
    assert np.allclose(cells, cells[0][0], rtol=1e-6)  # square, and equal in every panel
    titles = [text for text in figure.texts if text.get_text() == panels[0].title]
    assert len(titles) == 5
    for title in titles:
        box = title.get_window_extent(drawn)
        assert not any(box.overlaps(other) for other in tight)


def test_twelve_panels_fill_whole_rows():
    figure = draw_heatmaps([panel(10, 9)] * 12, heading="all heads")
    tops = [round(axes.get_position().y1, 6) for axes in figure.axes[:-1]]
    assert sorted(tops.count(top) for top in set(tops)) == [4, 4, 4]


@pytest.mark.parametrize(("columns", "expected"), [(1, [1] * 5), (2, [1, 2, 2]), (9, [5])])
def test_the_number_of_columns_is_kept(columns, expected):
    figure = draw_heatmaps([panel(4, 3)] * 5, heading="", columns=columns)
    tops = [round(axes.get_position().y1, 6) for axes in figure.axes[:-1]]
    assert sorted(tops.count(top) for top in set(tops)) == expected


@pytest.mark.parametrize(("count", "most"), [(1, 260), (3, 260), (12, 460), (60, 1100)])
def test_the_page_is_no_larger_than_its_words_need(count, most):
    width, height = draw_heatmaps([panel(count, count)], heading="").get_size_inches() * 72
    assert count * 14 < min(width, height) <= max(width, height) < most


def test_a_cell_has_the_colour_of_its_weight(tmp_path):
    weights = np.array([[0.0, 0.25, 0.75], [1.0, 0.0, 0.0]])
    figure = draw_heatmaps([panel(2, 3, weights=weights)], heading="")
    save_figure(figure, tmp_path / "map.png")
    pixels = imread(tmp_path / "map.png")
    height, width, _ = pixels.shape
    box = figure.axes[0].get_position()
    for (row, column), weight in np.ndenumerate(weights):
        x = (box.x0 + box.width * (column + 0.5) / 3) * width
        y = (1 - box.y1 + box.height * (row + 0.5) / 2) * height  # the first query is on top
        expected = attention_colours()(int(min(weight * 256, 255)))
        assert pixels[int(y), int(x)] == pytest.approx(expected, abs=1 / 255)


GOLD_CELLS = frozenset({(0, 0), (1, 2), (2, 1)})


@pytest.mark.parametrize("weight", [0.0, 0.5, 1.0])
@pytest.mark.parametrize("count", [4, 40])
def test_gold_outlines_stand_out_from_any_weight(weight, count, tmp_path):
    """Along a line through the middle of a row, gold lies between white and white."""
    weights = np.full((count, count), weight)
    figure = draw_heatmaps([panel(count, count, weights=weights, gold=GOLD_CELLS)], heading="")
    save_figure(figure, tmp_path / "map.png")
    pixels = imread(tmp_path / "map.png")[..., :3]
    height, width, _ = pixels.shape
    box, (gold_red, _, gold_blue) = figure.axes[0].get_position(), to_rgb(VERMILION)
    cell = box.width / count * width
    for row in range(3):
        y = int((1 - box.y1 + box.height * (row + 0.5) / count) * height)
        for column in range(3):
            left = box.x0 * width + column * cell
            line = pixels[y, int(left) : int(left + cell)]
            is_gold = (abs(line[:, 0] - gold_red) < 0.1) & (abs(line[:, 2] - gold_blue) < 0.1)
            assert is_gold.any() == ((row, column) in GOLD_CELLS)
            if is_gold.any():
                within = line[len(line) // 2]
                assert within == pytest.approx(attention_colours()(weight)[:3], abs=0.01)
                first, last = np.flatnonzero(is_gold)[[0, -1]]
                start = int(left)
                edges = [(start - 2, start + first), (start + last, start + len(line) + 2)]
                beside = [
                    pixels[y, slice(*edge)] for edge in [*edges, (start + first, start + last)]
                ]
                assert all((part.min(axis=1) > 0.8).any() for part in beside)
                assert last - first > 0.6 * len(line), "most of the cell is left"


def test_the_legend_explains_the_outlines():
    figure = draw_heatmaps([panel(), panel(gold=GOLD_CELLS)], heading="", note="below")
    drawn = renderer(figure)
    (legend,) = [text for text in figure.texts if text.get_text().startswith("outlined: ")]
    (note,) = [text for text in figure.texts if text.get_text() == "below"]
    (swatch,) = figure.artists
    frame, text = swatch.get_window_extent(drawn), legend.get_window_extent(drawn)
    assert to_rgb(swatch.get_edgecolor()) == pytest.approx(to_rgb(VERMILION))
    assert frame.x1 < text.x0
    assert frame.y0 < (text.y0 + text.y1) / 2 < frame.y1
    assert note.get_window_extent(drawn).y1 < frame.y0
    for axes in figure.axes:
        assert not axes.get_tightbbox(drawn).overlaps(frame)
    assert not [text for text in draw_heatmaps([panel()]).texts if "outlined" in text.get_text()]


def test_labels_are_shared_where_they_are_the_same():
    same = [panel(3, 4) for _ in range(4)]
    other = [panel(2, 4), panel(2, 4)]
    panels = [*same, *other]
    figure = draw_heatmaps(panels, columns=2, repeat_labels=False)
    labelled = [tuple(map(len, rows_and_columns(axes))) for axes in figure.axes[:-1]]
    # Queries at the left alone; keys in the first row, of which the others' are the same.
    assert labelled == [(3, 4), (0, 4), (3, 0), (0, 0), (2, 0), (0, 0)]
    drawn = renderer(figure)
    tight = [axes.get_tightbbox(drawn) for axes in figure.axes]
    assert not any(one.overlaps(another) for one, another in combinations(tight, 2))
    repeated = draw_heatmaps(panels, columns=2)
    assert {len(rows_and_columns(axes)[1]) for axes in repeated.axes[:-1]} == {4}


def test_rows_of_several_lengths():
    figure = draw_heatmaps([panel(4, 3)] * 6, columns=[1, 3, 2])
    tops = [round(axes.get_position().y1, 6) for axes in figure.axes[:-1]]
    assert [tops.count(top) for top in sorted(set(tops), reverse=True)] == [1, 3, 2]
    drawn = renderer(figure)
    tight = [axes.get_tightbbox(drawn) for axes in figure.axes]
    assert not any(one.overlaps(another) for one, another in combinations(tight, 2))
    for columns in ([1, 3], [], [0, 6]):
        with pytest.raises(ValueError, match="do not hold 6"):
            draw_heatmaps([panel(4, 3)] * 6, columns=columns)


def test_a_caption_moves_nothing_whatever_it_says():
    figures = [draw_heatmaps([panel()], heading="Où ?", caption=text) for text in ("1", "9 " * 90)]
    matrices = [figure.axes[0].get_position() for figure in figures]
    sizes = [figure.get_size_inches() * 72 for figure in figures]
    lefts = [box.x0 * width for box, (width, _) in zip(matrices, sizes, strict=True)]
    tops = [(1 - box.y1) * height for box, (_, height) in zip(matrices, sizes, strict=True)]
    assert lefts[0] == pytest.approx(lefts[1])
    assert tops[0] == pytest.approx(tops[1])
    assert sizes[1][0] > 400, "all of it is to be read"


def test_titles_of_a_row_end_on_one_line():
    figure = draw_heatmaps([panel(3, 3, title="one\ntwo"), panel(3, 3, title="alone")], columns=2)
    at = {text.get_text(): text.get_position()[1] for text in figure.texts}
    assert at["two"] == at["alone"] < at["one"]


def test_long_titles_are_broken_between_their_parts():
    title = "encoder self-attention · layer 1 · mean of heads"
    figure = draw_heatmaps([panel(3, 3, title=title)])
    lines = [text.get_text() for text in figure.texts]
    assert lines == ["encoder self-attention · layer 1 ·", "mean of heads"]


def test_one_colour_bar_from_nought_to_one():
    figure = draw_heatmaps([panel()] * 4, heading="")
    assert len(figure.axes) == 5
    *panels, bar = figure.axes
    for axes in panels:
        assert axes.collections[0].get_clim() == (0.0, 1.0)
    labels = [label.get_text() for label in bar.get_yticklabels()]
    assert labels == ["0.00", "0.25", "0.50", "0.75", "1.00"]
    assert bar.get_ylabel() == "attention weight"


def test_a_figure_is_as_large_whatever_the_program_around_it_has_set():
    sizes = []
    for hinting in ("default", "no_hinting"):
        with matplotlib.rc_context({"text.hinting": hinting}):
            sizes.append(draw_heatmaps([panel()]).get_size_inches().tolist())
    assert sizes[0] == sizes[1]


def test_weights_are_printed_into_small_panels_only():
    weights = np.array([[0.049, 0.051, 0.9], [0.333, 0.333, 0.334]])
    panels = [panel(2, 3, weights=weights), panel(4, 13)]
    small, large, _ = draw_heatmaps(panels, heading="", print_weights=True).axes
    printed = [text for text in small.texts if text.get_text()[0].isdigit()]
    assert [text.get_text() for text in printed] == ["0.05", "0.90", "0.33", "0.33", "0.33"]
    assert [text.get_color() == "white" for text in printed] == [False, True, False, False, False]
    assert not [text for text in large.texts if text.get_text()[0].isdigit()]
    plain = draw_heatmaps(panels, heading="").axes[0]
    assert not [text for text in plain.texts if text.get_text()[0].isdigit()]


def test_printed_weights_fit_their_cells():
    figure = draw_heatmaps([panel(12, 12), panel(12, 12)], heading="", print_weights=True)
    drawn = renderer(figure)
    cell = figure.axes[0].get_window_extent(drawn).width / 12
    printed = [text for text in figure.axes[0].texts if text.get_text()[:2] == "0."]
    assert len(printed) > 30
    assert max(text.get_window_extent(drawn).width for text in printed) < cell - 2


def test_svg_holds_every_label_as_it_is_read(tmp_path):
    awkward = ["▁l’", "été", "$5", "x_1$", "<&>", "\u202f", "中国"]
    figure = draw_heatmaps([panel(3, awkward)], heading="cost: $5 & $6", note="entropy < 1")
    save_figure(figure, tmp_path / "map.svg")
    svg = (tmp_path / "map.svg").read_text(encoding="utf-8")
    for text in ["▁l’", "été", "$5", "x_1$", "&lt;&amp;&gt;", "␣", "中国", "cost: $5 &amp; $6",
                 "entropy &lt; 1", "source →", "translation ↓", "attention weight",
                 "decoder · layer 2 · cross · head 3"]:  # fmt: skip
        assert f">{text}</text>" in svg, text


@pytest.mark.parametrize("suffix", ["png", "svg", "pdf"])
def test_same_weights_same_bytes(tmp_path, suffix):
    files = []
    for name in "ab":
        files.append(tmp_path / f"{name}.{suffix}")
        save_figure(draw_heatmaps([panel(), panel()], heading="Où ?"), files[-1])
    assert files[0].read_bytes() == files[1].read_bytes()
    other = tmp_path / f"c.{suffix}"
    save_figure(draw_heatmaps([panel(), panel(weights=np.full((5, 7), 1 / 7))], heading=""), other)
    assert other.read_bytes() != files[0].read_bytes()


def test_png_size_follows_from_the_figure(tmp_path):
    figure = draw_heatmaps([panel(25, 28)], heading="long")
    save_figure(figure, tmp_path / "map.png")
    inches = figure.get_size_inches()
    height, width, _ = imread(tmp_path / "map.png").shape
    assert (width, height) == pytest.approx(tuple(inches * 200), abs=1)
    assert width / 200 * 72 > 28 * 14.5


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"weights": np.zeros((7, 5))}, r"shape \(7, 5\) for 5 queries and 7 keys"),
        ({"weights": np.zeros((1, 5, 7))}, r"shape \(1, 5, 7\)"),
        ({"weights": np.zeros((0, 7)), "queries": []}, r"a query and a key at least"),
        ({"weights": np.full((5, 7), np.nan)}, r"query 0 \('Élise'\) on key 0 .* is nan"),
        ({"weights": np.full((5, 7), 1.5)}, r"from 1\.5 to 1\.5; .* between 0 and 1"),
        ({"weights": np.full((5, 7), -0.1)}, r"between 0 and 1"),
        ({"gold": frozenset({(1, 1), (2, 7)})}, r"gold cell \(2, 7\) is outside a map of 5"),
    ],
)
def test_panels_that_cannot_be_drawn_are_refused_by_title(changed, message):
    with pytest.raises(ValueError, match=r"decoder · layer 2.*" + message):
        panel(**changed)


def test_no_panels_and_no_columns_are_refused():
    with pytest.raises(ValueError, match="at least one heatmap"):
        draw_heatmaps([], heading="")
    with pytest.raises(ValueError, match="at least one column, got 0"):
        draw_heatmaps([panel()], heading="", columns=0)


def test_a_row_that_saw_nothing_and_half_precision_are_drawn(tmp_path):
    weights = np.zeros((5, 7), dtype=np.float16)
    weights[0, 0] = 1.0005
    save_figure(draw_heatmaps([panel(weights=weights)], heading=""), tmp_path / "map.png")
    assert (tmp_path / "map.png").stat().st_size > 1000


def test_neither_pyplot_nor_torch_is_loaded():
    code = "import sys, attnlab.plotting.heatmap, attnlab.plotting.saving; print(*sys.modules)"
    loaded = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    ).stdout.split()
    assert "matplotlib.figure" in loaded
    assert not {"matplotlib.pyplot", "torch"} & set(loaded)
