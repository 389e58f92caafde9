"""Selection of the best checkpoint, and early stopping: by a metric of the validation split."""

from dataclasses import dataclass

from attnlab.evaluation.metrics import NAMES
from attnlab.support.errors import UsageError
from attnlab.support.ranges import Count, NonNegative

LOSS = "loss"
"""Nats a target token: the one metric that takes no translation."""

WATCHABLE = (LOSS, *NAMES)

_LOWER_IS_BETTER = (LOSS, "ter")


def quality(metric: str, score: float) -> float:
    """`score`, negated where lower is better."""
    return -score if metric in _LOWER_IS_BETTER else score


@dataclass(frozen=True)
class Validation:
    """The `scores` of a validation by the names of metrics, loss among them."""

    scores: dict[str, float]

    def quality(self, metric: str) -> float:
        """The score by `metric`, negated where lower is better."""
        return quality(metric, self.scores[metric])

    def is_better_than(self, other: "Validation", metric: str) -> bool:
        """By `metric`; by loss where that is equal, as while BLEU is still 0."""
        mine, others = ((each.quality(metric), each.quality(LOSS)) for each in (self, other))
        return mine > others

    def __str__(self) -> str:
        scores = [
            f"{NAMES[name]} {score:.1f}" for name, score in self.scores.items() if name in NAMES
        ]
        return " · ".join([*scores, f"loss {self.scores[LOSS]:.3f}"])


@dataclass
class Patience:
    """Counts validations in a row that did not improve.

    `best`: the quality to improve upon, None before the first validation. `without`: the number of
    validations since.
    """

    best: float | None = None
    without: int = 0

    def observe(self, quality: float, minimum_improvement: float) -> None:
        """Count a validation; only one more than `minimum_improvement` above `best` improves."""
        if self.best is None or quality > self.best + minimum_improvement:
            self.best, self.without = quality, 0
        else:
            self.without += 1


@dataclass(kw_only=True)
class StoppingConfig:
    """Which checkpoint is the best, and when training stops early.

    `metric`: what both follow, one of `WATCHABLE`. Training stops after `patience` validations in
    a row that did not improve it by more than `minimum_improvement` (null: never).
    """

    metric: str
    patience: Count | None
    minimum_improvement: NonNegative

    def __post_init__(self) -> None:
        if self.metric not in WATCHABLE:
            raise UsageError(f"stopping.metric={self.metric} is none of: {', '.join(WATCHABLE)}")

    def reason_to_stop(self, patience: Patience) -> str | None:
        """The message with which training stops early; None if it goes on."""
        if self.patience is None or patience.without < self.patience or patience.best is None:
            return None
        best = quality(self.metric, patience.best)  # negated twice
        by = f" by more than {self.minimum_improvement:g}" if self.minimum_improvement else ""
        return (
            f"stopped early: {patience.without} validations in a row did not improve valid "
            f"{NAMES.get(self.metric, self.metric)} {best:.4g}{by}; to go on, raise "
            "stopping.patience="
        )

    def require_metric(self, metric: str) -> None:
        """Refuse to resume a run whose best checkpoint was selected by another metric."""
        if metric != self.metric:
            raise UsageError(
                f"stopping.metric={self.metric}: this run's best checkpoint was chosen by "
                f"{metric}, and stays so; train a new run"
            )


def require_metrics(setting: str, metrics: list[str]) -> None:
    """Refuse unknown metrics of translations."""
    for metric in metrics:
        if metric not in NAMES:
            raise UsageError(f"{setting}={metric} is none of: {', '.join(NAMES)}")
