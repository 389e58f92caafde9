"""The four kinds of weights: what makes each what it is."""

import numpy as np
import pytest

from attnlab.studies.heatmap import KINDS, make_weights
from attnlab.support.errors import UsageError


@pytest.mark.parametrize("name", list(KINDS))
@pytest.mark.parametrize("size", [1, 2, 11])
def test_every_query_spreads_one_among_the_keys(name, size):
    weights = make_weights(name, size, seed=3)
    assert weights.shape == (size, size)
    assert (weights >= 0).all()
    np.testing.assert_allclose(weights.sum(axis=1), 1, rtol=1e-12)
    np.testing.assert_array_equal(weights, make_weights(name, size, seed=3))


def test_the_special_kinds_are_what_they_are_called():
    values = np.random.default_rng(0).normal(size=(7, 2))
    np.testing.assert_allclose(make_weights("identity", 7, 1) @ values, values)
    np.testing.assert_allclose(
        make_weights("uniform", 7, 1) @ values, np.tile(values.mean(axis=0), (7, 1))
    )
    one_hot = make_weights("one-hot", 7, 1)
    assert ((one_hot == 1).sum(axis=1) == 1).all()
    assert (one_hot != make_weights("identity", 7, 1)).any()
    convex = make_weights("convex", 7, 1)
    assert ((convex > 0) & (convex < 1)).all()
    assert convex.std() > 0.05


def test_another_seed_draws_others_and_other_names_are_refused():
    for name in ("one-hot", "convex"):
        assert (make_weights(name, 9, 1) != make_weights(name, 9, 2)).any()
    with pytest.raises(UsageError, match="choose one of: identity, uniform, one-hot, convex"):
        make_weights("conic", 3, 1)
