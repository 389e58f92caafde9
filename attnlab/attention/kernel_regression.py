"""Nadaraya–Watson kernel regression as attention: a Gaussian score, and kernels as normalisers.

Queries are the points to predict at, keys the inputs of the data and values their outputs.
"""

import math
from abc import abstractmethod

import torch
from jaxtyping import Bool, Float
from torch import Tensor, nn

from attnlab.attention.normalisers import Mask, Normaliser
from attnlab.attention.normalisers.interface import Scores
from attnlab.attention.normalisers.softmax import masked_softmax
from attnlab.attention.pooling import AttentionPooling, AttentionStep, Memory
from attnlab.attention.scores.similarity import GaussianConfig, GaussianScore
from attnlab.support.errors import UsageError


class Kernel(Normaliser):
    """Weights in proportion to `profile(u²)` of Gaussian scores `-u²/2`, with `u = ‖q - k‖ / σ`.

    Zeros for a query that no key is near enough to.
    """

    formula: str
    """The profile in mathematical notation, up to a constant factor."""

    depends_on_width = True
    """Whether the weights depend on the width σ."""

    @abstractmethod
    def profile(self, squared: Float[Tensor, "*shape"]) -> Float[Tensor, "*shape"]:
        """The kernel of squared distances u²; 1 at distance 0."""

    def forward(self, scores: Scores, mask: Mask | None) -> Scores:
        """See `Normaliser`."""
        kernel = self.profile((-2 * scores).clamp(min=0))
        # A key at the edge must not get all of the weight by a rounding error.
        kernel = kernel.where(kernel > _rounding_error(kernel), 0.0)
        if mask is not None:
            kernel = kernel.masked_fill(~mask, 0.0)
        total = kernel.sum(-1, keepdim=True)
        return kernel / total.where(total > 0, 1.0)


class GaussianKernel(Kernel):
    """`exp(-u²/2)`: the softmax of the score, computed as such so that no distance underflows."""

    formula = "exp(−u²/2)"
    softmax_factor = 1.0

    def profile(self, squared: Float[Tensor, "*shape"]) -> Float[Tensor, "*shape"]:
        """See `Kernel`."""
        return (-squared / 2).exp()

    def forward(self, scores: Scores, mask: Mask | None) -> Scores:
        """See `Normaliser`."""
        return masked_softmax(scores, mask)


class BoxcarKernel(Kernel):
    """`1[u ≤ 1]`: the mean of all values within one width."""

    formula = "1 for u ≤ 1"

    def profile(self, squared: Float[Tensor, "*shape"]) -> Float[Tensor, "*shape"]:
        """See `Kernel`; a key at the edge counts in spite of rounding errors."""
        return torch.le(squared, 1 + _rounding_error(squared)).to(squared.dtype)


class EpanechnikovKernel(Kernel):
    """`max(0, 1 - u²)`: Epanechnikov 1969, of the least asymptotic mean squared error."""

    formula = "max(0, 1 − u²)"

    def profile(self, squared: Float[Tensor, "*shape"]) -> Float[Tensor, "*shape"]:
        """See `Kernel`."""
        return (1 - squared).clamp(min=0)


class TriangularKernel(Kernel):
    """`max(0, 1 - |u|)`, which Dive into Deep Learning calls Epanechikov's."""

    formula = "max(0, 1 − u)"

    def profile(self, squared: Float[Tensor, "*shape"]) -> Float[Tensor, "*shape"]:
        """See `Kernel`."""
        # The root's slope at 0 is infinite, and infinity times 0 is NaN.
        distance = squared.where(squared > 0, 1.0).sqrt().where(squared > 0, 0.0)
        return (1 - distance).clamp(min=0)


class ConstantKernel(Kernel):
    """1 at any distance: average pooling, the same output for every query."""

    formula = "1"
    depends_on_width = False

    def profile(self, squared: Float[Tensor, "*shape"]) -> Float[Tensor, "*shape"]:
        """See `Kernel`."""
        return torch.ones_like(squared)


