"""The interface of normalisers: from a query's scores to weights over its visible keys."""

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from jaxtyping import Bool, Float
from torch import Tensor, nn

from attnlab.support.registry import Registry

NORMALISERS: Registry["Normaliser"] = Registry("normaliser")

Scores = Float[Tensor, "*batch queries keys"]
"""Scores or weights of keys for each query."""

Mask = Bool[Tensor, "..."]
"""True where a query may see a key; broadcasts against (…, queries, keys)."""


@dataclass(kw_only=True)
class NormaliserConfig:
    """Base class of normaliser configurations, with the registered `name`."""

    name: str


class Normaliser(nn.Module, ABC):
    """Maps scores to weights of at least 0 that sum to 1, or to 0 for a query without keys."""

    formula: str
    """The weight of a key of score z in mathematical notation, such as `exp(z) / Σ exp(z)`."""

    symbols: Mapping[str, str] = MappingProxyType({})
    """The symbol in `formula` of each parameter, by the parameter's name."""

    entmax_alpha: float | None = None
    """The α > 1 of an α-entmax (Peters et al. 2019), else None: weights are then
    `max(0, (α - 1) z - τ) ^ (1 / (α - 1))`, with the τ for which they sum to 1."""

    @property
    def softmax_factor(self) -> float | Tensor | None:
        """The factor f if the weights are `softmax(f · z)`, else None.

        A learnt factor is a tensor of one number. Such a normaliser can run in a fused kernel of
        product, mask and softmax.
        """
        return None

    @abstractmethod
    def forward(self, scores: Scores, mask: Mask | None) -> Scores:
        """Weights over the keys where `mask` is True; zeros in a row without such a key."""
