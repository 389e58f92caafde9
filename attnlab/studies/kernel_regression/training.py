"""The parametric form: the Gaussian kernel's width, trained by gradient as any weight is."""

import math
from collections.abc import Iterator
from dataclasses import dataclass

import torch
import torch.nn.functional as F

from attnlab.attention.kernel_regression import KernelRegression
from attnlab.studies.kernel_regression.config import LEAVE_ONE_OUT
from attnlab.support.errors import AttnlabError
from attnlab.training.optimiser import OptimiserConfig, build_optimiser


@dataclass(frozen=True, kw_only=True)
class Epoch:
    """After so many updates: the loss (mean square over all points), and the widths, σ."""

    number: int
    loss: float
    widths: list[float]


def train_width(
    model: KernelRegression, queries: str, optimiser: OptimiserConfig, epochs: int
) -> Iterator[Epoch]:
    """Train in place, and tell of every epoch; number 0 is how things stood before.

    With `queries` leave_one_out every point is to be answered from all others; with direct from
    all, itself among them, which a narrow enough kernel does without an error.

    Raises:
        AttnlabError: the loss or a width is no finite number.
    """
    updates = build_optimiser(optimiser, model)
    for number in range(epochs + 1):
        guesses = model.leave_one_out() if queries == LEAVE_ONE_OUT else model(model.inputs)
        loss = F.mse_loss(guesses, model.outputs)
        if not (loss.isfinite() and all(map(math.isfinite, model.widths))):
            what = "a width" if loss.isfinite() else "the loss"
            raise AttnlabError(
                f"{queries}: {what} is no finite number after epoch {number}; lower "
                f"optimiser.learning_rate={optimiser.learning_rate:g}"
            )
        yield Epoch(number=number, loss=loss.item(), widths=model.widths)
        if number == epochs:
            return
        updates.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        if optimiser.clip_norm is not None:
            torch.nn.utils.clip_grad_norm_(model.parameters(), optimiser.clip_norm)
        updates.step()
