"""Interventions: replace attention weights while a model runs.

    with intervene(model, {"decoder.layer2.cross": silence(heads=[3])}):
        model.decode(target, state)

An intervention maps the weights after mask and normaliser to those that values are averaged with.
Names are those of `recording.py`; heads count from 1.
"""

from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import ExitStack, contextmanager

import torch
from jaxtyping import Bool, Float
from torch import Tensor, nn

from attnlab.attention.normalisers import Mask
from attnlab.attention.recording import attentions

Weights = Float[Tensor, "batch heads queries keys"]
Visible = Bool[Tensor, "batch heads queries keys"]
Intervention = Callable[[Weights, Visible], Weights]
"""From weights, and True where a query may see a key, to weights of the same shape."""


@contextmanager
def intervene(model: nn.Module, by_name: Mapping[str, Intervention]) -> Iterator[None]:
    """Apply an intervention to each named attention of `model`, in the block.

    Raises:
        KeyError: the model has no attention of that name.
    """
    poolings = attentions(model)
    with ExitStack() as stack:
        for name, intervention in by_name.items():
            pooling = poolings[name]
            change = _for_any_shape(intervention)
            pooling.interventions.append(change)
            stack.callback(pooling.interventions.remove, change)
        yield


def silence(heads: Collection[int]) -> Intervention:
    """Zero all weights of these heads, and so their output (Michel et al. 2019, section 2.2).

    The bias of the output projection remains.
    """
    return _of_heads(heads, lambda weights, _: torch.zeros_like(weights))


def uniform(heads: Collection[int] | None = None) -> Intervention:
    """Equal weights for all visible keys, in these heads (None: all)."""

    def spread(_: Tensor, visible: Tensor) -> Tensor:
        seen = visible.float()
        return seen / seen.sum(-1, keepdim=True).clamp(min=1)

    return _of_heads(heads, spread)


def permuted(generator: torch.Generator, heads: Collection[int] | None = None) -> Intervention:
    """Randomly permute each query's weights over its visible keys, in these heads (None: all).

    Jain & Wallace 2019, section 4.2.1.
    """

    def shuffle(weights: Tensor, visible: Tensor) -> Tensor:
        drawn = torch.rand(weights.shape, generator=generator).to(weights.device)
        # Indices of visible keys first: in random order, and in their own.
        shuffled = drawn.masked_fill(~visible, 2).argsort(-1)
        in_order = torch.arange(weights.size(-1), device=weights.device).expand_as(weights)
        in_order = in_order.masked_fill(~visible, weights.size(-1)).argsort(dim=-1, stable=True)
        return torch.zeros_like(weights).scatter(-1, shuffled, weights.gather(-1, in_order))

    return _of_heads(heads, shuffle)


def _of_heads(heads: Collection[int] | None, change: Intervention) -> Intervention:
    def changed(weights: Tensor, visible: Tensor) -> Tensor:
        if heads is None:
            return change(weights, visible)
        chosen = torch.zeros(weights.size(1), dtype=torch.bool, device=weights.device)
        chosen[[head - 1 for head in heads]] = True
        return torch.where(chosen[:, None, None], change(weights, visible), weights)

    return changed


def _for_any_shape(intervention: Intervention) -> Callable[[Tensor, Mask | None], Tensor]:
    """Accept weights without an axis of heads, (batch, queries, keys), and an absent mask."""

    def change(weights: Tensor, mask: Mask | None) -> Tensor:
        visible = torch.ones_like(weights, dtype=torch.bool)
        if mask is not None:
            visible &= mask
        if weights.dim() == 4:
            return intervention(weights, visible).to(weights.dtype)
        changed = intervention(weights.unsqueeze(1), visible.unsqueeze(1)).squeeze(1)
        return changed.to(weights.dtype)

    return change
