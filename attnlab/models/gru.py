"""The gated recurrent unit (Cho et al. 2014), on a CPU faster to train than torch's.

With reset gate r, update gate z and candidate n, as torch has them:

    r = σ(W_r x + U_r h)    z = σ(W_z x + U_z h)    n = tanh(W_n x + r ∘ (U_n h + b_n))
    h' = (1 - z) ∘ n + z ∘ h

Products aside, two things cost a recurrence its time. One is many small steps: here what the gates
pass back for a word is one multiplication, since it is linear in the gradient of h', by factors
that are worked out for all words at once. The other is gradients of weights, which torch adds up
word by word: here they are one product after the loop.

Knows no embeddings and no attention.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import torch
from jaxtyping import Float
from torch import Tensor

from attnlab.attention.casting import type_of_products


@dataclass
class _GruStep:
    """What a word's step leaves for the way back: r and z in a row, n, and U_n h + b_n."""

    opened: Tensor
    candidate: Tensor
    hidden_candidate: Tensor


def _advance(
    gates: Tensor, product: Tensor, bias: Tensor, state: Tensor
) -> tuple[Tensor, _GruStep]:
    """The next state from `W x` and `U h`, each of r, z and n in a row."""
    size = state.size(-1)
    opened = torch.add(gates[..., : 2 * size], product[..., : 2 * size]).sigmoid_()
    reset, update = opened[..., :size], opened[..., size:]
    hidden_candidate = product[..., 2 * size :] + bias
    candidate = torch.addcmul(gates[..., 2 * size :], reset, hidden_candidate).tanh_()
    return torch.lerp(candidate, state, update), _GruStep(opened, candidate, hidden_candidate)


@dataclass
class _Factors:
    """By what the gradient of h' is multiplied on its way to each of what it came from.

    Shapes: hidden and inner (length, …, 3, size), on the way to U h and to W x; update
    (length, …, size), on the way to h itself.
    """

    hidden: Tensor
    inner: Tensor
    update: Tensor


def _factors(states: Tensor, passages: Sequence[_GruStep]) -> _Factors:
    """Of all words at once; `states` are those before each word."""
    opened, candidate, hidden_candidate = (
        torch.stack([getattr(passage, name) for passage in passages])
        for name in ("opened", "candidate", "hidden_candidate")
    )
    size = states.size(-1)
    reset, update = opened[..., :size], opened[..., size:]
    by_update = (states - candidate) * update * (1 - update)
    by_candidate = (1 - update) * (1 - candidate.square())
    by_reset = by_candidate * hidden_candidate * reset * (1 - reset)
    return _Factors(
        hidden=torch.stack([by_reset, by_update, by_candidate * reset], dim=-2),
        inner=torch.stack([by_reset, by_update, by_candidate], dim=-2),
        update=update,
    )


def gru_sequence(
    gates: Float[Tensor, "length directions batch gates"],
    first: Float[Tensor, "directions batch size"],
    weight: Float[Tensor, "directions gates size"],
    bias: Float[Tensor, "directions size"],
) -> Float[Tensor, "length directions batch size"]:
    """The states after each word, from `first` on, where all words are known beforehand.

    `gates` are W x, `weight` is U, `bias` is b_n. The directions move on together, each through
    words of its own. Where `gates` hold an infinite z the state stays as it is, as it must where
    there is padding.
    """
    states: Tensor = _Sequence.apply(gates, first, weight, bias)  # type: ignore[no-untyped-call]
    return states


class _Sequence(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, gates: Tensor, first: Tensor, weight: Tensor, bias: Tensor) -> Tensor:
        product_type = type_of_products(weight)
        across = weight.to(product_type).transpose(1, 2)
        bias = bias.unsqueeze(1)
        states, passages = [first], []
        for word in gates:
            product = torch.bmm(states[-1].to(product_type), across)
            state, passage = _advance(word, product, bias, states[-1])
            states.append(state)
            passages.append(passage)
        ctx.states, ctx.passages, ctx.weight = states[:-1], passages, weight.to(product_type)
        return torch.stack(states[1:])

    @staticmethod
    @torch.autograd.function.once_differentiable
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor, Tensor, Tensor, Tensor]:
        weight, states = ctx.weight, torch.stack(ctx.states)
        factors = _factors(states, ctx.passages)
        by_state = torch.empty_like(gradient)
        by_product = torch.empty(
            (*states.shape[:-1], weight.size(1)), dtype=weight.dtype, device=weight.device
        )
        carried: Tensor | float = 0.0
        for word in reversed(range(len(gradient))):
            torch.add(gradient[word], carried, out=by_state[word])
            torch.mul(
                by_state[word].unsqueeze(-2),
                factors.hidden[word],
                out=by_product[word].view(factors.hidden[word].shape),
            )
            carried = torch.addcmul(
                torch.bmm(by_product[word], weight), by_state[word], factors.update[word]
            )
        by_gates = (by_state.unsqueeze(-2) * factors.inner).flatten(-2)
        # (length, directions, batch, …) -> (directions, length · batch, …)
        products, rounded = (
            each.transpose(0, 1).flatten(1, 2) for each in (by_product, states.to(weight.dtype))
        )
        by_weight = torch.bmm(products.transpose(1, 2), rounded).to(states.dtype)
        by_bias = products[..., -states.size(-1) :].sum(1, dtype=states.dtype)
        assert isinstance(carried, Tensor)
        return by_gates, carried, by_weight, by_bias


