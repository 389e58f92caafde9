"""Which maps are drawn, and what they are called."""

import numpy as np
import pytest

from attnlab.errors import UsageError
from attnlab.experiment.draw import draw_translation, select_maps
from attnlab.inspection.maps import AttentionMap

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


def texts_of(figure):
    texts = [text.get_text() for text in figure.texts]
    return texts + [text.get_text() for axes in figure.axes for text in axes.texts]


def test_all_of_a_kind_or_some():
    assert len(select_maps(MAPS, kind="cross")) == 6
    chosen = select_maps(MAPS, kind="encoder", layers=[2], heads=[1, 3])
    assert [(m.kind, m.layer, m.head) for m in chosen] == [("encoder", 2, 1), ("encoder", 2, 3)]


@pytest.mark.parametrize(
    ("choice", "message"),
    [
        ({"kind": "cross", "layers": [3]}, "--layer 3: cross attention has layers 1 to 2"),
        ({"kind": "cross", "heads": [0]}, "--head 0: cross attention has heads 1 to 3"),
        ({"kind": "sideways"}, "--kind sideways is none of: encoder, decoder, cross"),
    ],
)
def test_what_is_not_there_is_refused_by_name(choice, message):
    with pytest.raises(UsageError, match=message):
        select_maps(MAPS, **choice)


def test_a_kind_that_the_model_lacks():
    only_cross = [each for each in MAPS if each.kind == "cross"]
    with pytest.raises(UsageError, match="--kind encoder: this model has only: cross"):
        select_maps(only_cross, kind="encoder")


def test_titles_name_kind_layer_and_head():
    figure = draw_translation(select_maps(MAPS, kind="cross"), heading="The cat", among=MAPS)
    titles = texts_of(figure)
    assert "The cat" in titles
    for layer in (1, 2):
        for head in (1, 2, 3):
            assert f"cross attention · layer {layer} · head {head}" in titles
    alone = draw_translation([a_map("encoder", 1, 1)], heading="", among=[a_map("encoder", 1, 1)])
    assert "encoder self-attention" in texts_of(alone)


def test_a_head_that_was_chosen_among_several_is_named():
    chosen = select_maps(MAPS, kind="encoder", layers=[2], heads=[1])
    figure = draw_translation(chosen, heading="", among=select_maps(MAPS, kind="encoder"))
    titles = " ".join(texts_of(figure)).replace("\n", " ")  # one panel: its title is in lines
    assert "encoder self-attention · layer 2 · head 1" in titles


def test_the_mean_of_heads_is_drawn():
    figure = draw_translation(
        select_maps(MAPS, kind="cross"), heading="", among=MAPS, average_heads=True
    )
    assert "cross attention · layer 2 · mean of heads" in " ".join(texts_of(figure))
    panels = figure.axes[:-1]
    assert len(panels) == 2
    drawn = panels[0].collections[0].get_array()
    np.testing.assert_allclose(np.ravel(drawn), 1 / 3, atol=1e-6)  # each key once 0.8, twice 0.1
