"""What if it had looked elsewhere? Change attention weights while a model runs.

    with intervene(model, {"decoder.layer2.cross": silence(heads=[3])}):
        model.decode(target, state)

An intervention sees the weights after the softmax and the mask, and gives those to average the
values with. It costs nothing when unused. Names are those of `recording.py`; heads count from 1.
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
"""From weights, and True where a query may see a key, to other weights of the same shape."""


@contextmanager
def intervene(model: nn.Module, by_name: Mapping[str, Intervention]) -> Iterator[None]:
    """Let each named attention of `model` go on with changed weights until the block ends.

    Raises:
        KeyError: the model has no attention of that name.
    """
    poolings = attentions(model)
    with ExitStack() as ending:
        for name, intervention in by_name.items():
            pooling = poolings[name]
            change = _on_any_shape(intervention)
            pooling.interventions.append(change)
            ending.callback(pooling.interventions.remove, change)
        yield


def silence(heads: Collection[int]) -> Intervention:
    """These heads look at nothing, so that their answer is zero (Michel et al. 2019, section 2.2).

    What is left of a head's part in the model is its output projection's bias.
    """
    return _of_heads(heads, lambda weights, _: torch.zeros_like(weights))


def uniform(heads: Collection[int] | None = None) -> Intervention:
    """These heads (None: all) look alike at every key that a query may see."""

    def spread(_: Tensor, visible: Tensor) -> Tensor:
        seen = visible.float()
        return seen / seen.sum(-1, keepdim=True).clamp(min=1)

    return _of_heads(heads, spread)


def permuted(generator: torch.Generator, heads: Collection[int] | None = None) -> Intervention:
    """These heads (None: all) keep their weights, but on other keys (Jain & Wallace 2019, 4.2.1).

    Each query's weights are shuffled among the keys that it may see, every order as likely.
    """

    def shuffle(weights: Tensor, visible: Tensor) -> Tensor:
        drawn = torch.rand(weights.shape, generator=generator).to(weights.device)
        # Visible keys first, in a random order, and then in their own: from one to the other.
        shuffled = drawn.masked_fill(~visible, 2).argsort(-1)
        in_order = torch.arange(weights.size(-1), device=weights.device).expand_as(weights)
        in_order = in_order.masked_fill(~visible, weights.size(-1)).argsort(dim=-1, stable=True)
        return torch.zeros_like(weights).scatter(-1, shuffled, weights.gather(-1, in_order))

    return _of_heads(heads, shuffle)


def _of_heads(heads: Collection[int] | None, change: Intervention) -> Intervention:
    def changed(weights: Tensor, visible: Tensor) -> Tensor:
        if heads is None:
            return change(weights, visible)
        of_those = torch.zeros(weights.size(1), dtype=torch.bool, device=weights.device)
        of_those[[head - 1 for head in heads]] = True
        return torch.where(of_those[:, None, None], change(weights, visible), weights)

    return changed


def _on_any_shape(intervention: Intervention) -> Callable[[Tensor, Mask | None], Tensor]:
    """For an attention of one head as well, (batch, queries, keys), and with or without a mask."""

    def change(weights: Tensor, mask: Mask | None) -> Tensor:
        visible = torch.ones_like(weights, dtype=torch.bool)
        if mask is not None:
            visible &= mask
        if weights.dim() == 4:
            return intervention(weights, visible).to(weights.dtype)
        changed = intervention(weights.unsqueeze(1), visible.unsqueeze(1)).squeeze(1)
        return changed.to(weights.dtype)

    return change
