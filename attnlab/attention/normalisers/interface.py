"""Normalisers: from scores to weights that a query spreads over the keys which it may see.

Knows no queries and no keys, only how well they scored.
"""

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from jaxtyping import Bool, Float
from torch import Tensor, nn

from attnlab.support.registry import Registry

NORMALISERS: Registry["Normaliser"] = Registry("normaliser")

Mask = Bool[Tensor, "..."]
"""True where a query may see a key; broadcast against (…, queries, keys)."""


@dataclass(kw_only=True)
class NormaliserConfig:
    """What every normaliser's configuration has: the registered `name`."""

    name: str


class Normaliser(nn.Module, ABC):
    """Weights of at least 0 from any scores; each row sums to 1, or to 0 where it sees no key."""

    formula: str
    """The weight of a key that scores z as a person writes it, such as `exp(z) / Σ exp(z)`."""

    symbols: Mapping[str, str] = MappingProxyType({})
    """What the parameters, by their names in the module, are called in the formula."""

    entmax_alpha: float | None = None
    """The α, above 1, where the weights are `max(0, (α - 1) z - τ) ^ (1 / (α - 1))`, with the τ for
    which they sum to 1: the α-entmax of Peters et al. 2019. None where they are none."""

    @property
    def softmax_factor(self) -> float | Tensor | None:
        """The factor f, where the weights are `softmax(f · z)`; None where they are no softmax.

        Whoever pools may then leave the product, the mask and the softmax to one fused kernel. One
        that is learnt is a tensor with one number.
        """
        return None

    @abstractmethod
    def forward(
        self, scores: Float[Tensor, "*batch queries keys"], mask: Mask | None
    ) -> Float[Tensor, "*batch queries keys"]:
        """Weights over the keys that `mask` lets be seen.

        A query that may see no key at all gets zeros: there is nothing to average, and neither NaN
        nor an even spread over what is hidden would say so.
        """
