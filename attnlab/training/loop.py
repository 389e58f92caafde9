"""The training loop: a generator of steps. Its caller decides what happens between them."""

import math
import time
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice

import torch
from torch import nn, optim
from torch.profiler import record_function

from attnlab.data.batching import Batch, TrainingBatches
from attnlab.models.layers import running_statistics
from attnlab.support.errors import UsageError
from attnlab.training.averaging import MovingAverage
from attnlab.training.distributed import ALONE, ProcessGroup
from attnlab.training.execution import computing_in
from attnlab.training.optimiser import apply_share
from attnlab.training.schedule import Schedule
from attnlab.training.state import Step, TrainState


@dataclass(kw_only=True)
class Limits:
    """The limits of training, of which the first to be reached ends it; None is no limit.

    `max_seconds` of wall-clock time, with validation and what came before an interruption.
    """

    max_updates: int | None
    max_epochs: int | None
    max_seconds: float | None

    def __post_init__(self) -> None:
        if self.max_updates is None and self.max_epochs is None and self.max_seconds is None:
            raise UsageError(
                "training would never end; set one of: max_updates=, max_epochs=, max_time="
            )

    def done(self, state: TrainState, batches_in_epoch: int) -> float:
        """The share of training that is over: 0 at the start, 1 at the end."""
        return min(1.0, max(self._shares(state, batches_in_epoch).values()))

    def reached(self, state: TrainState, batches_in_epoch: int) -> str:
        """The setting of the limit that training has reached, or is nearest to."""
        shares = self._shares(state, batches_in_epoch)
        return max(shares, key=lambda name: shares[name])

    def _shares(self, state: TrainState, batches_in_epoch: int) -> dict[str, float]:
        """The share of training that is over, by each limit's setting."""
        epochs = state.epoch + state.batch / batches_in_epoch
        limits = {
            "max_updates": (state.update, self.max_updates),
            "max_epochs": (epochs, self.max_epochs),
            "max_time": (state.seconds(), self.max_seconds),
        }
        return {
            name: reached / limit if limit > 0 else 1.0
            for name, (reached, limit) in limits.items()
            if limit is not None
        }


@dataclass(frozen=True)
class NonFinite:
    """An update that was not made, since its loss or its gradient is not finite.

    `update`: the number that it would have had. `batch`: of its batches the first without a finite
    loss, or else the last; it is number `place` of epoch `epoch`, both counted from 0.
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
    state: TrainState,
    *,
    clip_norm: float | None,
    precision: str,
    accumulate: int,
    average: MovingAverage | None = None,
    group: ProcessGroup = ALONE,
) -> Iterator[Step | NonFinite]:
    """Train the model of `objective` from `state`, which is kept up to date, until a limit.

    `accumulate` batches make one update, whose loss is the mean over all of their target tokens;
    an epoch's last update may have fewer. An update whose loss or gradient is not finite leaves
    model and optimiser as they were; the next step skips it. Each of the optimiser's groups has a
    `highest_rate` (`build_optimiser`), of which the schedule gives a share. `average` takes in the
    weights after every update.

    Each process of `group` has all batches and computes its share of each; `objective` comes from
    `group.with_shared_gradients`. Steps are equal on all processes.
    """
    parameters, statistics = list(objective.parameters()), running_statistics(objective)
    device = parameters[0].device
    while True:
        waiting = time.perf_counter()
        coming = batches.epoch(state.epoch, start=state.batch)
        while some := list(islice(coming, accumulate)):
            done = limits.done(state, batches.batches_in(state.epoch))
            done = group.broadcast(done)  # clocks differ
            if done >= 1.0:
                return
            started = time.perf_counter()
            rate = apply_share(optimiser, schedule(state.update + 1, done))
            objective.train()
            tokens = sum(batch.target_tokens for batch in some)
            losses, before = [], [each.clone() for each in statistics]
            for number, batch in enumerate(some, start=1):
                share = group.share(batch).to(device)
                with group.sharing_gradients(objective, now=number == len(some)):
                    with computing_in(precision, device):
                        loss = objective(share, done) / tokens
                    with record_function("backward"):
                        (group.size * loss).backward()  # gradients become means over the processes
                losses.append(loss.item())
            losses = group.sum(losses)
            backward_ended = time.perf_counter()
            norm = nn.utils.clip_grad_norm_(
                parameters, torch.inf if clip_norm is None else clip_norm
            ).item()
            first, state.batch = state.batch, state.batch + len(some)
            if not (all(map(math.isfinite, losses)) and math.isfinite(norm)):
                optimiser.zero_grad(set_to_none=True)
                for statistic, value in zip(statistics, before, strict=True):
                    statistic.copy_(value)
                state.skipped += 1
                state.skipped_in_a_row += 1
                bad = [place for place, loss in enumerate(losses) if not math.isfinite(loss)]
                place = bad[0] if bad else len(some) - 1
                yield NonFinite(
                    update=state.update + 1,
                    epoch=state.epoch,
                    place=first + place,
                    batch=some[place],
                    loss=sum(losses),
                    gradient_norm=norm,
                    learning_rate=rate,
                )
                waiting = time.perf_counter()
                continue
            # Muon multiplies matrices for most of its step.
            with record_function("optimiser"), computing_in(precision, device):
                optimiser.step()
                optimiser.zero_grad(set_to_none=True)
            state.update += 1
            state.skipped_in_a_row = 0
            if average is not None:
                average.update(state.update)
            ended = time.perf_counter()
            yield Step(
                update=state.update,
                epoch=state.epoch + state.batch / batches.batches_in(state.epoch),
                done=limits.done(state, batches.batches_in(state.epoch)),
                loss=sum(losses),
                gradient_norm=norm,
                learning_rate=rate,
                target_tokens=tokens,
                seconds=ended - started,
                data_seconds=started - waiting,
                optimiser_seconds=ended - backward_ended,
            )
            waiting = time.perf_counter()
        state.epoch, state.batch = state.epoch + 1, 0
