"""Schedules: which share of the highest learning rate an update gets."""

import math
from abc import ABC, abstractmethod
from dataclasses import asdict, dataclass
from typing import Annotated, Any

from attnlab.support.ranges import Count, CountOrZero, NonNegative, Range, Share
from attnlab.support.registry import Registry
from attnlab.training.patience import Patience
from attnlab.training.plain import from_plain

SCHEDULES: Registry["Schedule"] = Registry("schedule")


@dataclass(kw_only=True)
class ScheduleConfig:
    """`warmup_updates`: the first updates, over which the share rises evenly from 0."""

    name: str
    warmup_updates: CountOrZero


class Schedule(ABC):
    """After the warm-up, a curve of its own."""

    observes = False
    """Whether `observe` changes anything, so that there has to be validation."""

    def __init__(self, config: ScheduleConfig) -> None:
        self.warmup_updates = config.warmup_updates

    def __call__(self, update: int, done: float) -> float:
        """The share for update number `update` (from 1), when `done` (0 to 1) of training is over.

        Where training is limited by time, `done` follows the clock.
        """
        rise = min(1.0, update / self.warmup_updates) if self.warmup_updates else 1.0
        return rise * self.curve(update, done)

    @abstractmethod
    def curve(self, update: int, done: float) -> float:
        """The share but for the warm-up."""

    def observe(self, quality: float) -> None:  # noqa: B027 - most look at nothing
        """Learn what a validation found, as a number of which more is better."""

    def state_dict(self) -> dict[str, Any]:
        """What it has learnt so far, in plain values."""
        return {}

    def load_state_dict(self, state: dict[str, Any]) -> None:  # noqa: B027 - most learn nothing
        """Go on from what `state_dict` gave."""


@dataclass(kw_only=True)
class ConstantConfig(ScheduleConfig):
    """Nothing more to choose."""


@SCHEDULES.register("constant", ConstantConfig)
class Constant(Schedule):
    """All of it, always."""

    def curve(self, update: int, done: float) -> float:  # noqa: ARG002
        """1."""
        return 1.0


@dataclass(kw_only=True)
class InverseSquareRootConfig(ScheduleConfig):
    """Nothing more to choose."""


@SCHEDULES.register("inverse_sqrt", InverseSquareRootConfig)
class InverseSquareRoot(Schedule):
    """Vaswani et al. 2017, equation 3: falls as 1/√update from the end of the warm-up.

    Needs no end of training to be known.
    """

    def curve(self, update: int, done: float) -> float:  # noqa: ARG002
        """√(warmup_updates / update), at most 1."""
        return math.sqrt(min(1.0, max(self.warmup_updates, 1) / update))


@dataclass(kw_only=True)
class LinearConfig(ScheduleConfig):
    """Nothing more to choose."""


@SCHEDULES.register("linear", LinearConfig)
class Linear(Schedule):
    """Falls evenly to 0 at the end of training."""

    def curve(self, update: int, done: float) -> float:  # noqa: ARG002
        """1 - done."""
        return 1.0 - done


@dataclass(kw_only=True)
class CosineConfig(ScheduleConfig):
    """Nothing more to choose."""


@SCHEDULES.register("cosine", CosineConfig)
class Cosine(Schedule):
    """Falls along half a cosine to 0 at the end of training (Loshchilov & Hutter 2017)."""

    def curve(self, update: int, done: float) -> float:  # noqa: ARG002
        """(1 + cos π·done) / 2."""
        return (1 + math.cos(math.pi * done)) / 2


@dataclass(kw_only=True)
class PlateauConfig(ScheduleConfig):
    """When and how far the share falls.

    After `patience` validations in a row, none of which improved the watched metric by more than
    `minimum_improvement`, the share is multiplied by `factor`, down to `minimum_share`.
    """

    factor: Annotated[float, Range(above=0, below=1)]
    patience: Count
    minimum_improvement: NonNegative
    minimum_share: Share


@SCHEDULES.register("plateau", PlateauConfig)
class Plateau(Schedule):
    """Falls by a factor whenever validation no longer improves."""

    observes = True

    def __init__(self, config: PlateauConfig) -> None:
        super().__init__(config)
        self._config, self._share, self._patience = config, 1.0, Patience()

    def curve(self, update: int, done: float) -> float:  # noqa: ARG002
        """What the validations so far have left of it."""
        return self._share

    def observe(self, quality: float) -> None:
        """Fall, if patience is at its end; it then begins anew."""
        self._patience.observe(quality, self._config.minimum_improvement)
        if self._patience.without >= self._config.patience:
            self._patience.without = 0
            self._share = max(self._share * self._config.factor, self._config.minimum_share)

    def state_dict(self) -> dict[str, Any]:
        """The share, and what patience is left."""
        return {"share": self._share, "patience": asdict(self._patience)}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Go on from what `state_dict` gave; a ValueError for anything else."""
        share = from_plain(float, state["share"], "share")
        if not 0 <= share <= 1:
            raise ValueError(f"share is {share}")
        self._share, self._patience = share, from_plain(Patience, state["patience"], "patience")
