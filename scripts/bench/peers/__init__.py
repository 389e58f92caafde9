"""An adaptor for each peer: `build(setting)` gives its model of the sizes asked for, and its loss.

Whatever a peer does in a training step out of the box, its adaptor does too, and nothing more.
"""

import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType

from torch import Tensor, nn, optim

from attnlab.config import ExperimentConfig
from attnlab.data.batching import Batch


class AbsentError(Exception):
    """The peer cannot take part; the message says what is missing."""


@dataclass(frozen=True)
class Setting:
    """Sizes as attnlab's settings have them, and of the joint vocabulary; the d2l book's folder."""

    config: ExperimentConfig
    vocabulary: int
    book: Path | None


@dataclass(frozen=True)
class Trainee:
    """A model, its loss in nats a target token, and what its trainer takes a step with."""

    model: nn.Module
    loss: Callable[[Batch], Tensor]
    optimiser: optim.Optimizer
    note: str = ""


def leave_out(name: str, *parts: str) -> None:
    """Let a peer import a module that its translation models never use, whether or not it is there.

    Saves installing, say, torchvision built for another torch.
    """
    for path in (name, *(f"{name}.{part}" for part in parts)):
        sys.modules.setdefault(path, ModuleType(path))
    for part in parts:
        setattr(sys.modules[name], part, sys.modules[f"{name}.{part}"])
