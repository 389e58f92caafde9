"""Scoring functions: how well does a key answer a query?

A score is a number for each pair of a query and a key, before any mask or softmax. Each function
splits its work in three, so that whoever asks many queries of the same keys (a decoder, one word
at a time) prepares those keys once:

    score(q, k) = compare(project_query(q), project_key(k))

All of them look at the last axis only, so the same code serves one attention (batch, queries,
size) and many heads (batch, heads, queries, size).
"""

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

import torch
from jaxtyping import Float
from torch import Tensor, nn

from attnlab.support.errors import UsageError
from attnlab.support.registry import Registry

SCORES: Registry["Score"] = Registry("score")


@dataclass(kw_only=True)
class ScoreConfig:
    """What every scoring function's configuration has: the registered `name`."""

    name: str


class Score(nn.Module, ABC):
    """A scoring function for queries of `query_size` and keys of `key_size` features."""

    formula: str
    """The score of a query q and a key k as a person writes it, such as `q·k / √d`."""

    working: str
    """How one goes on from what the projections make, q′ and k′, where that is something else than
    q and k: which terms are summed, feature by feature."""

    symbols: Mapping[str, str] = MappingProxyType({})
    """What the parameters, by their names in the module, are called in the formula."""

    factor: float = 1.0
    """What the sum of a score's `terms` is multiplied by."""

    dot_scale: float | None = None
    """The factor s, where `compare(q, k)` equals `s · q kᵀ`; None where it is no such product.

    Whoever pools may then leave the product, the mask and the softmax to one fused kernel.
    """

    takes_unequal_sizes: bool = False
    """Whether queries and keys may have different sizes; where not, `require_equal_sizes`."""

    reads_keys: bool = True
    """Whether it matters what keys say; where not, nobody need prepare any but their number."""

    def project_query(self, query: Float[Tensor, "*batch query_size"]) -> Tensor:
        """What `compare` needs of each query; here the query itself."""
        return query

    def project_key(self, key: Float[Tensor, "*batch key_size"]) -> Tensor:
        """What `compare` needs of each key; here the key itself."""
        return key

    def movable_features(self, key_size: int) -> int:
        """By how many features `moved_key` moves a projected key; here by all that it has."""
        return self.project_key(torch.zeros(1, key_size)).size(-1)

    def moved_key(
        self,
        key: Float[Tensor, "*batch keys size"],
        by: Float[Tensor, "*batch keys movable_features"],
    ) -> Float[Tensor, "*batch keys size"]:
        """Projected keys, moved in the space where they are compared."""
        return key + by

    @abstractmethod
    def compare(
        self,
        query: Float[Tensor, "*batch queries size"],
        key: Float[Tensor, "*batch keys size"],
    ) -> Float[Tensor, "*batch queries keys"]:
        """Scores of projected queries against projected keys."""

    def terms(
        self,
        query: Float[Tensor, "*batch queries size"],  # noqa: ARG002
        key: Float[Tensor, "*batch keys size"],  # noqa: ARG002
    ) -> Float[Tensor, "*batch queries keys features"] | None:
        """What a score is the sum of, feature by feature: `compare` is `factor · Σ_i terms_i`.

        For people to follow, of projected queries and keys. None where it is no such sum.
        """
        return None


def require_equal_sizes(name: str, query_size: int, key_size: int) -> None:
    """Refuse sizes that differ, for a score that compares feature by feature."""
    if query_size != key_size:
        remedies = [
            f"score={each}"
            for each in SCORES
            if getattr(SCORES.maker(each), "takes_unequal_sizes", False)
        ]
        raise UsageError(
            f"score={name} compares queries with keys feature by feature, but queries have "
            f"{query_size} features and keys {key_size}; use {' or '.join(remedies)}"
        )
