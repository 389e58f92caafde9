"""Adafactor: Adam's second moments from the sums of their rows and columns."""

from dataclasses import dataclass
from typing import Annotated

from torch import nn, optim

from attnlab.support.ranges import Positive, Range
from attnlab.training.optimiser.interface import OPTIMISERS, OptimiserConfig


@dataclass(kw_only=True)
class AdafactorConfig(OptimiserConfig):
    """The learning rate is relative: a share of each matrix's own size, its root mean square.

    It is at most 1/√update, whatever the schedule says. `decay_exponent`: update number t weighs
    t to this power in the mean of squared gradients. `clip_update`: an update whose root mean
    square is longer is cut to it.
    """

    decay_exponent: Annotated[float, Range(minimum=-100, maximum=0)]
    clip_update: Positive


@OPTIMISERS.register("adafactor", AdafactorConfig)
def adafactor(config: AdafactorConfig, model: nn.Module) -> optim.Optimizer:
    """Adafactor (Shazeer & Stern 2018, algorithm 5), without momentum.

    Of a matrix's second moments it keeps one number a row and one a column.
    """
    return optim.Adafactor(
        model.parameters(),
        lr=config.learning_rate,
        beta2_decay=config.decay_exponent,
        d=config.clip_update,
    )
