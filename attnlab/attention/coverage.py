"""Coverage: what has been looked at already tells where to look next.

See et al. 2017, section 2.2, after Tu et al. 2016: a translator that does not know where it looked
says some words of the source twice, and others never. Knows no model.
"""

import torch
from jaxtyping import Float
from torch import Tensor, nn

from attnlab.attention.pooling import Memory
from attnlab.attention.scores import Score


class Coverage(nn.Module):
    """`c^t = Σ_{t' < t} a^{t'}` (equation 10) enters the score of a key j by `w_c c_j^t`.

    It moves the projected key along a learnt vector w_c. With the additive score that is equation
    11: `vᵀ tanh(W_h h_j + W_s s_t + w_c c_j^t)`; a is weights, h is key, s is query. A product
    `q · k` becomes `q · k + c_j (q · w_c)`: each query says itself what it matters that a key was
    looked at. A distance becomes that to the moved key.

    w_c starts at zero: at first it is attention without coverage.
    """

    def __init__(self, score: Score, key_size: int) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.zeros(score.movable_features(key_size)))

    def forward(self, score: Score, memory: Memory, covered: Float[Tensor, "batch keys"]) -> Memory:
        """`memory` with its keys where `covered`, the sum of all weights so far, moves them."""
        by = covered.unsqueeze(-1) * self.weight
        return Memory(score.moved_key(memory.key, by.to(memory.key.dtype)), memory.value)
