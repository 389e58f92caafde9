"""Schedules: the share of the highest learning rate that each update gets."""

import math
from abc import ABC, abstractmethod
from dataclasses import asdict, dataclass
from typing import Annotated, Any

from attnlab.support.ranges import Count, CountOrZero, NonNegative, Range, Share
from attnlab.support.registry import Registry
from attnlab.training.selection import Patience
from attnlab.training.state import from_plain

SCHEDULES: Registry["Schedule"] = Registry("schedule")


@dataclass(kw_only=True)
class ScheduleConfig:
    """`warmup_updates`: the first updates, over which the share rises linearly from 0."""

    name: str
    warmup_updates: CountOrZero


class Schedule(ABC):
    """A linear warm-up times a curve."""

    observes = False
    """Whether the curve depends on validations."""

    def __init__(self, config: ScheduleConfig) -> None:
        self.warmup_updates = config.warmup_updates

    def __call__(self, update: int, done: float) -> float:
        """The share for update number `update` (from 1), when `done` (0 to 1) of training is over.

        `done` is a share of the time if training is limited by time.
        """
        rise = min(1.0, update / self.warmup_updates) if self.warmup_updates else 1.0
        return rise * self.curve(update, done)

    @abstractmethod
    def curve(self, update: int, done: float) -> float:
        """The share without the warm-up."""

    def observe(self, quality: float) -> None:  # noqa: B027 - optional
        """Adapt to a validation's `quality`, of which more is better."""

    def state_dict(self) -> dict[str, Any]:
        """The state that `observe` changes, in plain values."""
        return {}

    def load_state_dict(self, state: dict[str, Any]) -> None:  # noqa: B027 - optional
        """Restore `state_dict`."""


@SCHEDULES.register("constant", ScheduleConfig)
class Constant(Schedule):
    """Always 1."""

    def curve(self, update: int, done: float) -> float:  # noqa: ARG002
        """1."""
        return 1.0


@SCHEDULES.register("inverse_sqrt", ScheduleConfig)
class InverseSquareRoot(Schedule):
    """Vaswani et al. 2017, equation 3: falls as 1/√update from the end of the warm-up."""

    def curve(self, update: int, done: float) -> float:  # noqa: ARG002
        """√(warmup_updates / update), at most 1."""
        return math.sqrt(min(1.0, max(self.warmup_updates, 1) / update))


@SCHEDULES.register("linear", ScheduleConfig)
class Linear(Schedule):
    """Falls linearly to 0 at the end of training."""

    def curve(self, update: int, done: float) -> float:  # noqa: ARG002
        """1 - done."""
        return 1.0 - done


@SCHEDULES.register("cosine", ScheduleConfig)
class Cosine(Schedule):
    """Falls along half a cosine to 0 at the end of training (Loshchilov & Hutter 2017)."""

    def curve(self, update: int, done: float) -> float:  # noqa: ARG002
        """(1 + cos π·done) / 2."""
        return (1 + math.cos(math.pi * done)) / 2


@dataclass(kw_only=True)
class PlateauConfig(ScheduleConfig):
    """After `patience` validations in a row without an improvement, the share falls by `factor`.

    An improvement of the watched metric is more than `minimum_improvement`. The share falls no
    lower than `minimum_share`.
    """

    factor: Annotated[float, Range(above=0, below=1)]
    patience: Count
    minimum_improvement: NonNegative
    minimum_share: Share


@SCHEDULES.register("plateau", PlateauConfig)
class Plateau(Schedule):
    """Falls by a factor whenever validation no longer improves.

    torch's `ReduceLROnPlateau` sets the learning rate itself, which here has a warm-up as well, and
    waits for one validation more.
    """

    observes = True

    def __init__(self, config: PlateauConfig) -> None:
        super().__init__(config)
        self._config, self._share, self._patience = config, 1.0, Patience()

    def curve(self, update: int, done: float) -> float:  # noqa: ARG002
        """The share after the validations so far."""
        return self._share

    def observe(self, quality: float) -> None:
        """Multiply the share by the factor if patience has run out; then reset it."""
        self._patience.observe(quality, self._config.minimum_improvement)
        if self._patience.without >= self._config.patience:
            self._patience.without = 0
            self._share = max(self._share * self._config.factor, self._config.minimum_share)

    def state_dict(self) -> dict[str, Any]:
        """The share and the patience."""
        return {"share": self._share, "patience": asdict(self._patience)}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Restore `state_dict`; a ValueError for other values."""
        share = from_plain(float, state["share"], "share")
        if not 0 <= share <= 1:
            raise ValueError(f"share is {share}")
        self._share, self._patience = share, from_plain(Patience, state["patience"], "patience")
