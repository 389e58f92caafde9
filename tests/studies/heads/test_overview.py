"""The overview of heads: what is drawn is what was given, and everything is on the page."""

import numpy as np
import pytest
from matplotlib.backends.backend_agg import FigureCanvasAgg

from attnlab.studies.heads.overview import AtlasBlock, MeasureMatrix, draw_atlas

TITLES = ["entropy", "alignment error, %", "loss gained without it", "end", "previous token"]


def block(layers=2, heads=3, queries=5, keys=7, titles=TITLES, most=1.0, seed=0):
    random = np.random.default_rng(seed)
    return AtlasBlock(
        title="encoder self-attention",
        patterns=random.random((layers, heads, queries, keys)) * 0.57,
        captions=[["previous token"] * heads for _ in range(layers)],
        matrices=[
            MeasureMatrix(title=title, values=random.random((layers, heads)) * most, most=most)
            for title in titles
        ],
    )


def drawn(*blocks):
    figure = draw_atlas(blocks, heading="a run · test", note="What it is. " * 12)
    FigureCanvasAgg(figure).draw()
    return figure


def test_maps_and_figures_are_those_given():
    first, second = block(), block(1, 2, 3, 4, TITLES[:1], most=40.0, seed=1)
    figure = drawn(first, second)
    *axes, scale = figure.axes
    assert len(axes) == 2 * 3 + 5 + 1 * 2 + 1
    for number, (layer, head) in enumerate(np.ndindex(2, 3)):
        [image] = axes[number].images
        np.testing.assert_allclose(image.get_array(), first.patterns[layer, head])
        assert image.get_clim() == (0.0, pytest.approx(0.6)), "one scale for all, to a tenth"
    assert scale.get_xlim() == (0.0, pytest.approx(0.6))
    numbers = [text.get_text() for text in axes[6].texts]
    assert numbers == [f"{value:.2f}" for value in first.matrices[0].values.flat]
    assert axes[-1].collections[0].get_clim() == (0.0, 40.0)


@pytest.mark.parametrize(
    ("layers", "heads", "titles"),
    [
        (1, 1, TITLES),
        (1, 1, TITLES[1:2]),
        (1, 1, [*TITLES[:2], *["distance, pieces"] * 4, *["loss gained without it"] * 3]),
        (3, 4, TITLES * 2),
        (6, 8, TITLES),
        (12, 2, TITLES[:1]),
        (1, 16, TITLES),
    ],
)
def test_nothing_is_cut_off_or_overlaps(layers, heads, titles):
    figure = drawn(block(layers, heads, titles=titles), block(layers, heads, titles=titles))
    renderer = figure.canvas.get_renderer()
    page = figure.bbox
    texts = [text.get_window_extent(renderer) for text in figure.texts if text.get_text()]
    panels = [axes.get_window_extent(renderer) for axes in figure.axes]
    for box in texts + panels:
        assert 0 <= box.x0 < box.x1 <= page.width
        assert 0 <= box.y0 < box.y1 <= page.height
    inner = [box.padded(-1) for box in texts + panels]
    for index, box in enumerate(inner):
        assert not any(box.overlaps(other) for other in inner[index + 1 :])


def test_no_difference_is_written_as_a_plain_zero():
    matrix = MeasureMatrix(title="BLEU lost", values=np.array([[-0.004]]), decimals=1)
    one = AtlasBlock(title="", patterns=np.ones((1, 1, 2, 2)), captions=[[""]], matrices=[matrix])
    assert [text.get_text() for text in drawn(one).axes[1].texts] == ["0.0"]


def test_what_does_not_fit_is_refused():
    with pytest.raises(ValueError, match="at least one block"):
        draw_atlas([], heading="", note="")
    good = block()
    with pytest.raises(ValueError, match=r"captions of \(1, 3\)"):
        AtlasBlock(
            title="x", patterns=good.patterns, captions=good.captions[:1], matrices=good.matrices
        )
    wrong = [MeasureMatrix(title="entropy", values=np.zeros((3, 2)))]
    with pytest.raises(ValueError, match=r"'entropy' of \(3, 2\), for heads of \(2, 3\)"):
        AtlasBlock(title="x", patterns=good.patterns, captions=good.captions, matrices=wrong)