def _rounding_error(x: Tensor) -> float:
    """An upper bound of a score's rounding error in a squared distance of about 1."""
    return math.sqrt(torch.finfo(x.dtype).eps)


KERNELS: dict[str, type[Kernel]] = {
    "gaussian": GaussianKernel,
    "boxcar": BoxcarKernel,
    "epanechnikov": EpanechnikovKernel,
    "triangular": TriangularKernel,
    "constant": ConstantKernel,
}
"""Kernels by their names in a config."""


def build_kernel(name: str) -> Kernel:
    """The kernel called `name`.

    Raises:
        UsageError: there is none.
    """
    if name not in KERNELS:
        raise UsageError(f"unknown kernel '{name}'; choose among: {', '.join(KERNELS)}")
    return KERNELS[name]()


class KernelRegression(nn.Module):
    """Nadaraya 1964, Watson 1964: `f(q) = Σ_j K(u_j) y_j / Σ_j K(u_j)`, `u_j = ‖q - x_j‖ / σ`.

    The inputs x are keys, the outputs y are values. `width` is the initial σ; its inverse w is
    learnt, one for all dimensions of x, or one `by_dimension`: `u_j = ‖w ∘ (q - x_j)‖`.

    Raises:
        UsageError: fewer than two points, or a width that is not above 0.
    """

    inputs: Tensor
    outputs: Tensor
    centre: Tensor

    def __init__(
        self,
        inputs: Float[Tensor, "points dimensions"],
        outputs: Float[Tensor, " points"],
        kernel: Kernel,
        width: float,
        *,
        by_dimension: bool = False,
    ) -> None:
        super().__init__()
        if len(inputs) < 2:
            raise UsageError(f"kernel regression needs at least 2 points, and has {len(inputs)}")
        if not 0 < width < float("inf"):
            raise UsageError(f"a kernel's width must be above 0; {width:g} is not")
        size = inputs.size(1)
        config = GaussianConfig(name="gaussian", width=1 / width, by_dimension=by_dimension)
        score = GaussianScore(config, size, size).to(inputs.dtype)
        self.pooling = AttentionPooling(score, normaliser=kernel)
        self.score = score
        self.register_buffer("inputs", inputs)
        self.register_buffer("outputs", outputs)
        # Centred inputs have the same distances, and products of them smaller rounding errors.
        self.register_buffer("centre", inputs.mean(0))

    @property
    def widths(self) -> list[float]:
        """The width σ of all dimensions, or of each."""
        return [
            1 / abs(w) if w else math.inf for w in self.score.width.detach().reshape(-1).tolist()
        ]

    def attend(
        self,
        query: Float[Tensor, "queries dimensions"],
        mask: Bool[Tensor, "queries points"] | None = None,
    ) -> AttentionStep:
        """The attention of each query to all points; outputs are 0 where no point is near."""
        return self.pooling.attend(query - self.centre, self._memory(), mask)

    def forward(
        self,
        query: Float[Tensor, "queries dimensions"],
        mask: Bool[Tensor, "queries points"] | None = None,
    ) -> Float[Tensor, " queries"]:
        """`f` at each query; NaN where no point is near enough to have weight."""
        step = self.attend(query, mask)
        is_empty = step.weights.detach().sum(-1) == 0
        return step.output.squeeze(-1).masked_fill(is_empty, torch.nan)

    def leave_one_out(self) -> Float[Tensor, " points"]:
        """`f` at each point's input, from all points but itself."""
        itself = torch.eye(len(self.inputs), dtype=torch.bool, device=self.inputs.device)
        predictions: Tensor = self(self.inputs, ~itself)
        return predictions

    def _memory(self) -> Memory:
        return self.pooling.prepare(self.inputs - self.centre, self.outputs.unsqueeze(-1))
