"""What a training is judged by while it runs: a metric of the validation split, and its direction.

Knows no training.
"""

from dataclasses import dataclass

from attnlab.evaluation.metrics import NAMES
from attnlab.support.errors import UsageError
from attnlab.support.ranges import Count, NonNegative

LOSS = "loss"
"""Nats a target token: the one metric that takes no translation."""

WATCHABLE = (LOSS, *NAMES)

_LOWER_IS_BETTER = (LOSS, "ter")


def quality(metric: str, score: float) -> float:
    """`score` as a number of which more is better."""
    return -score if metric in _LOWER_IS_BETTER else score


@dataclass(frozen=True)
class Validation:
    """What was measured: `scores` by the names of metrics, loss among them."""

    scores: dict[str, float]

    def quality(self, metric: str) -> float:
        """By `metric`, as a number of which more is better."""
        return quality(metric, self.scores[metric])

    def is_better_than(self, other: "Validation", metric: str) -> bool:
        """By `metric`; by loss where that is the same, as before there is any BLEU."""
        mine, others = ((each.quality(metric), each.quality(LOSS)) for each in (self, other))
        return mine > others

    def __str__(self) -> str:
        told = [
            f"{NAMES[name]} {score:.1f}" for name, score in self.scores.items() if name in NAMES
        ]
        return " · ".join([*told, f"loss {self.scores[LOSS]:.3f}"])


@dataclass(kw_only=True)
class StoppingConfig:
    """Which checkpoint is the best, and when there is no use in going on.

    `metric`: what both follow, one of `WATCHABLE`. Training stops after `patience` validations in
    a row that did not improve it by more than `minimum_improvement` (null: it does not).
    """

    metric: str
    patience: Count | None
    minimum_improvement: NonNegative

    def __post_init__(self) -> None:
        if self.metric not in WATCHABLE:
            raise UsageError(f"stopping.metric={self.metric} is none of: {', '.join(WATCHABLE)}")


def require_metrics(setting: str, metrics: list[str]) -> None:
    """Refuse any of `metrics` of translations that there is not."""
    for metric in metrics:
        if metric not in NAMES:
            raise UsageError(f"{setting}={metric} is none of: {', '.join(NAMES)}")
