"""Muon (Jordan et al. 2024), whose steps of matrices are nearly orthogonal.

torch has it since 2.9, in bfloat16 alone, in which most CPUs multiply several times slower.
"""

from collections.abc import Callable

import torch
from torch import Tensor, nn, optim

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
            for matrix in group["params"]:
                if matrix.grad is not None:
                    self._update(matrix, group["lr"], group["momentum"], group["weight_decay"])
        return loss

    @torch.no_grad()
    def _update(self, matrix: Tensor, lr: float, momentum: float, weight_decay: float) -> None:
        gradient, state, (rows, columns) = matrix.grad, self.state[matrix], matrix.shape
        assert gradient is not None
        if not state:
            state["momentum_buffer"] = torch.zeros_like(matrix)
        mean: Tensor = state["momentum_buffer"].lerp_(gradient, 1 - momentum)
        step = orthogonal(gradient.lerp(mean, momentum))
        matrix.mul_(1 - lr * weight_decay)
        matrix.add_(step, alpha=-lr * max(1, rows / columns) ** 0.5)


def orthogonal(matrix: Tensor) -> Tensor:
    """Nearly `U Vᵀ` of `matrix = U S Vᵀ`, whose singular values S all become about 1.

    By a Newton-Schulz iteration: X is the matrix, of norm 1, and `X ← a X + b (X Xᵀ) X + c (X Xᵀ)²
    X` does to each singular value s what `s ← a s + b s³ + c s⁵` does. In bfloat16 on a GPU, in
    the matrix's own precision elsewhere.
    """
    a, b, c = COEFFICIENTS
    x = matrix.bfloat16() if matrix.is_cuda else matrix
    is_tall = x.size(0) > x.size(1)
    x = x.t() if is_tall else x
    x = x / x.norm().clamp_min(_LEAST_NORM)
    for _ in range(ITERATIONS):
        square = x @ x.t()
        x = torch.addmm(x, torch.addmm(square, square, square, beta=b, alpha=c), x, beta=a)
    return (x.t() if is_tall else x).to(matrix.dtype)
