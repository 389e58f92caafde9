"""Layers that models are made of: embeddings, feed-forward networks, norms and residuals."""

from collections.abc import Callable

import torch
import torch.nn.functional as F
from jaxtyping import Bool, Float
from torch import Tensor, nn

from attnlab.attention.functional import cast_for_matmul, dropout
from attnlab.models.interface import VocabularySizes
from attnlab.support.errors import UsageError

_EPSILON = 1e-5  # torch's
_MOMENTUM = 0.1  # torch's: the weight of the newest batch in running statistics

_PLAIN: dict[str, Callable[[Tensor], Tensor]] = {"relu": F.relu, "gelu": F.gelu}
_GATED: dict[str, Callable[[Tensor], Tensor]] = {"swiglu": F.silu}
ACTIVATIONS = (*_PLAIN, *_GATED)
NORMS = ("pre", "post", "none")
TIES = ("none", "target", "all")

Features = Float[Tensor, "*batch size"]
TokenMask = Bool[Tensor, "*batch"]
"""True at tokens, False at padding."""


class TokenTable(nn.Embedding):
    """Embeddings of the tokens of a vocabulary: that of `side`, which is source or target."""

    def __init__(self, tokens: int, size: int, side: str) -> None:
        super().__init__(tokens, size)
        self.side = side


def embedding_tables(
    tie: str, vocabulary: VocabularySizes, size: int
) -> tuple[TokenTable, TokenTable, nn.Linear]:
    """Source embedding, target embedding and output projection, each of `size` features a token.

    `tie` (Press & Wolf 2017): "none" of the three; "target": the output projection is the target
    embedding; "all": the source embedding is it too, which requires a shared vocabulary.
    """
    if tie not in TIES:
        raise UsageError(f"model.tie_embeddings={tie} is none of: {', '.join(TIES)}")
    if tie == "all" and not vocabulary.shared:
        raise UsageError(
            "model.tie_embeddings=all needs one vocabulary for both languages; "
            "choose vocabulary=joint, or model.tie_embeddings=target"
        )
    target = TokenTable(vocabulary.target, size, "target")
    source = target if tie == "all" else TokenTable(vocabulary.source, size, "source")
    output = nn.Linear(size, vocabulary.target, bias=False)
    if tie != "none":
        output.weight = target.weight
    for table in (source, target, output):
        nn.init.normal_(table.weight, std=size**-0.5)
    return source, target, output


def share_layers(layers: nn.ModuleList, distinct: int | None) -> nn.ModuleList:
    """The same layers, of which all after the first `distinct` use the weights of those, in turn.

    Layer i has the weights of layer i mod `distinct` (CYCLE of Takase & Kiyono 2021, section 2);
    with 1, all are alike (Dehghani et al. 2019). Running statistics stay each layer's own. None:
    nothing is shared.
    """
    if distinct is None:
        return layers
    for index in range(distinct, len(layers)):
        first = layers[index % distinct]
        for theirs, own in zip(first.modules(), layers[index].modules(), strict=True):
            for name, weight in theirs.named_parameters(recurse=False):
                setattr(own, name, weight)
    return layers


class FeedForward(nn.Module):
    """Vaswani et al. 2017, equation 2: `W_2 activation(W_1 x + b_1) + b_2` for each token.

    With swiglu (Shazeer 2020, equation 6) a third matrix gates the features:
    `W_2 (silu(W_1 x + b_1) ∘ (V x + c)) + b_2`, with `silu(u) = u σ(u)`. At the same `inner_size`
    it has half as many parameters again; at two thirds of it (the paper's rule), as many.
    """

    def __init__(self, activation: str, size: int, inner_size: int, dropout: float) -> None:
        super().__init__()
        if activation not in ACTIVATIONS:
            raise UsageError(f"model.activation={activation} is none of: {', '.join(ACTIVATIONS)}")
        self.activation = (_PLAIN | _GATED)[activation]
        self.dropout = dropout
        self.inner = nn.Linear(size, inner_size)
        self.gate = nn.Linear(size, inner_size) if activation in _GATED else None
        self.outer = nn.Linear(inner_size, size)
        for linear in filter(None, (self.inner, self.gate, self.outer)):
            nn.init.xavier_uniform_(linear.weight)
            nn.init.zeros_(linear.bias)

    def forward(self, x: Features) -> Features:
        """(…, size) -> (…, inner size) -> (…, size)."""
        inner = self.activation(self.inner(x))
        if self.gate is not None:
            inner = inner * self.gate(x)
        output: Tensor = self.outer(dropout(inner, self.dropout, self.training))
        return output


class LayerNorm(nn.LayerNorm):
    """Ba et al. 2016, equation 4: `g ∘ (x - μ) / σ + b` over the features of a token."""

    def forward(self, x: Features, mask: TokenMask | None = None) -> Features:
        """Normalise each token; `mask` is for batch norms only."""
        return super().forward(x)


class RmsNorm(nn.RMSNorm):
    """Zhang & Sennrich 2019, equation 4: `g ∘ x / √(mean of x²)` over the features of a token."""

    def __init__(self, size: int) -> None:
        super().__init__(size, eps=_EPSILON)

    def forward(self, x: Features, mask: TokenMask | None = None) -> Features:
        """Normalise each token; `mask` is for batch norms only."""
        return super().forward(x)


