"""A moving average of the weights, which translates better than the last weights."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn
from torch.optim.swa_utils import get_ema_multi_avg_fn

from attnlab.models.layers import running_statistics
from attnlab.support.ranges import ShareBelowOne


@dataclass(kw_only=True)
class AveragingConfig:
    """`ema_decay`: the weight of the old average at an update; null: no average."""

    ema_decay: ShareBelowOne | None


class MovingAverage:
    """An exponential moving average of `model`'s weights (Polyak & Juditsky 1992 on averaging).

    After update n (from 1): `average ← d · average + (1 - d) · weight` with
    `d = min(ema_decay, (1 + n) / (10 + n))`, so that it soon forgets the first weights. torch's
    `AveragedModel` would begin with the weights after the first update, and copies the module. The
    running statistics of batch norms are averaged as well. Without a decay there is no average.
    """

    def __init__(self, config: AveragingConfig, model: nn.Module) -> None:
        self._decay, self._model = config.ema_decay, model
        self._weights: list[Tensor] = [*model.parameters(), *running_statistics(model)]
        self._averages: list[Tensor] = []
        self._is_applied = False
        if self._decay is not None:
            self._averages = [weight.detach().clone() for weight in self._weights]

    @torch.no_grad()
    def update(self, update: int) -> None:
        """Average the weights after update number `update` in."""
        if self._decay is not None:
            decay = min(self._decay, (1 + update) / (10 + update))
            average = get_ema_multi_avg_fn(decay)  # type: ignore[no-untyped-call]
            average(self._averages, self._weights, None)

    @contextmanager
    def applied(self) -> Iterator[None]:
        """Within the block, and blocks within it, the model has the averaged weights."""
        if self._is_applied:
            yield
            return
        self._swap()
        try:
            yield
        finally:
            self._swap()

    def _swap(self) -> None:
        """Exchange weights and averages without a copy, except for cuDNN's recurrent weights."""
        self._is_applied = not self._is_applied
        if not self._averages:
            return
        for weight, average in zip(self._weights, self._averages, strict=True):
            weight.data, average.data = average.data, weight.data
        for module in self._model.modules():
            if isinstance(module, nn.RNNBase):
                module.flatten_parameters()  # for cuDNN

    def state_dict(self) -> dict[str, Any]:
        """The weights that are trained; those of the checkpoint beside it are averaged."""
        return {"weights": [weight.detach() for weight in self._weights]} if self._averages else {}

    @torch.no_grad()
    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Restore `state_dict`, when the model has the weights of the checkpoint.

        Those become the average, whether or not they were one; training goes on from its own.

        Raises:
            ValueError: the state holds other weights than the model's.
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
