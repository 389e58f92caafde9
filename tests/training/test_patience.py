"""Counting validations without an improvement, by hand."""

import pytest

from attnlab.training.patience import Patience


@pytest.mark.parametrize(
    ("qualities", "minimum_improvement", "best", "without"),
    [
        ([5.0], 0.0, 5.0, 0),
        ([5.0, 5.0, 4.0], 0.0, 5.0, 2),
        ([5.0, 4.0, 5.1], 0.0, 5.1, 0),
        ([5.0, 5.9, 6.0, 6.1], 1.0, 6.1, 0),
        ([5.0, 5.9, 6.0], 1.0, 5.0, 2),
        ([-2.0, -1.5, float("nan")], 0.0, -1.5, 1),
    ],
)
def test_by_hand(qualities, minimum_improvement, best, without):
    patience = Patience()
    for quality in qualities:
        patience.observe(quality, minimum_improvement)
    assert (patience.best, patience.without) == (best, without)
