"""State of training: its progress, its best validation, and the steps not yet reported."""

import math
import time
from dataclasses import asdict, dataclass, field, fields, is_dataclass
from types import UnionType
from typing import Any, TypeVar, get_args, get_origin, get_type_hints

from attnlab.training.selection import LOSS, Patience, Validation


@dataclass(frozen=True)
class Step:
    """One update: its `loss` in nats a target token, with all that the objective adds.

    `learning_rate`: that of the optimiser's first group. `done`: the share of training that is
    over. `seconds` of computation, of which clipping the gradient and changing the weights took
    `optimiser_seconds`; before it, `data_seconds` were spent waiting for the batches. A GPU runs
    asynchronously, so that there the optimiser's work counts to the next update.
    """

    update: int
    epoch: float
    done: float
    loss: float
    gradient_norm: float
    learning_rate: float
    target_tokens: int
    seconds: float
    data_seconds: float
    optimiser_seconds: float


@dataclass
class StepSums:
    """Sums over the steps since the last report; `learning_rate` and `epoch` of the latest step."""

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
        """Add `step`; losses are weighted by target tokens."""
        self.steps += 1
        self.target_tokens += step.target_tokens
        self.loss += step.loss * step.target_tokens
        self.gradient_norm += step.gradient_norm
        self.seconds += step.seconds
        self.data_seconds += step.data_seconds
        self.optimiser_seconds += step.optimiser_seconds
        self.learning_rate, self.epoch = step.learning_rate, step.epoch

    def report(self) -> dict[str, float]:
        """Means by the names that they are tracked under; seconds are those of one update."""
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


_PROGRESS = ("update", "epoch", "batch", "skipped", "skipped_in_a_row")


@dataclass
class TrainState:
    """State of training besides model, optimiser, schedule, average and random state.

    `batch` batches of epoch number `epoch` (from 0) were trained on, or were `skipped`.
    `best`: the best validation so far, by `metric`. `validated`: the update of the last validation.
    `unreported`: the steps since the last report. `recorded`: sizes in bytes of the tracker's
    files; None in a checkpoint of an earlier attnlab. `processes`: how many trained together when
    the checkpoint was written that this state is from.
    """

    metric: str = LOSS
    update: int = 0
    epoch: int = 0
    batch: int = 0
    skipped: int = 0
    skipped_in_a_row: int = 0
    earlier_seconds: float = 0.0
    best: Validation | None = None
    patience: Patience = field(default_factory=Patience)
    validated: int | None = None
    unreported: StepSums = field(default_factory=StepSums)
    recorded: dict[str, int] | None = None
    processes: int = field(default=1, init=False)
    _started: float = field(default_factory=time.monotonic, repr=False)

    def seconds(self) -> float:
        """Seconds since training started, those before an interruption included."""
        return self.earlier_seconds + time.monotonic() - self._started

    def take(self, found: Validation) -> bool:
        """Make `found` the best if it is better; returns whether it is."""
        is_best = self.best is None or found.is_better_than(self.best, self.metric)
        if is_best:
            self.best = found
        return is_best

    def as_values(self) -> dict[str, Any]:
        """Plain values, for a checkpoint."""
        values = asdict(self)
        progress = {name: values.pop(name) for name in _PROGRESS}
        notes = {
            name: values[name]
            for name in ("metric", "best", "patience", "validated", "unreported", "recorded")
        }
        return progress | {"seconds": self.seconds(), "notes": notes}

    @classmethod
    def from_values(cls, values: dict[str, Any]) -> "TrainState":
        """The state that `as_values` was called on.

        Raises:
            Exception: these are no such values; a ValueError names what is wrong.
        """
        progress = {name: values[name] for name in _PROGRESS}
        progress["earlier_seconds"] = values["seconds"]
        notes = from_plain(dict[str, object], values["notes"], "notes")
        state = from_plain(cls, notes | progress, "state")
        if state.epoch > state.update + state.skipped or state.earlier_seconds < 0:
            raise ValueError("epoch or seconds are out of range")
        metrics = {state.metric, LOSS}
        if state.best is not None and not metrics <= state.best.scores.keys():
            raise ValueError(f"state.best has no {' or no '.join(sorted(metrics))}")
        sums = state.unreported
        if sums.steps and not (sums.target_tokens > 0 and sums.seconds > 0):
            raise ValueError("state.unreported has steps without tokens or time")
        if state.validated is not None and state.validated > state.update:
            raise ValueError("state.validated is out of range")
        return state


_LARGEST = 2**53
"""The largest whole number that is accepted; no count comes near it."""

Plain = TypeVar("Plain")


def from_plain(kind: type[Plain], values: object, name: str = "value") -> Plain:
    """`values`, as read from a checkpoint, as a dataclass or another type, each one checked.

    Absent fields of a dataclass keep their defaults. Floats must be finite, and whole numbers at
    least 0.

    Raises:
        ValueError: a value of another type or out of range, by its name; an unknown field.
    """
    return _checked(kind, values, name)  # type: ignore[no-any-return]


def _checked(kind: Any, value: Any, name: str) -> Any:
    if get_origin(kind) is UnionType:
        if value is None:
            return None
        (kind,) = (each for each in get_args(kind) if each is not type(None))
    if is_dataclass(kind):
        hints = get_type_hints(kind)
        known = {field.name for field in fields(kind) if field.init and field.name[0] != "_"}
        found = _checked(dict[str, object], value, name)
        if unknown := found.keys() - known:
            raise ValueError(f"{name} has no {min(unknown)}")
        make: Any = kind
        return make(**{key: _checked(hints[key], found[key], f"{name}.{key}") for key in found})
    if get_origin(kind) in (dict, list):
        if type(value) is not get_origin(kind):
            raise ValueError(f"{name} is a {type(value).__name__}")
        *keys, of = get_args(kind)
        if isinstance(value, list):
            return [_checked(of, each, name) for each in value]
        return {
            _checked(keys[0], k, name): _checked(of, each, f"{name}.{k}")
            for k, each in value.items()
        }
    if kind is float and type(value) is int:
        value = float(value) if abs(value) <= _LARGEST else math.inf
    if kind is not object and type(value) is not kind:
        raise ValueError(f"{name} is a {type(value).__name__}")
    if kind is float and not math.isfinite(value):
        raise ValueError(f"{name} is not finite")
    if kind is int and not 0 <= value <= _LARGEST:
        raise ValueError(f"{name} is out of range")
    return value
