"""Kernels as normalisers: weights that fall with the distance between a query and a key.

All stand on one score, the Gaussian's `-u²/2` with `u = ‖q - k‖ / σ`, from which they read the
distance in widths: u² is -2 times the score. A softmax of that score is the Gaussian kernel.
"""

import math
from abc import abstractmethod

import torch
from jaxtyping import Float
from torch import Tensor

from attnlab.attention.normalisers import Mask, Normaliser
from attnlab.attention.normalisers.softmax import masked_softmax
from attnlab.support.errors import UsageError


class Kernel(Normaliser):
    """Weights in proportion to `profile(u²)`, of scores that are -u²/2.

    A query that no key is near enough to gets zeros, as one does that may see no key at all.
    """

    formula: str
    """The profile as a person writes it, without a factor that normalising takes away."""

    depends_on_width = True
    """Whether another width gives other weights."""

    @abstractmethod
    def profile(self, squared: Float[Tensor, "*shape"]) -> Float[Tensor, "*shape"]:
        """How much a key counts, 1 at distance 0, for squared distances in widths."""

    def forward(
        self, scores: Float[Tensor, "*batch queries keys"], mask: Mask | None
    ) -> Float[Tensor, "*batch queries keys"]:
        """See `Normaliser`."""
        counts = self.profile((-2 * scores).clamp(min=0))
        # What rounding alone can make of a key at the edge would count in full, were it alone.
        counts = counts.where(counts > _rounding(counts), 0.0)
        if mask is not None:
            counts = counts.masked_fill(~mask, 0.0)
        total = counts.sum(-1, keepdim=True)
        return counts / total.where(total > 0, 1.0)


class GaussianKernel(Kernel):
    """`exp(-u²/2)`: the softmax of the score. Every key counts, the far ones hardly."""

    formula = "exp(−u²/2)"
    softmax_factor = 1.0

    def profile(self, squared: Float[Tensor, "*shape"]) -> Float[Tensor, "*shape"]:
        """See `Kernel`."""
        return (-squared / 2).exp()

    def forward(
        self, scores: Float[Tensor, "*batch queries keys"], mask: Mask | None
    ) -> Float[Tensor, "*batch queries keys"]:
        """See `Normaliser`. A softmax, for which no distance is too far to be a number."""
        return masked_softmax(scores, mask)


class BoxcarKernel(Kernel):
    """`1[u ≤ 1]`: the mean of all values within one width."""

    formula = "1 for u ≤ 1"

    def profile(self, squared: Float[Tensor, "*shape"]) -> Float[Tensor, "*shape"]:
        """See `Kernel`. A key at the very edge counts, whatever rounding made of its distance."""
        return torch.le(squared, 1 + _rounding(squared)).to(squared.dtype)


class EpanechnikovKernel(Kernel):
    """`max(0, 1 - u²)`: Epanechnikov (1969), of the least mean squared error in the limit."""

    formula = "max(0, 1 − u²)"

    def profile(self, squared: Float[Tensor, "*shape"]) -> Float[Tensor, "*shape"]:
        """See `Kernel`."""
        return (1 - squared).clamp(min=0)


class TriangularKernel(Kernel):
    """`max(0, 1 - |u|)`: the kernel that Dive into Deep Learning calls Epanechikov's."""

    formula = "max(0, 1 − u)"

    def profile(self, squared: Float[Tensor, "*shape"]) -> Float[Tensor, "*shape"]:
        """See `Kernel`."""
        # The root's slope at 0 is infinite, and infinity times 0 no number.
        distance = squared.where(squared > 0, 1.0).sqrt().where(squared > 0, 0.0)
        return (1 - distance).clamp(min=0)


class ConstantKernel(Kernel):
    """1 at any distance: average pooling, which gives every query the same answer."""

    formula = "1"
    depends_on_width = False

    def profile(self, squared: Float[Tensor, "*shape"]) -> Float[Tensor, "*shape"]:
        """See `Kernel`."""
        return torch.ones_like(squared)


def _rounding(x: Tensor) -> float:
    """More than a score's rounding changes a squared distance of about 1."""
    return math.sqrt(torch.finfo(x.dtype).eps)


KERNELS: dict[str, type[Kernel]] = {
    "gaussian": GaussianKernel,
    "boxcar": BoxcarKernel,
    "epanechnikov": EpanechnikovKernel,
    "triangular": TriangularKernel,
    "constant": ConstantKernel,
}
"""By the names that they have in a config."""


def build_kernel(name: str) -> Kernel:
    """The kernel called `name`.

    Raises:
        UsageError: there is none.
    """
    if name not in KERNELS:
        raise UsageError(f"unknown kernel '{name}'; choose among: {', '.join(KERNELS)}")
    return KERNELS[name]()
