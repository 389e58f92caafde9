"""The training loop: a generator of steps. Whoever iterates decides what happens between them.

Knows no files, no words and no screen.
"""

import math
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import islice

import torch
from torch import nn, optim
from torch.profiler import record_function

from attnlab.data.batching import Batch, TrainingBatches
from attnlab.models.layers import running_statistics
from attnlab.support.errors import UsageError
from attnlab.training.averaging import MovingAverage
from attnlab.training.distributed import ALONE, ProcessGroup
from attnlab.training.optimiser.interface import apply_share
from attnlab.training.precision import computing_in
from attnlab.training.schedule import Schedule


@dataclass(kw_only=True)
class Limits:
    """When training ends: at whichever of them comes first; None is no limit.

    `max_seconds` counts by the clock: validation too, and what came before an interruption.
    """

    max_updates: int | None
    max_epochs: int | None
    max_seconds: float | None

    def __post_init__(self) -> None:
        if self.max_updates is None and self.max_epochs is None and self.max_seconds is None:
            raise UsageError(
                "training would never end; set one of: max_updates=, max_epochs=, max_time="
            )

    def done(self, progress: "Progress", batches_in_epoch: int) -> float:
        """Which share of training is over: 0 at the start, 1 at the end."""
        return min(1.0, max(self._shares(progress, batches_in_epoch).values()))

    def reached(self, progress: "Progress", batches_in_epoch: int) -> str:
        """The limit that training is nearest to, by the name of its setting, or has reached."""
        shares = self._shares(progress, batches_in_epoch)
        return max(shares, key=lambda name: shares[name])

    def _shares(self, progress: "Progress", batches_in_epoch: int) -> dict[str, float]:
        """Which share of training is over, by the name of each limit."""
        epochs = progress.epoch + progress.batch / batches_in_epoch
        limits = {
            "max_updates": (progress.update, self.max_updates),
            "max_epochs": (epochs, self.max_epochs),
            "max_time": (progress.seconds(), self.max_seconds),
        }
        return {
            name: come / limit if limit > 0 else 1.0
            for name, (come, limit) in limits.items()
            if limit is not None
        }


@dataclass
class Progress:
    """How far training has come; with the random state, all that is needed to go on from there.

    `batch` batches of epoch number `epoch` (from 0) have been trained on, or were `skipped`.
    """

    update: int = 0
    epoch: int = 0
    batch: int = 0
    skipped: int = 0
    skipped_in_a_row: int = 0
    earlier_seconds: float = 0.0
    _started: float = field(default_factory=time.monotonic, repr=False)

    def seconds(self) -> float:
        """Seconds since training started, those before an interruption included."""
        return self.earlier_seconds + time.monotonic() - self._started


@dataclass(frozen=True)
class Step:
    """One update, as it was: `loss` in nats a target token, with all that the objective adds.

    `learning_rate`: that of the optimiser's first group. `seconds` of work, of which clipping the
    gradient and changing the weights took `optimiser_seconds`; the batches had been waited for
    `data_seconds` before it began. On a GPU, which works on while the processor goes ahead, the
    optimiser's work counts to the next update.
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


@dataclass(frozen=True)
class NonFinite:
    """An update that was not made, since its loss or its gradient is no finite number.

    `update` is the number that it would have had; `batch`, of those that it was made of the first
    without a finite loss or else the last, is number `place` of epoch `epoch`, both counted from 0.
    """

    update: int
    epoch: int
    place: int
    batch: Batch
    loss: float
    gradient_norm: float
    learning_rate: float


def optimise(
    objective: nn.Module,
    batches: TrainingBatches,
    optimiser: optim.Optimizer,
    schedule: Schedule,
    limits: Limits,
    progress: Progress,
    *,
    clip_norm: float | None,
    precision: str,
    accumulate: int,
    average: MovingAverage | None = None,
    group: ProcessGroup = ALONE,
) -> Iterator[Step | NonFinite]:
    """Train the model of `objective` on from `progress`, kept up to date, until a limit is reached.

    `accumulate` batches make one update, whose loss is the mean over all of their target tokens;
    an epoch's last update may have fewer. Model and optimiser are left alone by an update whose
    loss or gradient is no finite number; whoever iterates goes on to skip it, or stops. Each group
    of the optimiser has a highest rate (`build_optimiser`), which the schedule's share is of. The
    `average` takes in the weights of every update.

    Each process of `group` has all batches and works on its share of each; `objective` is what
    `group.with_shared_gradients` gave, and steps are alike on all.
    """
    parameters, statistics = list(objective.parameters()), running_statistics(objective)
    device = parameters[0].device
    while True:
        waiting = time.perf_counter()
        coming = batches.epoch(progress.epoch, start=progress.batch)
        while together := list(islice(coming, accumulate)):
            share_done = limits.done(progress, batches.batches_in(progress.epoch))
            done = group.broadcast(share_done)  # clocks differ
            if done >= 1.0:
                return
            started = time.perf_counter()
            rate = apply_share(optimiser, schedule(progress.update + 1, done))
            objective.train()
            tokens = sum(batch.target_tokens for batch in together)
            losses, gathered = [], [each.clone() for each in statistics]
            for number, batch in enumerate(together, start=1):
                share = group.share(batch).to(device)
                with group.sharing_gradients(objective, now=number == len(together)):
                    with computing_in(precision, device):
                        loss = objective(share, done) / tokens
                    with record_function("backward"):
                        (group.size * loss).backward()  # gradients become means over the processes
                losses.append(loss.item())
            losses = group.sum(losses)
            learnt = time.perf_counter()
            norm = nn.utils.clip_grad_norm_(
                parameters, torch.inf if clip_norm is None else clip_norm
            ).item()
            first, progress.batch = progress.batch, progress.batch + len(together)
            if not (all(map(math.isfinite, losses)) and math.isfinite(norm)):
                optimiser.zero_grad(set_to_none=True)
                for statistic, value in zip(statistics, gathered, strict=True):
                    statistic.copy_(value)
                progress.skipped += 1
                progress.skipped_in_a_row += 1
                bad = [place for place, loss in enumerate(losses) if not math.isfinite(loss)]
                place = bad[0] if bad else len(together) - 1
                yield NonFinite(
                    update=progress.update + 1,
                    epoch=progress.epoch,
                    place=first + place,
                    batch=together[place],
                    loss=sum(losses),
                    gradient_norm=norm,
                    learning_rate=rate,
                )
                waiting = time.perf_counter()
                continue
            with record_function("optimiser"):
                optimiser.step()
                optimiser.zero_grad(set_to_none=True)
            progress.update += 1
            progress.skipped_in_a_row = 0
            if average is not None:
                average.update(progress.update)
            ended = time.perf_counter()
            yield Step(
                update=progress.update,
                epoch=progress.epoch + progress.batch / batches.batches_in(progress.epoch),
                done=limits.done(progress, batches.batches_in(progress.epoch)),
                loss=sum(losses),
                gradient_norm=norm,
                learning_rate=rate,
                target_tokens=tokens,
                seconds=ended - started,
                data_seconds=started - waiting,
                optimiser_seconds=ended - learnt,
            )
            waiting = time.perf_counter()
        progress.epoch, progress.batch = progress.epoch + 1, 0
