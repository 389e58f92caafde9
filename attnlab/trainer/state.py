"""What a run knows of its own training besides the model: it goes into every checkpoint."""

from dataclasses import asdict, dataclass, field
from typing import Any

from attnlab.training.loop import Step
from attnlab.training.patience import Patience
from attnlab.training.plain import from_plain
from attnlab.training.selection import LOSS, Validation


@dataclass
class StepSums:
    """Sums over the steps since the last report, and where the latest of them was."""

    steps: int = 0
    target_tokens: int = 0
    loss: float = 0.0
    gradient_norm: float = 0.0
    seconds: float = 0.0
    data_seconds: float = 0.0
    optimiser_seconds: float = 0.0
    learning_rate: float = 0.0
    epoch: float = 0.0

    def add(self, step: Step) -> None:
        """Count `step` in; each target token's loss counts alike."""
        self.steps += 1
        self.target_tokens += step.target_tokens
        self.loss += step.loss * step.target_tokens
        self.gradient_norm += step.gradient_norm
        self.seconds += step.seconds
        self.data_seconds += step.data_seconds
        self.optimiser_seconds += step.optimiser_seconds
        self.learning_rate, self.epoch = step.learning_rate, step.epoch

    def report(self) -> dict[str, float]:
        """The means, by the names that they are tracked under; seconds are those of one update."""
        gradient_seconds = self.seconds - self.optimiser_seconds
        return {
            "train/loss": self.loss / self.target_tokens,
            "train/gradient_norm": self.gradient_norm / self.steps,
            "train/learning_rate": self.learning_rate,
            "train/tokens_per_second": self.target_tokens / self.seconds,
            "train/epoch": self.epoch,
            "seconds/waiting_for_data": self.data_seconds / self.steps,
            "seconds/forward_and_backward": gradient_seconds / self.steps,
            "seconds/optimiser": self.optimiser_seconds / self.steps,
        }


@dataclass
class TrainState:
    """`best`: the best validation so far, by `metric`. `validated`: the update that was last.

    `patience`: how many validations there were since one that improved.

    `recorded`: what the tracker's files had for sizes, so that what is resumed goes on from there;
    None in a checkpoint of an earlier attnlab.

    `unreported`: the steps that no report has told of yet, so that a run which was cut between two
    reports has the same ones as a run which was not.
    """

    metric: str
    best: Validation | None = None
    patience: Patience = field(default_factory=Patience)
    validated: int | None = None
    unreported: StepSums = field(default_factory=StepSums)
    recorded: dict[str, int] | None = None

    def take(self, found: Validation) -> bool:
        """Keep `found` if it is the best so far; returns whether it is."""
        is_best = self.best is None or found.is_better_than(self.best, self.metric)
        if is_best:
            self.best = found
        return is_best

    def as_values(self) -> dict[str, Any]:
        """Plain values, for a checkpoint."""
        return asdict(self)

    @classmethod
    def from_values(cls, values: dict[str, Any]) -> "TrainState":
        """What `as_values` gave.

        Raises:
            ValueError: these are no such values; the message says which.
        """
        notes = from_plain(cls, values, "notes")
        wanted = {notes.metric, LOSS}
        if notes.best is not None and not wanted <= notes.best.scores.keys():
            raise ValueError(f"notes.best has no {' or no '.join(sorted(wanted))}")
        sums = notes.unreported
        if sums.steps and not (sums.target_tokens > 0 and sums.seconds > 0):
            raise ValueError("notes.unreported has steps without tokens or time")
        return notes
