"""What surrounds each sublayer of a Transformer: a sum, a norm and dropout.

Knows no sublayer: whoever has one asks what it gets to see, and hands back its answer.
"""

from jaxtyping import Float
from torch import Tensor, nn

from attnlab.attention.casting import cast_for_matmul
from attnlab.attention.dropout import dropout
from attnlab.models.norms import Norm, Tokens, build_norm
from attnlab.support.errors import UsageError

NORMS = ("pre", "post", "none")


class Residual(nn.Module):
    """A sum `x + f(x)`, and where it is normalised.

    - pre: `x + f(norm(x))`, and the last sum of a stack at its end (Xiong et al. 2020).
    - post: `norm(x + f(x))` (Vaswani et al. 2017).
    - none: `x + f(x) / √sublayers`. Sums of features that nobody brings back to size grow with
      each sublayer, in a deep stack past all bounds: if each adds as much again as there is, to
      2^sublayers the variance. By that factor it stays under e times what it was, however deep the
      stack (Hayou et al. 2021, "Stable ResNet").

    `sublayers`: how many there are in the stack.
    """

    def __init__(
        self, norm: str, normalisation: str, size: int, dropout: float, sublayers: int
    ) -> None:
        super().__init__()
        self.norm = build_norm(normalisation, size) if _is_normalised(norm) else None
        self.norm_first = norm == "pre"
        self.scale = 1.0 if norm != "none" else sublayers**-0.5
        self.dropout = dropout

    def enter(
        self, x: Float[Tensor, "*batch size"], tokens: Tokens | None = None
    ) -> Float[Tensor, "*batch size"]:
        """What the sublayer gets to see of `x`, where `tokens` are what is no padding."""
        if self.norm_first and self.norm is not None:
            x = self.norm(x, tokens)
        return cast_for_matmul(x)

    def leave(
        self,
        x: Float[Tensor, "*batch size"],
        answer: Float[Tensor, "*batch size"],
        tokens: Tokens | None = None,
    ) -> Float[Tensor, "*batch size"]:
        """`x` and the sublayer's `answer`, added up."""
        answer = dropout(answer, self.dropout, self.training)
        if self.norm is None:
            return x + self.scale * answer
        x = x + answer
        return x if self.norm_first else self.norm(x, tokens)


def _is_normalised(norm: str) -> bool:
    if norm not in NORMS:
        raise UsageError(f"model.norm={norm} is none of: {', '.join(NORMS)}")
    return norm != "none"


def last_norm(norm: str, normalisation: str, size: int) -> Norm | None:
    """The end of a stack: where sublayers normalise what enters them, nobody has its last sum."""
    return build_norm(normalisation, size) if norm == "pre" else None
