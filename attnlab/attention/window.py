"""Local attention: windows over the keys (Luong et al. 2015, section 3.2).

Each query has a centre p among the keys, which are in the order of their sentence. A window
multiplies the weight of each key by a factor, which is 0 further than a radius D from p.
"""

from abc import ABC, abstractmethod

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor, nn

from attnlab.support.errors import UsageError

Queries = Float[Tensor, "batch queries query_size"]
Factors = Float[Tensor, "batch queries keys"]
Centres = Float[Tensor, "batch queries"]
Lengths = Int[Tensor, "batch 1"]


class Window(nn.Module, ABC):
    """A window of `radius` D; positions count from 1 to the sentence's length S."""

    def __init__(self, radius: int) -> None:
        super().__init__()
        self.radius = radius

    def forward(
        self, query: Queries, mask: Bool[Tensor, "batch 1 keys"], start: int = 0
    ) -> Factors:
        """The factors of weights, from 0 to 1; the first query is number `start`, from 0.

        `mask` is False at padding, where factors are arbitrary.
        """
        centres = self.centres(query, mask.sum(-1), start)
        positions = torch.arange(1, mask.size(-1) + 1, device=mask.device)
        distance = (positions - centres.unsqueeze(-1)).abs()
        return self.factors(distance) * (distance <= self.radius)

    @abstractmethod
    def centres(self, query: Queries, lengths: Lengths, start: int) -> Centres:
        """The centre p of each query, from 0 to its sentence's length S."""

    def factors(self, distance: Factors) -> Factors:
        """The factors at these distances from the centre, within the window; 1 by default."""
        return torch.ones_like(distance)


class MonotonicWindow(Window):
    """Luong et al. 2015, local-m: `p_t = t`, and S for a target longer than its source."""

    def centres(self, query: Queries, lengths: Lengths, start: int) -> Centres:
        """`min(t, S)`."""
        steps = torch.arange(start + 1, start + query.size(1) + 1, device=query.device)
        return torch.minimum(steps, lengths).to(_position_dtype(query))


class PredictiveWindow(Window):
    """Luong et al. 2015, local-p, equations 9 and 10: the centre is predicted from the query.

    `p_t = S · sigmoid(v_pᵀ tanh(W_p h_t))`; h_t is query. So that p has a gradient, factors fall
    with the distance from it: `exp(-(s - p_t)² / (2 σ²))` with `σ = D / 2`, for the key at s.
    """

    def __init__(self, radius: int, query_size: int) -> None:
        super().__init__(radius)
        self.query_weight = nn.Linear(query_size, query_size, bias=False)
        self.hidden_weight = nn.Linear(query_size, 1, bias=False)

    def centres(self, query: Queries, lengths: Lengths, start: int) -> Centres:
        """`S · sigmoid(…)`."""
        logits = self.hidden_weight(torch.tanh(self.query_weight(query))).squeeze(-1)
        centres: Tensor = lengths * logits.to(_position_dtype(query)).sigmoid()
        return centres

    def factors(self, distance: Factors) -> Factors:
        """`exp(-distance² / (2 σ²))`."""
        return torch.exp(-2 * (distance / self.radius).square())


WINDOWS = ("global", "local_m", "local_p")


def build_window(name: str, radius: int, query_size: int) -> Window | None:
    """Build the window called `name` for queries of this size; None for `global`.

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


def _position_dtype(query: Tensor) -> torch.dtype:
    """Single precision at least: half precision cannot represent all positions of a sentence."""
    return torch.promote_types(query.dtype, torch.float32)
