"""Scores that hypotheses of different lengths are ranked by."""

from dataclasses import dataclass

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor

from attnlab.support.errors import UsageError

_LEAST_COVERAGE = 1e-6  # sparse attention may leave a token at 0, whose logarithm would decide all


@dataclass(frozen=True)
class LengthPenalty:
    """A length penalty lp(length), which log p is divided by; the end counts in the length.

    - average: `length^α`: 1 ranks by the mean of tokens; 0 by log p itself, which favours short
      translations.
    - wu: `((5 + length) / 6)^α` (Wu et al. 2016, equation 14).
    """

    normalisation: str
    alpha: float

    def __post_init__(self) -> None:
        if self.normalisation not in LENGTH_NORMALISATIONS:
            raise UsageError(
                f"search.length_normalisation={self.normalisation} is none of: "
                f"{', '.join(LENGTH_NORMALISATIONS)}"
            )

    def __call__(self, length: Tensor | int) -> Tensor | float:
        """lp(length)."""
        base = length if self.normalisation == "average" else (5 + length) / 6
        penalty: Tensor | float = base**self.alpha
        return penalty

    def best(
        self,
        log_probability: Float[Tensor, "*batch"],
        shortest: int,
        longest: Int[Tensor, "*batch"],
    ) -> Float[Tensor, "*batch"]:
        """The best score that a continuation of these log p can reach, of the given lengths.

        log p only falls, and as it is at most 0, its score is greatest at the greatest penalty:
        the longest's, or the shortest's if α < 0.
        """
        length = longest.to(log_probability.dtype) if self.alpha >= 0 else shortest
        return log_probability / self(length)


LENGTH_NORMALISATIONS = ("average", "wu")


def coverage_penalty(
    coverage: Float[Tensor, "rows keys"], mask: Bool[Tensor, "rows keys"], beta: float
) -> Float[Tensor, " rows"]:
    """Wu et al. 2016, equation 15: `β Σ_j log min(Σ_i p_ij, 1)`, at most 0.

    p_ij is the attention of target token i to source token j; `coverage` is its sum over i.
    """
    logarithms = coverage.clamp(_LEAST_COVERAGE, 1.0).log()
    return beta * torch.where(mask, logarithms, 0.0).sum(-1)
