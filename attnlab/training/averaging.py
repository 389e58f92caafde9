"""An average of the weights over the course of training, which translates better than the last.

Knows no loop and no files.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn

from attnlab.models.layers import running_statistics
from attnlab.support.ranges import ShareBelowOne


@dataclass(kw_only=True)
class AveragingConfig:
    """`ema_decay`: the share of the average that an update leaves as it was; null: no average."""

    ema_decay: ShareBelowOne | None


class MovingAverage:
    """An exponential moving average of `model`'s weights (Polyak & Juditsky 1992 on averaging).

    After update n (from 1): `average ← d · average + (1 - d) · weight` with
    `d = min(ema_decay, (1 + n) / (10 + n))`, so that it soon forgets the first weights. Costs the
    memory of the weights once more, and a pass over them an update: about half a millisecond for
    two million, where the update itself takes a hundred. Without a decay there is no average.

    What batch norms have gathered is averaged as weights are: it was gathered of features that
    the weights of those moments made.
    """

    def __init__(self, config: AveragingConfig, model: nn.Module) -> None:
        self._decay, self._model = config.ema_decay, model
        # A tied one is there once.
        self._weights: list[Tensor] = [*model.parameters(), *running_statistics(model)]
        self._averages: list[Tensor] = []
        if self._decay is not None:
            self._averages = [weight.detach().clone() for weight in self._weights]

    @torch.no_grad()
    def update(self, update: int) -> None:
        """Take in the weights as they are after update number `update`."""
        if self._decay is not None:
            decay = min(self._decay, (1 + update) / (10 + update))
            torch._foreach_lerp_(self._averages, self._weights, 1 - decay)

    @contextmanager
    def applied(self) -> Iterator[None]:
        """Within the block the model has the averaged weights; behind it, training's own again."""
        self._swap()
        try:
            yield
        finally:
            self._swap()

    def _swap(self) -> None:
        """Exchange weights and averages by exchanging what they point to: nothing is copied.

        Only cuDNN has a recurrence's weights moved, side by side again.
        """
        if not self._averages:
            return
        for weight, average in zip(self._weights, self._averages, strict=True):
            weight.data, average.data = average.data, weight.data
        for module in self._model.modules():
            if isinstance(module, nn.RNNBase):
                module.flatten_parameters()  # does nothing elsewhere

    def state_dict(self) -> dict[str, Any]:
        """Training's own weights: those of the checkpoint beside it are the averaged ones."""
        return {"weights": [weight.detach() for weight in self._weights]} if self._averages else {}

    @torch.no_grad()
    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Go on from what `state_dict` gave, the model having the weights of the checkpoint.

        Where there was no average, it begins with these; where there is none any more, training
        goes on from its own weights alone.

        Raises:
            ValueError: those are not the model's.
        """
        values = state.get("weights")
        if values is not None and not (
            len(values) == len(self._weights)
            and all(
                value.shape == weight.shape and value.dtype == weight.dtype
                for value, weight in zip(values, self._weights, strict=True)
            )
            and all(torch.isfinite(value).all() for value in values)
        ):
            raise ValueError("the weights beside their average are not this model's")
        for average, weight in zip(self._averages, self._weights, strict=bool(self._averages)):
            average.copy_(weight)
        for weight, value in zip(self._weights, values or [], strict=values is not None):
            weight.copy_(value)
