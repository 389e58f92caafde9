"""The training loop: a generator of steps. Whoever iterates decides what happens between them.

Knows no files, no words and no screen.
"""

import math
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import torch
from torch import nn, optim

from attnlab.errors import UsageError
from attnlab.models.interface import EncoderDecoder
from attnlab.tokenised.batching import Batch, TrainingBatches
from attnlab.training.objective import total_cross_entropy
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

    def done(self, progress: "Progress", batches_per_epoch: int) -> float:
        """Which share of training is over: 0 at the start, 1 at the end."""
        shares = [0.0]
        if self.max_updates is not None:
            shares.append(progress.update / self.max_updates if self.max_updates > 0 else 1.0)
        if self.max_epochs is not None:
            epochs = progress.epoch + progress.batch / batches_per_epoch
            shares.append(epochs / self.max_epochs if self.max_epochs > 0 else 1.0)
        if self.max_seconds is not None:
            seconds = progress.seconds()
            shares.append(seconds / self.max_seconds if self.max_seconds > 0 else 1.0)
        return min(1.0, max(shares))


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
    """One update, as it was: `loss` in nats a target token, smoothed labels included."""

    update: int
    epoch: float
    done: float
    loss: float
    gradient_norm: float
    learning_rate: float
    target_tokens: int
    seconds: float


@dataclass(frozen=True)
class NonFinite:
    """An update that was not made, since its loss or its gradient is no finite number.

    `update` is the number that it would have had; `batch` is number `place` of epoch `epoch`, both
    counted from 0.
    """

    update: int
    epoch: int
    place: int
    batch: Batch
    loss: float
    gradient_norm: float
    learning_rate: float


def optimise(
    model: EncoderDecoder[Any],
    batches: TrainingBatches,
    optimiser: optim.Optimizer,
    schedule: Schedule,
    limits: Limits,
    progress: Progress,
    *,
    learning_rate: float,
    label_smoothing: float,
    clip_norm: float | None,
    precision: str,
) -> Iterator[Step | NonFinite]:
    """Train `model` on from `progress`, which is kept up to date, until a limit is reached.

    Weights and optimiser are left alone by a batch whose loss or gradient is no finite number;
    whoever iterates goes on to skip it, or stops.
    """
    device = next(model.parameters()).device
    while True:
        for batch in batches.epoch(progress.epoch, start=progress.batch):
            done = limits.done(progress, batches.batches_per_epoch)
            if done >= 1.0:
                return
            started = time.perf_counter()
            rate = learning_rate * schedule(progress.update + 1, done)
            for group in optimiser.param_groups:
                group["lr"] = rate
            model.train()
            batch = batch.to(device)
            tokens = batch.target_tokens
            with computing_in(precision, device):
                loss = total_cross_entropy(model, batch, label_smoothing) / tokens
            loss.backward()  # type: ignore[no-untyped-call]
            norm = nn.utils.clip_grad_norm_(
                model.parameters(), torch.inf if clip_norm is None else clip_norm
            )
            progress.batch += 1
            if not (math.isfinite(loss.item()) and math.isfinite(norm.item())):
                optimiser.zero_grad(set_to_none=True)
                progress.skipped += 1
                progress.skipped_in_a_row += 1
                yield NonFinite(
                    update=progress.update + 1,
                    epoch=progress.epoch,
                    place=progress.batch - 1,
                    batch=batch,
                    loss=loss.item(),
                    gradient_norm=norm.item(),
                    learning_rate=rate,
                )
                continue
            optimiser.step()
            optimiser.zero_grad(set_to_none=True)
            progress.update += 1
            progress.skipped_in_a_row = 0
            yield Step(
                update=progress.update,
                epoch=progress.epoch + progress.batch / batches.batches_per_epoch,
                done=limits.done(progress, batches.batches_per_epoch),
                loss=loss.item(),
                gradient_norm=norm.item(),
                learning_rate=rate,
                target_tokens=tokens,
                seconds=time.perf_counter() - started,
            )
        progress.epoch, progress.batch = progress.epoch + 1, 0
