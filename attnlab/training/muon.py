"""Muon (Jordan et al. 2024), whose steps of matrices are nearly orthogonal.

torch has it since 2.9, in bfloat16 alone, in which most CPUs multiply several times slower, and
matrix by matrix, where products of many small ones together take less time.
"""

from collections import defaultdict
from collections.abc import Callable

import torch
from jaxtyping import Float
from torch import Tensor, nn, optim

from attnlab.attention.functional import cast_for_matmul

ITERATIONS = 5
COEFFICIENTS = 3.4445, -4.7750, 2.0315  # Jordan et al.'s, by which small values rise fast
_LEAST_NORM = 1e-7


class Muon(optim.Optimizer):
    """`v ← μ v + (1 - μ) g`, then `W ← (1 - η λ) W - η √max(1, rows / columns) O(μ v + (1 - μ) g)`.

    g is the gradient, μ the `momentum` (Nesterov's), η `lr`, λ `weight_decay`, O is `orthogonal`.
    For matrices alone.
    """

    def __init__(
        self, matrices: list[nn.Parameter], lr: float, momentum: float, weight_decay: float
    ) -> None:
        settings = {"lr": lr, "momentum": momentum, "weight_decay": weight_decay}
        super().__init__(matrices, settings)

    def step(self, closure: Callable[[], float] | None = None) -> float | None:  # type: ignore[override]
        """Update each matrix that has a gradient; `closure`, if given, is called before."""
        loss = None if closure is None else closure()
        for group in self.param_groups:
            alike = defaultdict(list)
            for matrix in group["params"]:
                if matrix.grad is not None:
                    alike[matrix.shape, matrix.dtype, matrix.device].append(matrix)
            for matrices in alike.values():
                self._update(matrices, group["lr"], group["momentum"], group["weight_decay"])
        return loss

    @torch.no_grad()
    def _update(
        self, matrices: list[nn.Parameter], lr: float, momentum: float, weight_decay: float
    ) -> None:
        ahead = []
        for matrix in matrices:
            gradient, state = matrix.grad, self.state[matrix]
            assert gradient is not None
            if not state:
                state["momentum_buffer"] = torch.zeros_like(matrix)
            mean: Tensor = state["momentum_buffer"].lerp_(gradient, 1 - momentum)
            ahead.append(gradient.lerp(mean, momentum))
        rows, columns = matrices[0].shape
        steps = orthogonal(torch.stack(ahead))
        for matrix, step in zip(matrices, steps, strict=True):
            matrix.mul_(1 - lr * weight_decay)
            matrix.add_(step, alpha=-lr * max(1, rows / columns) ** 0.5)


def orthogonal(
    matrices: Float[Tensor, "number rows columns"],
) -> Float[Tensor, "number rows columns"]:
    """Nearly `U Vᵀ` of each matrix `U S Vᵀ`, whose singular values S all become about 1.

    By a Newton-Schulz iteration: X is the matrix, of norm 1, and `X ← a X + b (X Xᵀ) X + c (X Xᵀ)²
    X` does to each singular value s what `s ← a s + b s³ + c s⁵` does. In autocast's precision
    where that is enabled, as Jordan et al. have it in bfloat16.
    """
    a, b, c = COEFFICIENTS
    is_tall = matrices.size(1) > matrices.size(2)
    x = matrices.mT if is_tall else matrices
    x = cast_for_matmul(x / x.norm(dim=(1, 2), keepdim=True).clamp_min(_LEAST_NORM))
    for _ in range(ITERATIONS):
        square = x @ x.mT
        x = torch.baddbmm(x, torch.baddbmm(square, square, square, beta=b, alpha=c), x, beta=a)
    return (x.mT if is_tall else x).to(matrices.dtype)
