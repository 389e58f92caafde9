"""Nadaraya–Watson kernel regression: attention whose queries are places, and whose keys are data.

The same `AttentionPooling` as the translators', with the Gaussian score and a kernel as normaliser.
"""

import math

import torch
from jaxtyping import Bool, Float
from torch import Tensor, nn

from attnlab.attention.kernels import Kernel
from attnlab.attention.pooling import AttentionPooling, AttentionStep, Memory
from attnlab.attention.scores.gaussian import GaussianConfig, GaussianScore
from attnlab.support.errors import UsageError


class KernelRegression(nn.Module):
    """Nadaraya 1964, Watson 1964: `f(q) = Σ_j K(u_j) y_j / Σ_j K(u_j)`, `u_j = ‖q - x_j‖ / σ`.

    The inputs x are keys, the outputs y are values. `width` is σ; what is learnt is its inverse
    w, one for all dimensions of x, or one `by_dimension`: `u_j = ‖w ∘ (q - x_j)‖`.

    Where no key is near enough to a query there is nothing to average, and the answer is NaN.

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
        # Distances stay as they are, and lose fewer digits: the score works with products.
        self.register_buffer("centre", inputs.mean(0))

    @property
    def widths(self) -> list[float]:
        """σ of all dimensions, or of each."""
        return [
            1 / abs(w) if w else math.inf for w in self.score.width.detach().reshape(-1).tolist()
        ]

    def attend(
        self,
        query: Float[Tensor, "queries dimensions"],
        mask: Bool[Tensor, "queries points"] | None = None,
    ) -> AttentionStep:
        """One answer to each query, with the weights of all points; zeros where none counts."""
        return self.pooling.attend(query - self.centre, self._memory(), mask)

    def forward(
        self,
        query: Float[Tensor, "queries dimensions"],
        mask: Bool[Tensor, "queries points"] | None = None,
    ) -> Float[Tensor, " queries"]:
        """F at each query; NaN where no point counts."""
        step = self.attend(query, mask)
        sees_none = step.weights.detach().sum(-1) == 0
        return step.answer.squeeze(-1).masked_fill(sees_none, torch.nan)

    def leave_one_out(self) -> Float[Tensor, " points"]:
        """F at every point's input, of all points but itself."""
        itself = torch.eye(len(self.inputs), dtype=torch.bool, device=self.inputs.device)
        answers: Tensor = self(self.inputs, ~itself)
        return answers

    def _memory(self) -> Memory:
        return self.pooling.prepare(self.inputs - self.centre, self.outputs.unsqueeze(-1))