class BatchNorm(nn.Module):
    """Ioffe & Szegedy 2015, algorithm 1: `γ ∘ (x - μ) / √(σ² + ε) + β`, over a batch's tokens.

    Padding is left out of mean and variance. In training a token therefore depends on the batch's
    other tokens, even later ones. Evaluation uses the running statistics of training,
    `running ← 0.9 · running + 0.1 · batch`, with the unbiased variance.

    `all_reduce`: sums a tensor over the processes that share a batch, with gradients; None: one.
    """

    running_mean: Tensor
    running_variance: Tensor

    def __init__(self, size: int) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.ones(size))
        self.bias = nn.Parameter(torch.zeros(size))
        self.register_buffer("running_mean", torch.zeros(size))
        self.register_buffer("running_variance", torch.ones(size))
        self.all_reduce: Callable[[Tensor], Tensor] | None = None

    def forward(self, x: Features, mask: TokenMask | None = None) -> Features:
        """Normalise each feature over the tokens where `mask` is True (None: all)."""
        x = x.to(self.weight.dtype)  # sums of many numbers need single precision
        if self.training:
            mean, variance = self._update_statistics(x, mask)
        else:
            mean, variance = self.running_mean, self.running_variance
        return (x - mean) * (variance + _EPSILON).rsqrt() * self.weight + self.bias

    def _update_statistics(self, x: Tensor, mask: Tensor | None) -> tuple[Tensor, Tensor]:
        """Mean and biased variance of the batch; updates the running statistics."""
        features = x.flatten(0, -2)
        counted = features.new_ones(len(features), 1)
        if mask is not None:
            counted = mask.flatten().unsqueeze(1).to(x.dtype)
        sums = self._reduce(torch.cat([(features * counted).sum(0), counted.sum(0)]))
        count = sums[-1].detach()
        mean = sums[:-1] / count.clamp(min=1)
        squares = self._reduce(((features - mean).square() * counted).sum(0))
        with torch.no_grad():
            share = _MOMENTUM * (count > 0).to(x.dtype)  # 0 for a batch without tokens
            self.running_mean.lerp_(mean, share)
            self.running_variance.lerp_(squares / (count - 1).clamp(min=1), share)
        return mean, squares / count.clamp(min=1)

    def _reduce(self, sums: Tensor) -> Tensor:
        return sums if self.all_reduce is None else self.all_reduce(sums)


Norm = LayerNorm | RmsNorm | BatchNorm

NORMALISATIONS: dict[str, Callable[[int], Norm]] = {
    "layer": LayerNorm,
    "rms": RmsNorm,
    "batch": BatchNorm,
}


def build_norm(kind: str, size: int) -> Norm:
    """Build a norm for tokens of `size` features.

    Raises:
        UsageError: there is no such kind.
    """
    if kind not in NORMALISATIONS:
        raise UsageError(f"model.normalisation={kind} is none of: {', '.join(NORMALISATIONS)}")
    return NORMALISATIONS[kind](size)


def running_statistics(model: nn.Module) -> list[Tensor]:
    """The running statistics of all batch norms in `model`, which training changes in place."""
    return [
        statistic
        for module in model.modules()
        if isinstance(module, BatchNorm)
        for statistic in (module.running_mean, module.running_variance)
    ]


def sum_statistics_by(model: nn.Module, all_reduce: Callable[[Tensor], Tensor]) -> None:
    """Let the batch norms of `model` sum over processes by `all_reduce`; see `BatchNorm`."""
    for module in model.modules():
        if isinstance(module, BatchNorm):
            module.all_reduce = all_reduce


class Residual(nn.Module):
    """The residual connection of a sublayer f, with dropout and a norm.

    - pre: `x + f(norm(x))`, and a last norm at the end of the stack (Xiong et al. 2020).
    - post: `norm(x + f(x))` (Vaswani et al. 2017).
    - none: `x + f(x) / √sublayers`. Unscaled, a stack can multiply the variance by
      2^sublayers; scaled, by less than e at any depth (Hayou et al. 2021, "Stable ResNet").

    `sublayers`: their number in the stack.
    """

    def __init__(
        self, norm: str, normalisation: str, size: int, dropout: float, sublayers: int
    ) -> None:
        super().__init__()
        if norm not in NORMS:
            raise UsageError(f"model.norm={norm} is none of: {', '.join(NORMS)}")
        self.norm = None if norm == "none" else build_norm(normalisation, size)
        self.norm_first = norm == "pre"
        self.scale = 1.0 if norm != "none" else sublayers**-0.5
        self.dropout = dropout

    def enter(self, x: Features, mask: TokenMask | None = None) -> Features:
        """The input of the sublayer; for `mask` see `BatchNorm`."""
        if self.norm_first and self.norm is not None:
            x = self.norm(x, mask)
        return cast_for_matmul(x)

    def leave(self, x: Features, output: Features, mask: TokenMask | None = None) -> Features:
        """The sum of `x` and the sublayer's `output`."""
        output = dropout(output, self.dropout, self.training)
        if self.norm is None:
            return x + self.scale * output
        x = x + output
        return x if self.norm_first else self.norm(x, mask)


def last_norm(norm: str, normalisation: str, size: int) -> Norm | None:
    """The norm at the end of a stack; None but for pre-norm, which leaves its last sum as it is."""
    return build_norm(normalisation, size) if norm == "pre" else None
