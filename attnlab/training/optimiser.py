"""Optimisers by name: torch's, with the parameters that one chooses."""

from dataclasses import dataclass
from typing import Any

from torch import nn, optim

from attnlab.errors import UsageError
from attnlab.registry import Registry

OPTIMISERS: Registry[optim.Optimizer] = Registry("optimiser")


@dataclass(kw_only=True)
class OptimiserConfig:
    """`learning_rate` at its highest; gradients longer than `clip_norm` are cut to it (null: none).

    The schedule says which share of the learning rate an update gets.
    """

    name: str
    learning_rate: float
    clip_norm: float | None

    def __post_init__(self) -> None:
        for setting in ("learning_rate", "clip_norm"):
            value = getattr(self, setting)
            if value is not None and not value > 0:
                raise UsageError(f"optimiser.{setting}={value} must be above 0")


@dataclass(kw_only=True)
class AdamConfig(OptimiserConfig):
    """`betas`: how slowly the means of gradients and of their squares forget."""

    betas: list[float]
    epsilon: float


@OPTIMISERS.register("adam", AdamConfig)
def adam(config: AdamConfig, model: nn.Module) -> optim.Optimizer:
    """Adam (Kingma & Ba 2015)."""
    return optim.Adam(model.parameters(), **_adam_arguments(config))


@dataclass(kw_only=True)
class AdamWConfig(AdamConfig):
    """`weight_decay`: the share of each weight, times the learning rate, that is taken off it."""

    weight_decay: float


@OPTIMISERS.register("adamw", AdamWConfig)
def adamw(config: AdamWConfig, model: nn.Module) -> optim.Optimizer:
    """Adam with decoupled weight decay (Loshchilov & Hutter 2019), on matrices alone."""
    matrices = [p for p in model.parameters() if p.dim() > 1]
    others = [p for p in model.parameters() if p.dim() <= 1]
    groups = [
        {"params": matrices, "weight_decay": config.weight_decay},
        {"params": others, "weight_decay": 0.0},
    ]
    return optim.AdamW(groups, **_adam_arguments(config))


def _adam_arguments(config: AdamConfig) -> dict[str, Any]:
    if len(config.betas) != 2 or not all(0 <= beta < 1 for beta in config.betas):
        raise UsageError(f"optimiser.betas={config.betas} must be two numbers from 0 to under 1")
    first, second = config.betas
    return {
        "lr": config.learning_rate,
        "betas": (first, second),
        "eps": config.epsilon,
        "fused": True,
    }


@dataclass(kw_only=True)
class SgdConfig(OptimiserConfig):
    """`momentum`: how slowly the mean of gradients forgets; 0 for none."""

    momentum: float


@OPTIMISERS.register("sgd", SgdConfig)
def sgd(config: SgdConfig, model: nn.Module) -> optim.Optimizer:
    """Stochastic gradient descent."""
    return optim.SGD(model.parameters(), lr=config.learning_rate, momentum=config.momentum)
