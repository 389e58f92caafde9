"""Who looked where: collect attention weights while a model runs.

    with record_attention(model) as record:
        model.decode(target, state)
    record["decoder.layer2.cross"]   # (batch, heads, queries, keys)

It costs nothing when unused: only inside the `with` does anybody look at the weights.
"""

import re
from collections.abc import Iterator
from contextlib import contextmanager

import torch
from torch import Tensor, nn

from attnlab.attention.pooling import AttentionPooling


def attention_name(path: str) -> str:
    """A module's path as people say it: `decoder.layers.1.cross_attention.pooling` is layer 2."""
    name = re.sub(r"\.layers\.(\d+)", lambda match: f".layer{int(match[1]) + 1}", path)
    return name.removesuffix(".pooling").removesuffix("_attention")


class AttentionRecord(dict[str, Tensor]):
    """Weights by readable name, each (batch, heads, queries, keys), as the model runs on.

    An attention that is asked again (a recurrent decoder asks once a word) gets its further
    queries put behind those that stand there already.
    """

    def add(self, name: str, weights: Tensor) -> None:
        """Take in `weights`, (batch, queries, keys) or (batch, heads, queries, keys)."""
        weights = weights.detach()
        if weights.dim() == 3:
            weights = weights.unsqueeze(1)
        self[name] = torch.cat([self[name], weights], dim=2) if name in self else weights


def attends(model: nn.Module) -> bool:
    """Whether there is any attention in `model`."""
    return any(isinstance(module, AttentionPooling) for module in model.modules())


@contextmanager
def record_attention(model: nn.Module) -> Iterator[AttentionRecord]:
    """Collect the weights of every attention in `model` until the block ends."""
    record = AttentionRecord()
    watched = []
    for path, module in model.named_modules():
        if isinstance(module, AttentionPooling):
            name = attention_name(path)

            def observe(weights: Tensor, name: str = name) -> None:
                record.add(name, weights)

            module.observers.append(observe)
            watched.append((module, observe))
    try:
        yield record
    finally:
        for module, observe in watched:
            module.observers.remove(observe)
