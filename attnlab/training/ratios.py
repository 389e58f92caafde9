"""How far an update moves the weights, for each part of a model: ‖Δw‖ / ‖w‖.

About 1/1000 is usual in healthy training; a part far below it hardly learns, one far above it is
thrown about. Knows no loop: whoever trains takes the weights down before an update.
"""

from collections import defaultdict

import torch
from torch import Tensor, nn

from attnlab.attention.recording import attention_name

Weights = dict[str, Tensor]
"""Parameters by their path in a model."""


def weights_now(model: nn.Module) -> Weights:
    """A copy of the weights: as many bytes as the model has."""
    return {path: weight.detach().clone() for path, weight in model.named_parameters()}


def part_name(path: str) -> str:
    """The part of a model that a parameter belongs to, as people say it.

    One of a layer's modules, or one of those next to the encoder's or the decoder's layers:
    `encoder.layers.0.self_attention.query_weight.bias` is of `encoder.layer1.self`, and
    `decoder.readout.weight.bias` of `decoder.readout`.
    """
    modules = path.split(".")[:-1] or [path]
    depth = modules.index("layers") + 3 if "layers" in modules else 2
    return attention_name(".".join(modules[:depth]))


@torch.no_grad()
def update_ratios(model: nn.Module, before: Weights) -> dict[str, float]:
    """‖w' - w‖ / ‖w‖ by part of the model, and of `all` of it; w is `before`, w' what it has now.

    ‖·‖ is the Euclidean norm over all parameters of a part. A part whose weights were all 0 has no
    ratio.
    """
    moved: dict[str, float] = defaultdict(float)
    stood: dict[str, float] = defaultdict(float)
    for path, weight in model.named_parameters():
        difference = torch.linalg.vector_norm(weight - before[path]).item() ** 2
        length = torch.linalg.vector_norm(before[path]).item() ** 2
        for part in (part_name(path), "all"):
            moved[part] += difference
            stood[part] += length
    return {part: (moved[part] / stood[part]) ** 0.5 for part in moved if stood[part] > 0}
