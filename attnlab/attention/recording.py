"""Recording attention weights while a model runs, through forward observers.

    with record_attention(model) as record:
        model.decode(target, state)
    record["decoder.layer2.cross"]   # (batch, heads, queries, keys)

Outside the `with` block nothing is recorded, and attention runs in fused kernels.
"""

import re
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from functools import partial
from typing import TypeVar

import torch
from torch import Tensor, nn

from attnlab.attention.pooling import AttentionPooling, AttentionStep

Observed = TypeVar("Observed")


def attention_name(path: str) -> str:
    """Readable name of a module: `decoder.layers.1.cross_attention` is `decoder.layer2.cross`."""
    name = re.sub(r"\.layers\.(\d+)", lambda match: f".layer{int(match[1]) + 1}", path)
    return name.removesuffix(".pooling").removesuffix("_attention")


class AttentionRecord(dict[str, Tensor]):
    """Weights by readable name, each (batch, heads, queries, keys).

    The queries of several calls, as of a recurrent decoder, are concatenated.
    """

    def add(self, name: str, weights: Tensor) -> None:
        """Append `weights`, (batch, queries, keys) or (batch, heads, queries, keys)."""
        weights = weights.detach()
        if weights.dim() == 3:
            weights = weights.unsqueeze(1)
        self[name] = torch.cat([self[name], weights], dim=2) if name in self else weights


def attentions(model: nn.Module) -> dict[str, AttentionPooling]:
    """The attentions of `model` by readable name, in the order of construction."""
    return {
        attention_name(path): module
        for path, module in model.named_modules()
        if isinstance(module, AttentionPooling)
    }


def attends(model: nn.Module) -> bool:
    """Whether `model` has attention."""
    return bool(attentions(model))


@contextmanager
def record_attention(
    model: nn.Module, select: Callable[[str], bool] = lambda _: True
) -> Iterator[AttentionRecord]:
    """Record the weights of the attentions whose names `select` accepts, in the block."""
    record = AttentionRecord()
    with observe_attention(model, lambda name, step: record.add(name, step.weights), select):
        yield record


@contextmanager
def observe_attention(
    model: nn.Module,
    observe: Callable[[str, AttentionStep], None],
    select: Callable[[str], bool] = lambda _: True,
) -> Iterator[None]:
    """Call `observe` with the name and every step of the selected attentions, in the block."""
    selected = {name: each for name, each in attentions(model).items() if select(name)}
    with _register({name: each.observers for name, each in selected.items()}, observe):
        yield


@contextmanager
def observe_keys(model: nn.Module, observe: Callable[[str, Tensor], None]) -> Iterator[None]:
    """Call `observe` with the name and the unprojected keys (…, keys, key size), in the block."""
    with _register({name: each.key_observers for name, each in attentions(model).items()}, observe):
        yield


@contextmanager
def _register(
    observers: Mapping[str, list[Callable[[Observed], None]]],
    observe: Callable[[str, Observed], None],
) -> Iterator[None]:
    with ExitStack() as stack:
        for name, registered in observers.items():
            observer = partial(observe, name)
            registered.append(observer)
            stack.callback(registered.remove, observer)
        yield