@dataclass
class _Noted:
    """What a loop's words leave for the gradient of its weights, and for their own."""

    fed_weight: Tensor
    weight: Tensor
    states: list[Tensor] = field(default_factory=list)
    passages: list[_GruStep] = field(default_factory=list)
    fed: list[Tensor] = field(default_factory=list)
    rounded: list[Tensor] = field(default_factory=list)
    by_gates: dict[int, Tensor] = field(default_factory=dict)
    by_product: dict[int, Tensor] = field(default_factory=dict)
    factors: _Factors | None = None


class GruLoop:
    """One layer's steps where each word's input waits for the state before it.

    For a decoder that is fed what it attended to. Of W, `fed_weight` is the part for what is fed,
    (gates, fed size); `weight` is U, (gates, size); `bias` is b_n, (size,).
    """

    def __init__(self, fed_weight: Tensor, weight: Tensor, bias: Tensor) -> None:
        product_type = type_of_products(weight)
        self._noted = _Noted(fed_weight.to(product_type), weight.to(product_type))
        self._bias = bias.detach()
        # Every step takes this number, so that its gradient, and with it that of the weights, is
        # asked for when all steps have had theirs.
        self._anchor = _Weights.apply(fed_weight, weight, bias, self._noted)  # type: ignore[no-untyped-call]

    def step(
        self,
        gates: Float[Tensor, "batch gates"],
        fed: Float[Tensor, "batch fed_size"],
        state: Float[Tensor, "batch size"],
    ) -> Float[Tensor, "batch size"]:
        """The next state; `gates` is what is known of W x but for `fed`, biases included."""
        following: Tensor = _Step.apply(  # type: ignore[no-untyped-call]
            self._anchor, gates, fed, state, self._bias, self._noted
        )
        return following


class _Step(torch.autograd.Function):
    @staticmethod
    def forward(
        ctx: Any,
        anchor: Tensor,
        gates: Tensor,
        fed: Tensor,
        state: Tensor,
        bias: Tensor,
        noted: _Noted,
    ) -> Tensor:
        product_type = noted.weight.dtype
        state, fed = state.detach(), fed.detach()  # or their graph would hold itself
        rounded, rounded_fed = state.to(product_type), fed.to(product_type)
        gates = torch.addmm(gates.to(product_type), rounded_fed, noted.fed_weight.t())
        product = torch.mm(rounded, noted.weight.t())
        following, passage = _advance(gates.to(state.dtype), product, bias, state)
        if anchor.requires_grad:
            ctx.noted, ctx.word, ctx.fed_type = noted, len(noted.states), fed.dtype
            noted.fed.append(rounded_fed)
            noted.rounded.append(rounded)
            noted.states.append(state)
            noted.passages.append(passage)
        return following

    @staticmethod
    @torch.autograd.function.once_differentiable
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor, Tensor, Tensor, Tensor, None, None]:
        noted, word = ctx.noted, ctx.word
        if noted.factors is None:
            noted.factors = _factors(torch.stack(noted.states), noted.passages)
        factors: _Factors = noted.factors
        by_state = gradient.unsqueeze(-2)
        by_product = (by_state * factors.hidden[word]).to(noted.weight.dtype).flatten(1)
        by_gates = (by_state * factors.inner[word]).to(noted.weight.dtype).flatten(1)
        noted.by_product[word], noted.by_gates[word] = by_product, by_gates
        by_past = torch.addcmul(torch.mm(by_product, noted.weight), gradient, factors.update[word])
        by_fed = torch.mm(by_gates, noted.fed_weight).to(ctx.fed_type)
        return gradient.new_zeros(()), by_gates, by_fed, by_past, None, None


class _Weights(torch.autograd.Function):
    @staticmethod
    def forward(
        ctx: Any,
        fed_weight: Tensor,  # noqa: ARG004 - what the gradients are of
        weight: Tensor,
        bias: Tensor,  # noqa: ARG004
        noted: _Noted,
    ) -> Tensor:
        ctx.noted = noted
        return weight.new_zeros(())

    @staticmethod
    @torch.autograd.function.once_differentiable
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor, Tensor, Tensor, None]:
        noted, type_ = ctx.noted, gradient.dtype
        words = list(noted.by_product)
        by_product = torch.cat([noted.by_product.pop(word) for word in words])
        by_gates = torch.cat([noted.by_gates.pop(word) for word in words])
        states = torch.cat([noted.rounded[word] for word in words])
        fed = torch.cat([noted.fed[word] for word in words])
        by_weight = torch.mm(by_product.t(), states).to(type_)
        by_fed_weight = torch.mm(by_gates.t(), fed).to(type_)
        by_bias = by_product[:, -states.size(1) :].sum(0, dtype=type_)
        return by_fed_weight, by_weight, by_bias, None
