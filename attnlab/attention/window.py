"""Local attention: a window over the keys, outside of which a query does not look.

Luong et al. 2015, section 3.2. Each query has a centre p among the keys, which stand in the order
of their sentence; the window gives every key a factor that its weight is multiplied by, and that is
0 more than a radius D away from p. Knows no scores and no model.
"""

from abc import ABC, abstractmethod

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor, nn

from attnlab.support.errors import UsageError


class Window(nn.Module, ABC):
    """A window of `radius` D; positions count from 1, and a sentence of S keys ends at S."""

    def __init__(self, radius: int) -> None:
        super().__init__()
        self.radius = radius

    def forward(
        self,
        query: Float[Tensor, "batch queries query_size"],
        mask: Bool[Tensor, "batch 1 keys"],
        start: int = 0,
    ) -> Float[Tensor, "batch queries keys"]:
        """The factor of each weight, from 0 to 1; `start` queries were asked before these.

        `mask` is True at a sentence's keys and False at the padding behind them, where factors say
        nothing.
        """
        centres = self.centres(query, mask.sum(-1), start)
        positions = torch.arange(1, mask.size(-1) + 1, device=mask.device)
        distance = (positions - centres.unsqueeze(-1)).abs()
        return self.factors(distance) * (distance <= self.radius)

    @abstractmethod
    def centres(
        self,
        query: Float[Tensor, "batch queries query_size"],
        lengths: Int[Tensor, "batch 1"],
        start: int,
    ) -> Float[Tensor, "batch queries"]:
        """Where each query looks: p, from 0 to its sentence's length S."""

    def factors(
        self, distance: Float[Tensor, "batch queries keys"]
    ) -> Float[Tensor, "batch queries keys"]:
        """What becomes of a weight so far from the centre, within the window; here nothing."""
        return torch.ones_like(distance)


class MonotonicWindow(Window):
    """Luong et al. 2015's local-m: `p_t = t`, as if both languages had one order of words.

    The queries of a target that is longer than its source stay at the source's end, `p_t = S`, for
    behind it there is nothing to look at.
    """

    def centres(
        self,
        query: Float[Tensor, "batch queries query_size"],
        lengths: Int[Tensor, "batch 1"],
        start: int,
    ) -> Float[Tensor, "batch queries"]:
        """`min(t, S)`."""
        steps = torch.arange(start + 1, start + query.size(1) + 1, device=query.device)
        return torch.minimum(steps, lengths).to(_positions_type(query))


class PredictiveWindow(Window):
    """Luong et al. 2015's local-p, equations 9 and 10: the query itself says where to look.

    `p_t = S · sigmoid(v_pᵀ tanh(W_p h_t))`; h_t is query. So that p can be learnt, weights fade
    away from it: `exp(-(s - p_t)² / (2 σ²))` with `σ = D / 2`, for the key at position s.
    """

    def __init__(self, radius: int, query_size: int) -> None:
        super().__init__(radius)
        self.query_weight = nn.Linear(query_size, query_size, bias=False)
        self.hidden_weight = nn.Linear(query_size, 1, bias=False)

    def centres(
        self,
        query: Float[Tensor, "batch queries query_size"],
        lengths: Int[Tensor, "batch 1"],
        start: int,  # noqa: ARG002
    ) -> Float[Tensor, "batch queries"]:
        """`S · sigmoid(…)`."""
        share = self.hidden_weight(torch.tanh(self.query_weight(query))).squeeze(-1)
        centres: Tensor = lengths * share.to(_positions_type(query)).sigmoid()
        return centres

    def factors(
        self, distance: Float[Tensor, "batch queries keys"]
    ) -> Float[Tensor, "batch queries keys"]:
        """`exp(-distance² / (2 σ²))`."""
        return torch.exp(-2 * (distance / self.radius).square())


WINDOWS = ("global", "local_m", "local_p")


def build_window(name: str, radius: int, query_size: int) -> Window | None:
    """A new window for queries of this size; None where a query looks everywhere (global).

    Raises:
        UsageError: there is none of that name.
    """
    if name == "global":
        return None
    if name == "local_m":
        return MonotonicWindow(radius)
    if name == "local_p":
        return PredictiveWindow(radius, query_size)
    raise UsageError(f"model.window={name} is none of: {', '.join(WINDOWS)}")


def _positions_type(query: Tensor) -> torch.dtype:
    """Half-precision numbers have too few digits to tell a long sentence's positions apart."""
    return torch.promote_types(query.dtype, torch.float32)
