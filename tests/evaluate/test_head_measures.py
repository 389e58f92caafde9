"""Measures of heads: by hand on small matrices, known values of known attention, properties,
roles and mean maps."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from attnlab.evaluate.head_measures import (
    MEASURES,
    ROLES,
    HeadMeasures,
    KeyMarks,
    MeanPattern,
    MeasureSums,
    typical_size,
    uniform_weights,
)

NAMES = ("previous", "same", "following")


def marks(keys, *, beginning=(), end=(), punctuation=()):
    def of(places):
        return np.isin(np.arange(keys), places)[np.newaxis]

    return KeyMarks(
        beginning=of(beginning) if beginning else None,
        end=of(end) if end else None,
        punctuation=of(punctuation),
    )


def measured(weights, visible=None, *, is_self=True, **places):
    """Of one sentence and one head."""
    weights = np.array(weights, dtype=float)
    visible = np.ones(weights.shape, bool) if visible is None else visible
    keys = marks(weights.shape[1], **places)
    sums = MeasureSums()
    sums.add(weights[None, None], visible[None], keys, is_self=is_self)
    [found] = sums.means()
    return found


def test_three_rows_by_hand():
    weights = [[0.5, 0.5, 0.0], [0.1, 0.2, 0.7], [0.0, 1.0, 0.0]]
    found = measured(weights, end=[2], punctuation=[1])
    half, other = np.log(2), -sum(p * np.log(p) for p in (0.1, 0.2, 0.7))
    assert found.entropy_nats == pytest.approx((half + other + 0) / 3)
    assert found.entropy == pytest.approx((half + other) / 3 / np.log(3))
    assert found.confidence == pytest.approx((0.5 + 0.2 + 1.0) / 3), "the end is no word"
    assert found.distance == pytest.approx((0.5 + 0.8 + 1.0) / 3)
    # The farthest keys are 2, 1 and 2 away.
    assert found.diagonality == pytest.approx(1 - (0.5 / 2 + 0.8 / 1 + 1.0 / 2) / 3)
    assert found.previous == pytest.approx((0.1 + 1.0) / 2)
    assert found.same == pytest.approx((0.5 + 0.2 + 0.0) / 3)
    assert found.following == pytest.approx((0.5 + 0.7) / 2)
    assert found.end == pytest.approx((0.0 + 0.7 + 0.0) / 3)
    assert found.punctuation == pytest.approx((0.5 + 0.2 + 1.0) / 3)
    assert found.beginning is None


def test_a_decoders_first_query_has_no_choice_and_does_not_count():
    weights = [[1.0, 0.0, 0.0], [0.25, 0.75, 0.0], [0.5, 0.5, 0.0]]
    found = measured(weights, np.tri(3, dtype=bool), beginning=[0], punctuation=[2])
    assert found.beginning == pytest.approx((0.25 + 0.5) / 2)
    assert found.confidence == pytest.approx((0.75 + 0.5) / 2)
    assert found.same == pytest.approx((0.75 + 0.0) / 2)
    assert found.previous == pytest.approx((0.25 + 0.5) / 2)
    assert found.following is None, "nobody may see the next one"
    assert found.distance == pytest.approx((0.25 + (2 * 0.5 + 0.5)) / 2)
    assert found.diagonality == pytest.approx(1 - (0.25 / 1 + 1.5 / 2) / 2)


def test_cross_attention_is_measured_from_the_straight_line():
    # Two queries, six keys: the line passes 1 and 4.
    found = measured([[0, 1, 0, 0, 0, 0], [0, 0, 0, 0, 0.5, 0.5]], is_self=False, end=[5])
    assert found.distance == pytest.approx((0 + 0.5) / 2)
    assert found.diagonality == pytest.approx(1 - (0 + 0.5 / 4) / 2)
    assert [getattr(found, name) for name in NAMES] == [None, None, None]
    # Four queries, two keys: it passes -1/4, 1/4, 3/4 and 5/4.
    found = measured([[1, 0], [1, 0], [0, 1], [0, 1]], is_self=False, end=[1])
    assert found.distance == pytest.approx(0.25)
    assert found.diagonality == pytest.approx(
        1 - np.mean([0.25 / 1.25, 0.25 / 0.75, 0.25 / 0.75, 0.25 / 1.25])
    )


@pytest.mark.parametrize("length", [2, 5, 8])
def test_known_attention_has_known_measured(length):
    for name, offset in zip(NAMES, (-1, 0, 1), strict=True):
        weights = np.eye(length, k=offset)
        [row] = np.flatnonzero(~weights.any(1)) if offset else [None]
        if row is not None:
            weights[row, row] = 1.0  # whose neighbour is not there
        found = measured(weights)
        assert getattr(found, name) == pytest.approx(1.0)
        assert found.entropy == pytest.approx(0.0)
        assert found.confidence == pytest.approx(1.0)
        assert (found.diagonality == pytest.approx(1.0)) == (name == "same")
    ends = np.zeros((length, length))
    ends[:, -1] = 1.0
    found = measured(ends, end=[length - 1])
    assert (found.end, found.confidence) == (1.0, 0.0)
    assert found.distance == pytest.approx((length - 1) / 2)


@pytest.mark.parametrize("length", [2, 5, 8])
def test_uniform_attention(length):
    visible = np.ones((1, length, length), bool)
    found = measured(uniform_weights(visible)[0, 0], end=[0], punctuation=[1])
    shares = (*NAMES, "end", "punctuation", "confidence")
    assert [getattr(found, name) for name in shares] == pytest.approx([1 / length] * 6)
    assert found.entropy == pytest.approx(1.0)
    assert found.entropy_nats == pytest.approx(np.log(length))
    assert found.distance == pytest.approx((length**2 - 1) / (3 * length))
    causal = np.tri(length, dtype=bool)
    found = measured(uniform_weights(causal[None])[0, 0], causal, beginning=[0])
    assert found.diagonality == pytest.approx(0.5)
    assert found.beginning == pytest.approx(np.mean([1 / n for n in range(2, length + 1)]))


def batch(seed, is_self, causal):
    """Random weights of five sentences of several sizes with three heads, padded."""
    random = np.random.default_rng(seed)
    sizes = [(n, n if is_self else int(random.integers(1, 8))) for n in random.integers(1, 7, 5)]
    queries, keys = map(max, zip(*sizes, strict=True))
    visible = np.zeros((5, queries, keys), bool)
    for row, (n, m) in enumerate(sizes):
        visible[row, :n, :m] = np.tri(n, m, dtype=bool) if causal else True
    weights = random.random((5, 3, queries, keys)) * visible[:, None]
    weights /= np.maximum(weights.sum(-1, keepdims=True), 1e-9)
    sorts = [random.random((5, keys)) < 0.3 for _ in range(3)]
    return weights, visible, sorts


def of_batch(weights, visible, sorts, is_self, sums=None):
    sums = MeasureSums() if sums is None else sums
    keys = KeyMarks(beginning=sorts[0], end=sorts[1], punctuation=sorts[2])
    sums.add(weights, visible, keys, is_self=is_self)
    return sums


def values(sums):
    return [
        [np.nan if getattr(head, name) is None else getattr(head, name) for name in MEASURES]
        for head in sums.means()
    ]


@given(st.integers(0, 999), st.sampled_from([(True, False), (True, True), (False, False)]))
def test_order_padding_and_cutting_into_batches_change_nothing(seed, kind):
    is_self, causal = kind
    weights, visible, sorts = batch(seed, is_self, causal)
    whole = values(of_batch(weights, visible, sorts, is_self))
    order = np.random.default_rng(seed).permutation(5)
    permuted = of_batch(weights[order], visible[order], [s[order] for s in sorts], is_self)
    np.testing.assert_allclose(values(permuted), whole)
    wider = of_batch(
        np.pad(weights, ((0, 0), (0, 0), (0, 2), (0, 3))),
        np.pad(visible, ((0, 0), (0, 2), (0, 3))),
        [np.pad(s, ((0, 0), (0, 3)), constant_values=True) for s in sorts],
        is_self,
    )
    np.testing.assert_allclose(values(wider), whole)
    sums = MeasureSums()
    for part in (slice(0, 2), slice(2, 5)):
        of_batch(weights[part], visible[part], [s[part] for s in sorts], is_self, sums)
    np.testing.assert_allclose(values(sums), whole)


def test_heads_are_not_mixed_up():
    weights, visible, sorts = batch(7, True, False)
    whole = values(of_batch(weights, visible, sorts, True))
    for head in range(3):
        alone = of_batch(weights[:, head : head + 1], visible, sorts, True)
        np.testing.assert_allclose(values(alone), whole[head : head + 1])
    assert whole[0] != whole[1]


def test_without_any_choice_there_is_no_figure():
    found = measured([[1.0]])
    assert all(getattr(found, name) is None for name in MEASURES)


def of(**values):
    return HeadMeasures(**dict.fromkeys(MEASURES) | values)


@pytest.mark.parametrize(
    ("values", "role"),
    [
        ({"previous": 0.4, "same": 0.3}, "previous token"),
        ({"previous": 0.41, "same": 0.45}, "same token"),
        ({"following": 0.9, "diagonality": 0.95}, "next token"),
        ({"beginning": 0.6, "entropy": 0.9}, "beginning"),
        ({"end": 0.5, "punctuation": 0.45}, "end"),
        ({"punctuation": 0.7}, "punctuation"),
        ({"same": 0.39, "diagonality": 0.8, "entropy": 0.9}, "diagonal"),
        ({"same": 0.39, "diagonality": 0.79, "entropy": 0.75}, "broad"),
        ({"same": 0.39, "diagonality": 0.79, "entropy": 0.74}, None),
        ({}, None),
    ],
)
def test_thresholds(values, role):
    assert of(**values).role() == role
    assert role is None or role.split()[0] in ROLES


def test_an_aligner_beats_the_straight_line():
    ends = of(end=0.9)
    assert ends.role(0.30, 0.36) == "aligner"
    assert ends.role(0.36, 0.36) == "end"
    assert ends.role(None, 0.36) == "end"


def test_the_size_with_most_tokens():
    assert typical_size([(2, 2)] * 9 + [(6, 5)] * 4 + [(30, 12)]) == (6, 5)  # 36, 44, 42
    assert typical_size([(2, 3)]) == (2, 3)
    with pytest.raises(ValueError, match="no sentences"):
        typical_size([])


def test_the_mean_is_of_that_size_alone():
    random = np.random.default_rng(1)
    weights = random.random((4, 3, 5, 7))
    sizes = np.array([[2, 3], [5, 7], [2, 3], [3, 2]])
    pattern = MeanPattern((2, 3))
    with pytest.raises(ValueError, match="no map of 2 queries and 3 keys"):
        pattern.mean()
    pattern.add(weights[:1], sizes[:1])
    pattern.add(weights[1:], sizes[1:])
    assert pattern.sentences == 2
    expected = (weights[0, :, :2, :3] + weights[2, :, :2, :3]) / 2
    np.testing.assert_allclose(pattern.mean(), expected)
