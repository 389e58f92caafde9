"""The learning-rate range test: a short training whose rate rises, and what its losses say.

Smith 2017 (Cyclical Learning Rates), section 3.3; the rate rises exponentially here, so that each
power of ten gets as many updates. Knows no model and no files.
"""

import math
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from attnlab.training.loop import NonFinite, Step
from attnlab.training.schedule import Schedule, ScheduleConfig

DIVERGED = 4.0
"""How many times its smallest value the smoothed loss must reach for the test to end."""

_FIRST_UPDATES = 5  # before them there is little to compare the loss with


class ExponentialRise(Schedule):
    """From the share `first` at the first update to `last` at the one of number `updates`."""

    def __init__(self, first: float, last: float, updates: int) -> None:
        super().__init__(ScheduleConfig(name="exponential_rise", warmup_updates=0))
        self._first, self._times, self._updates = first, last / first, updates

    def curve(self, update: int, done: float) -> float:  # noqa: ARG002
        """As far from `first` to `last`, by the logarithm, as `update` is of all updates."""
        return float(self._first * self._times ** ((update - 1) / max(1, self._updates - 1)))


@dataclass(frozen=True)
class Point:
    """One update of the test; losses in nats a target token, `smoothed` over the last ones."""

    update: int
    learning_rate: float
    loss: float
    smoothed: float


def until_diverged(steps: Iterable[Step | NonFinite], smoothing: float) -> Iterator[Point]:
    """The test's points, until the loss diverges or is no finite number any more.

    `smoothing` is the β of an exponential mean with Adam's correction (Kingma & Ba 2015, section
    3): `m_t = β m_{t-1} + (1 - β) l_t`, of which `m_t / (1 - β^t)` is the smoothed loss, so that
    the first ones are not drawn to 0.
    """
    mean, smallest = 0.0, math.inf
    for count, step in enumerate(steps, start=1):
        if isinstance(step, NonFinite):
            return
        mean = smoothing * mean + (1 - smoothing) * step.loss
        smoothed = mean / (1 - smoothing**count)
        smallest = min(smallest, smoothed)
        yield Point(step.update, step.learning_rate, step.loss, smoothed)
        if count > _FIRST_UPDATES and smoothed > DIVERGED * smallest:
            return


@dataclass(frozen=True)
class Suggestions:
    """Rates that a range test speaks for, and the rate of its smallest smoothed loss.

    `steepest`: where the smoothed loss falls fastest by the logarithm of the rate. `tenth`: a
    tenth of the rate of the smallest loss, at which training already begins to fail. `still_falls`:
    whether the smallest loss is that of the highest rate, so that both may be too low.
    """

    steepest: float
    tenth: float
    smallest: float
    still_falls: bool


def suggest(points: Sequence[Point]) -> Suggestions | None:
    """What `points` speak for; None where the loss never fell.

    The slope at a point is that of the straight line that fits best (least squares) through a
    window of a tenth of all points around it, as neighbours differ by the chance of their batches.
    """
    rates = np.log10([point.learning_rate for point in points])
    losses = np.array([point.smoothed for point in points])
    lowest = int(losses.argmin()) if len(points) else 0
    reach = max(2, len(points) // 20)
    middles = range(reach, lowest - reach + 1)
    if not middles:
        return None
    windows = [slice(middle - reach, middle + reach + 1) for middle in middles]
    slopes = [float(np.polyfit(rates[window], losses[window], 1)[0]) for window in windows]
    steepest = int(np.argmin(slopes))
    if slopes[steepest] >= 0:
        return None
    rate_of = [point.learning_rate for point in points]
    return Suggestions(
        steepest=rate_of[middles[steepest]],
        tenth=rate_of[lowest] / 10,
        smallest=rate_of[lowest],
        still_falls=lowest == len(points) - 1,
    )
