"""Optimisers that treat each weight by itself: Adam, AdamW and gradient descent."""

from dataclasses import dataclass
from typing import Any

from torch import nn, optim

from attnlab.support.errors import UsageError
from attnlab.support.ranges import NonNegative, Positive, ShareBelowOne
from attnlab.training.optimiser.interface import OPTIMISERS, OptimiserConfig


@dataclass(kw_only=True)
class AdamConfig(OptimiserConfig):
    """`betas`: how slowly the means of gradients and of their squares forget.

    `epsilon`: what is added to the root of the latter, so that nothing is divided by 0.
    """

    betas: list[ShareBelowOne]
    epsilon: Positive

    def __post_init__(self) -> None:
        if len(self.betas) != 2:
            raise UsageError(f"optimiser.betas={self.betas} must be two numbers from 0 to under 1")


@OPTIMISERS.register("adam", AdamConfig)
def adam(config: AdamConfig, model: nn.Module) -> optim.Optimizer:
    """Adam (Kingma & Ba 2015)."""
    return optim.Adam(model.parameters(), lr=config.learning_rate, **adam_arguments(config))


@dataclass(kw_only=True)
class AdamWConfig(AdamConfig):
    """`weight_decay`: the share of each weight, times the learning rate, that is taken off it."""

    weight_decay: NonNegative


@OPTIMISERS.register("adamw", AdamWConfig)
def adamw(config: AdamWConfig, model: nn.Module) -> optim.Optimizer:
    """Adam with decoupled weight decay (Loshchilov & Hutter 2019), on matrices alone."""
    matrices = [p for p in model.parameters() if p.dim() > 1]
    others = [p for p in model.parameters() if p.dim() <= 1]
    groups = [
        {"params": matrices, "weight_decay": config.weight_decay},
        {"params": others, "weight_decay": 0.0},
    ]
    return optim.AdamW(groups, lr=config.learning_rate, **adam_arguments(config))


def adam_arguments(config: AdamConfig) -> dict[str, Any]:
    """What torch's Adam and AdamW take, but for the learning rate."""
    first, second = config.betas
    return {"betas": (first, second), "eps": config.epsilon, "fused": True}


@dataclass(kw_only=True)
class SgdConfig(OptimiserConfig):
    """`momentum`: how slowly the mean of gradients forgets; 0 for none."""

    momentum: ShareBelowOne


@OPTIMISERS.register("sgd", SgdConfig)
def sgd(config: SgdConfig, model: nn.Module) -> optim.Optimizer:
    """Stochastic gradient descent."""
    return optim.SGD(model.parameters(), lr=config.learning_rate, momentum=config.momentum)
