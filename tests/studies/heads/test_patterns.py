"""Mean maps: which size is chosen, and that the mean is of that size's maps alone."""

import numpy as np
import pytest

from attnlab.studies.heads.patterns import MeanPattern, typical_size


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
