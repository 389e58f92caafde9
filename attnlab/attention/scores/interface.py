"""The interface of scoring functions: a number for each query and key, before mask and softmax.

A score is computed in three parts, so that keys are projected once for any number of queries (a
decoder asks one query a step):

    score(q, k) = compare(project_query(q), project_key(k))

All parts work on the last axes only; any batch and head axes may stand in front of them.
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

Queries = Float[Tensor, "*batch queries size"]
Keys = Float[Tensor, "*batch keys key_size"]
Scores = Float[Tensor, "*batch queries keys"]
Terms = Float[Tensor, "*batch queries keys features"]
Shift = Float[Tensor, "*batch keys shift_size"]


@dataclass(kw_only=True)
class ScoreConfig:
    """Base class of scoring-function configurations, with the registered `name`."""

    name: str


class Score(nn.Module, ABC):
    """A scoring function for queries of `query_size` and keys of `key_size` features."""

    formula: str
    """The score of a query q and a key k in mathematical notation, such as `q·k / √d`."""

    working: str
    """How the score follows from the projected query q′ and key k′: which terms are summed."""

    symbols: Mapping[str, str] = MappingProxyType({})
    """The symbol in `formula` of each parameter, by the parameter's name."""

    factor: float = 1.0
    """The factor of the sum of `terms`."""

    dot_scale: float | None = None
    """The factor s if `compare(q, k)` equals `s · q kᵀ`, else None.

    Such a score can run in a fused kernel of product, mask and softmax.
    """

    takes_unequal_sizes: bool = False
    """Whether queries and keys may have different sizes; if not, call `require_equal_sizes`."""

    reads_keys: bool = True
    """Whether scores depend on the features of keys, and not on their number alone."""

    def project_query(self, query: Float[Tensor, "*batch query_size"]) -> Tensor:
        """Project queries for `compare`; the identity by default."""
        return query

    def project_key(self, key: Float[Tensor, "*batch key_size"]) -> Tensor:
        """Project keys for `compare`; the identity by default."""
        return key

    def shift_size(self, key_size: int) -> int:
        """Number of features by which `shift_key` shifts a projected key; all by default."""
        return self.project_key(torch.zeros(1, key_size)).size(-1)

    def shift_key(self, key: Keys, shift: Shift) -> Keys:
        """Add a `shift` to projected keys in the space where they are compared."""
        return key + shift

    @abstractmethod
    def compare(self, query: Queries, key: Keys) -> Scores:
        """Score each projected query against each projected key."""

    def terms(self, query: Queries, key: Keys) -> Terms | None:
        """The summands of a score by feature: `compare` is `factor · Σ_i terms_i`.

        For explanations. None for a score that is no such sum.
        """
        return None


def require_equal_sizes(name: str, query_size: int, key_size: int) -> None:
    """Refuse sizes that differ, for a score that compares feature by feature.

    Raises:
        UsageError: the sizes differ.
    """
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
