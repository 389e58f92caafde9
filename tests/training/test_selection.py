"""Selection of the best checkpoint, and patience."""

import pytest

from attnlab import launch
from attnlab.config import ExperimentConfig
from attnlab.evaluation.metrics import measure
from attnlab.support.errors import UsageError
from attnlab.support.schema import from_node
from attnlab.training.selection import WATCHABLE, Patience, quality

GOOD = ["the cat sleeps on the mat", "we ate"]
BAD = ["the dog slept under the mat", "we eat"]


@pytest.mark.parametrize("metric", [metric for metric in WATCHABLE if metric != "loss"])
def test_the_better_translation_has_the_higher_quality(metric):
    better, worse = measure(metric, GOOD, GOOD), measure(metric, BAD, GOOD)
    assert quality(metric, better.score) > quality(metric, worse.score)


def test_a_lower_loss_is_better():
    assert quality("loss", 1.0) > quality("loss", 2.0)


@pytest.mark.parametrize(
    ("override", "message"),
    [
        ("stopping.metric=valid/bleu", "is none of: loss, bleu, tokenised, chrf, ter, exact"),
        ("stopping.patience=0", "must be at least 1, or null"),
        ("stopping.minimum_improvement=-1", "=-1.0 must be at least 0"),
        ("validate_metrics=[bleu,meteor]", "validate_metrics=meteor is none of: bleu, tokenised"),
    ],
)
def test_refused_by_name(override, message):
    with pytest.raises(UsageError, match=message):
        from_node(ExperimentConfig, launch.compose(launch.TRAIN, [override]))


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
    for each in qualities:
        patience.observe(each, minimum_improvement)
    assert (patience.best, patience.without) == (best, without)
