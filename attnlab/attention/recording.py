"""Who looked where: collect attention weights while a model runs.

    with record_attention(model) as record:
        model.decode(target, state)
    record["decoder.layer2.cross"]   # (batch, heads, queries, keys)

It costs nothing when unused: only inside the `with` does anybody look at the weights.
"""

import re
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from functools import partial
from typing import TypeVar

import torch
from torch import Tensor, nn

from attnlab.attention.pooling import AttentionPooling, AttentionStep

Shown = TypeVar("Shown")


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


def attentions(model: nn.Module) -> dict[str, AttentionPooling]:
    """Every attention in `model` by its readable name, in the order in which it is built."""
    return {
        attention_name(path): module
        for path, module in model.named_modules()
        if isinstance(module, AttentionPooling)
    }


def attends(model: nn.Module) -> bool:
    """Whether there is any attention in `model`."""
    return bool(attentions(model))


@contextmanager
def record_attention(
    model: nn.Module, whose: Callable[[str], bool] = lambda _: True
) -> Iterator[AttentionRecord]:
    """Collect the weights of `model`'s attentions until the block ends; `whose` names, if given."""
    record = AttentionRecord()
    with watch_attention(model, lambda name, step: record.add(name, step.weights), whose):
        yield record


@contextmanager
def watch_attention(
    model: nn.Module,
    observe: Callable[[str, AttentionStep], None],
    whose: Callable[[str], bool] = lambda _: True,
) -> Iterator[None]:
    """Show `observe` every step of every attention in `model`, with its name, in the block.

    Or only of those `whose` name is asked for: all others stay as fast as nobody watches them.
    """
    watched = {name: each for name, each in attentions(model).items() if whose(name)}
    with _among({name: each.observers for name, each in watched.items()}, observe):
        yield


@contextmanager
def watch_keys(model: nn.Module, observe: Callable[[str, Tensor], None]) -> Iterator[None]:
    """Show `observe` all keys, (…, keys, key size), before the score projects them, in the block.

    With the readable name of the attention that they are prepared for.
    """
    with _among({name: each.key_observers for name, each in attentions(model).items()}, observe):
        yield


@contextmanager
def _among(
    observers: Mapping[str, list[Callable[[Shown], None]]], observe: Callable[[str, Shown], None]
) -> Iterator[None]:
    with ExitStack() as ending:
        for name, those in observers.items():
            watcher = partial(observe, name)
            those.append(watcher)
            ending.callback(those.remove, watcher)
        yield
