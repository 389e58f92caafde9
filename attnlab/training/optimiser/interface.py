"""What every optimiser is: torch's interface, and for each group of parameters a highest rate."""

from dataclasses import dataclass

from torch import nn, optim

from attnlab.support.ranges import Positive
from attnlab.support.registry import Registry

OPTIMISERS: Registry[optim.Optimizer] = Registry("optimiser")


@dataclass(kw_only=True)
class OptimiserConfig:
    """`learning_rate` at its highest; gradients longer than `clip_norm` are cut to it (null: none).

    The schedule says which share of the learning rate an update gets.
    """

    name: str
    learning_rate: Positive
    clip_norm: Positive | None


def build_optimiser(config: OptimiserConfig, model: nn.Module) -> optim.Optimizer:
    """The configured optimiser of `model`'s parameters, ready for a schedule."""
    return with_highest_rates(OPTIMISERS.build(config, model))


def with_highest_rates(optimiser: optim.Optimizer) -> optim.Optimizer:
    """The same optimiser; the rates that its groups have now are the highest that they will have.

    They are kept beside `lr`, as `highest_rate`: what a schedule's shares are shares of. A group
    that has one already keeps it.
    """
    for group in optimiser.param_groups:
        group.setdefault("highest_rate", group["lr"])
    return optimiser


def apply_share(optimiser: optim.Optimizer, share: float) -> float:
    """Give each group that `share` of its highest rate; returns the first group's rate."""
    for group in optimiser.param_groups:
        group["lr"] = group["highest_rate"] * share
    return float(optimiser.param_groups[0]["lr"])
