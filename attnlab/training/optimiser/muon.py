"""Muon for the matrices of hidden layers, AdamW for all that they stand between."""

from dataclasses import dataclass

import torch
from torch import nn, optim

from attnlab.support.errors import UsageError
from attnlab.support.ranges import Positive, ShareBelowOne
from attnlab.training.optimiser.combined import Combined
from attnlab.training.optimiser.elementwise import AdamWConfig, adam_arguments
from attnlab.training.optimiser.interface import OPTIMISERS


@dataclass(kw_only=True)
class MuonConfig(AdamWConfig):
    """`learning_rate` and `momentum` are Muon's; `adamw_learning_rate`, `betas`, `epsilon` AdamW's.

    `weight_decay` is for matrices, whoever has them.
    """

    momentum: ShareBelowOne
    adamw_learning_rate: Positive


@OPTIMISERS.register("muon", MuonConfig)
def muon(config: MuonConfig, model: nn.Module) -> optim.Optimizer:
    """Muon (Jordan et al. 2024, "Muon: An optimizer for hidden layers in neural networks").

    Each step of a matrix is its gradients' running mean made orthogonal: all directions alike.

    Raises:
        UsageError: this torch has no Muon.
    """
    if not hasattr(optim, "Muon"):
        raise UsageError(
            f"optimiser=muon needs torch 2.9 or newer, and this is {torch.__version__}; install a "
            "newer one, or choose optimiser=adamw"
        )
    hidden = hidden_matrices(model)
    among = {id(matrix) for matrix in hidden}
    others = [p for p in model.parameters() if id(p) not in among]
    decays = {True: config.weight_decay, False: 0.0}
    groups = [
        {"params": some, "weight_decay": decay}
        for is_matrix, decay in decays.items()
        if (some := [p for p in others if (p.dim() > 1) is is_matrix])
    ]
    return Combined(
        optim.Muon(
            hidden,
            lr=config.learning_rate,
            momentum=config.momentum,
            weight_decay=config.weight_decay,
        ),
        optim.AdamW(groups, lr=config.adamw_learning_rate, **adam_arguments(config)),
    )


def hidden_matrices(model: nn.Module) -> list[nn.Parameter]:
    """The matrices that map features to features.

    Those with a row or a column for each token are none: embeddings, and the output's table. A
    matrix of a single row or column is a vector.
    """
    tables = {id(each.weight) for each in model.modules() if isinstance(each, nn.Embedding)}
    output = getattr(model, "output", None)
    if isinstance(output, nn.Linear):
        tables.add(id(output.weight))
    return [
        p for p in model.parameters() if p.dim() == 2 and min(p.shape) > 1 and id(p) not in tables
    ]
