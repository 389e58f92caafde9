"""A sentence's attention as a figure: its grid, its titles, and the gold on it."""

import numpy as np
import pytest
from matplotlib.colors import to_rgba

from attnlab.inspection.drawing import REFERENCE, Choice, draw_translation
from attnlab.inspection.maps import AttentionMap
from attnlab.plotting.colours import VERMILION

QUERIES, KEYS = ["le", "chat", "</s>"], ["the", "cat", "</s>"]


def a_map(kind, layer, head):
    weights = np.full((3, 3), 0.1, dtype=np.float32)
    weights[np.arange(3), (np.arange(3) + head) % 3] = 0.8
    return AttentionMap(kind, layer, head, weights, QUERIES, KEYS)


MAPS = [
    a_map(kind, layer, head)
    for kind in ("encoder", "decoder", "cross")
    for layer in (1, 2)
    for head in (1, 2, 3)
]
CROSS = Choice(kind="cross")


def texts_of(figure):
    texts = [text.get_text() for text in figure.texts]
    return texts + [text.get_text() for axes in figure.axes for text in axes.texts]


def rows_of(figure):
    """How many panels stand side by side, from the top."""
    tops = [round(axes.get_position().y1, 6) for axes in figure.axes[:-1]]
    return [tops.count(top) for top in sorted(set(tops), reverse=True)]


def outlined(axes):
    """The cells with a gold outline: those whose middle a frame's box is around."""
    frames = [
        each
        for each in axes.collections
        if len(colours := each.get_edgecolor()) and np.allclose(colours, to_rgba(VERMILION))
    ]
    boxes = [path.get_extents() for frame in frames for path in frame.get_paths()]
    return {(int(box.y0 + 0.5), int(box.x0 + 0.5)) for box in boxes}


def test_titles_name_kind_layer_and_head():
    figure = draw_translation(MAPS, [CROSS], heading="The cat", note="n° 1")
    titles = texts_of(figure)
    assert {"The cat", "n° 1"} < set(titles)
    for layer in (1, 2):
        for head in (1, 2, 3):
            assert f"cross attention · layer {layer} · head {head}" in titles
    alone = draw_translation([a_map("encoder", 1, 1)], [Choice(kind="encoder")], heading="")
    assert "encoder self-attention" in texts_of(alone)


def test_a_row_a_layer_and_rows_of_their_own_for_each_kind():
    assert rows_of(draw_translation(MAPS, [CROSS], heading="")) == [3, 3]
    means = frozenset({"heads"})
    all_kinds = [Choice(kind=kind, average=means) for kind in ("encoder", "decoder", "cross")]
    assert rows_of(draw_translation(MAPS, all_kinds, heading="")) == [2, 2, 2]
    uneven = [Choice(kind="encoder", layers=(1,), heads=(1, 2)), CROSS]
    assert rows_of(draw_translation(MAPS, uneven, heading="")) == [2, 3, 3]


def test_the_mean_of_heads_is_drawn():
    figure = draw_translation(
        MAPS, [Choice(kind="cross", average=frozenset({"heads"}))], heading=""
    )
    panels = figure.axes[:-1]
    assert len(panels) == 2
    drawn = panels[0].collections[0].get_array()
    np.testing.assert_allclose(np.ravel(drawn), 1 / 3, atol=1e-6)  # each key once 0.8, twice 0.1


def test_gold_is_outlined_in_cross_attention_alone():
    gold = frozenset({(0, 0), (1, 1), (1, 2)})
    choices = [Choice(kind="encoder", heads=(1,)), Choice(kind="cross", heads=(1, 2))]
    figure = draw_translation(MAPS, choices, heading="", gold=gold)
    *panels, _ = figure.axes
    assert [outlined(axes) for axes in panels] == [set(), set(), gold, gold, gold, gold]
    assert "outlined: words that the gold alignment links" in texts_of(figure)


@pytest.mark.parametrize("gold", [None, frozenset()])
def test_without_gold_there_is_no_legend(gold):
    figure = draw_translation(MAPS, [CROSS], heading="", gold=gold)
    assert not any("outlined" in text for text in texts_of(figure))
    assert not any(outlined(axes) for axes in figure.axes)


def test_axes_say_whether_the_target_is_the_reference():
    assert "translation ↓" in texts_of(draw_translation(MAPS, [CROSS], heading=""))
    drawn = texts_of(draw_translation(MAPS, [CROSS], heading="", target_name=REFERENCE))
    assert "reference ↓" in drawn
    assert "translation ↓" not in drawn
