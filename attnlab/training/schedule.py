"""Schedules: which share of the highest learning rate an update gets."""

import math
from abc import ABC, abstractmethod
from dataclasses import dataclass

from attnlab.errors import UsageError
from attnlab.registry import Registry

SCHEDULES: Registry["Schedule"] = Registry("schedule")


@dataclass(kw_only=True)
class ScheduleConfig:
    """`warmup_updates`: the first updates, over which the share rises evenly from 0."""

    name: str
    warmup_updates: int


class Schedule(ABC):
    """After the warm-up, a curve of its own."""

    def __init__(self, config: ScheduleConfig) -> None:
        if config.warmup_updates < 0:
            raise UsageError(f"schedule.warmup_updates={config.warmup_updates} must be at least 0")
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
