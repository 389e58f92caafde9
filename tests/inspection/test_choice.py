"""Which maps are shown, means over them, and what they are called."""

import numpy as np
import pytest

from attnlab.inspection.drawing import Choice, choose_maps, kinds_of
from attnlab.inspection.maps import AttentionMap
from attnlab.support.errors import UsageError
from tests.conftest import small_model

QUERIES, KEYS = ["le", "chat", "</s>"], ["the", "</s>"]


def weight_of(kind, layer, head):
    """Of the first key, in every row; each map has its own."""
    return {"encoder": 0.0, "decoder": 0.3, "cross": 0.6}[kind] + 0.1 * layer + 0.01 * head


def a_map(kind, layer, head):
    first = weight_of(kind, layer, head)
    weights = np.full((3, 2), [first, 1 - first], dtype=np.float32)
    return AttentionMap(kind, layer, head, weights, QUERIES, KEYS)


MAPS = [
    a_map(kind, layer, head)
    for kind in ("encoder", "decoder", "cross")
    for layer in (1, 2, 3)
    for head in (1, 2)
]


def test_all_of_a_kind_or_some():
    assert len(choose_maps(MAPS, Choice(kind="cross"))) == 6
    chosen = choose_maps(MAPS, Choice(kind="encoder", layers=(3, 1), heads=(2,)))
    assert [each.title for each in chosen] == [
        "encoder self-attention · layer 1 · head 2",
        "encoder self-attention · layer 3 · head 2",
    ]
    assert [each.weights[0, 0] for each in chosen] == pytest.approx([0.12, 0.32])


@pytest.mark.parametrize(
    ("choice", "expected"),
    [
        (
            {"average": {"heads"}},
            [  # (0.61 + 0.62) / 2 above 0.1 a layer
                ("cross attention · layer 1 · mean of heads", 0.715),
                ("cross attention · layer 2 · mean of heads", 0.815),
                ("cross attention · layer 3 · mean of heads", 0.915),
            ],
        ),
        (
            {"average": {"layers"}},
            [
                ("cross attention · mean of layers · head 1", 0.81),
                ("cross attention · mean of layers · head 2", 0.82),
            ],
        ),
        (
            {"average": {"heads", "layers"}},
            [("cross attention · mean of layers · mean of heads", 0.815)],
        ),
        (
            {"average": {"layers"}, "layers": (1, 3), "heads": (2,)},
            [("cross attention · mean of layers 1 and 3 · head 2", 0.82)],
        ),
        (
            {"average": {"heads"}, "layers": (2,), "heads": (1,)},
            [("cross attention · layer 2 · head 1", 0.81)],  # the mean of one is that one
        ),
    ],
)
def test_means_by_hand(choice, expected):
    chosen = choose_maps(MAPS, Choice(kind="cross", **choice))
    assert [each.title for each in chosen] == [title for title, _ in expected]
    for each, (_, first) in zip(chosen, expected, strict=True):
        np.testing.assert_allclose(each.weights, [[first, 1 - first]] * 3, atol=1e-6)
        assert (each.queries, each.keys) == (QUERIES, KEYS)


def test_what_there_is_one_of_is_not_numbered():
    (only,) = choose_maps([a_map("cross", 1, 1)], Choice(kind="cross"))
    assert only.title == "cross attention"
    layers = choose_maps([a_map("cross", 1, 1), a_map("cross", 2, 1)], Choice(kind="cross"))
    assert [each.title for each in layers] == [
        "cross attention · layer 1",
        "cross attention · layer 2",
    ]


@pytest.mark.parametrize(
    ("choice", "message"),
    [
        ({"kind": "cross", "layers": (4,)}, "--layer 4: cross attention has layers 1 to 3"),
        ({"kind": "cross", "heads": (0,)}, "--head 0: cross attention has heads 1 to 2"),
        ({"kind": "sideways"}, "--kind sideways is none of: encoder, decoder, cross, all"),
    ],
)
def test_what_is_not_there_is_refused_by_name(choice, message):
    with pytest.raises(UsageError, match=message):
        choose_maps(MAPS, Choice(**choice))


def test_a_kind_that_the_model_lacks():
    only_cross = [each for each in MAPS if each.kind == "cross"]
    with pytest.raises(UsageError, match="--kind encoder: this model has only: cross"):
        choose_maps(only_cross, Choice(kind="encoder"))


def test_all_is_what_the_model_has():
    assert kinds_of(small_model("transformer"), ["all"]) == ["encoder", "decoder", "cross"]
    assert kinds_of(small_model("bahdanau"), ["all"]) == ["cross"]
    assert kinds_of(small_model("transformer"), ["cross", "decoder", "cross"]) == [
        "cross",
        "decoder",
    ]
    with pytest.raises(UsageError, match="--kind decoder: this model has only: cross"):
        kinds_of(small_model("bahdanau"), ["all", "decoder"])
