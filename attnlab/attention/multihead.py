"""Multi-head attention with any scoring function: project, split, pool, join."""

from jaxtyping import Float
from torch import Tensor, nn

from attnlab.attention.config import AttentionConfig
from attnlab.attention.normalisers import Mask
from attnlab.attention.pooling import Memory
from attnlab.attention.positions import HeadSizes, Positions
from attnlab.support.errors import UsageError


class MultiHeadAttention(nn.Module):
    """Vaswani et al. 2017, section 3.2.2: `Concat(head_1, …, head_h) W^O`.

    `head_i = Attention(Q W_i^Q, K W_i^K, V W_i^V)`, with the W_i of all heads side by side in one
    matrix. Heads share the parameters of the scoring function, if it has any.

    Queries and the output have `size` features, keys and values `memory_size` (default: `size`).
    In each head queries have `query_size`, keys `key_size` and values `value_size` features; None
    is `size / heads`. With fewer `key_value_heads`, groups of neighbouring heads share keys and
    values (grouped-query attention, Ainslie et al. 2023, section 2.2; 1 is multi-query attention,
    Shazeer 2019, section 3); None is one for each head. `positions`: for self-attention.
    """

    def __init__(
        self,
        attention: AttentionConfig,
        size: int,
        heads: int,
        dropout: float = 0.0,
        memory_size: int | None = None,
        *,
        key_value_heads: int | None = None,
        query_size: int | None = None,
        key_size: int | None = None,
        value_size: int | None = None,
        positions: Positions | None = None,
    ) -> None:
        super().__init__()
        if size % heads and None in (query_size, key_size, value_size):
            raise UsageError(
                f"{size} features cannot be split evenly among {heads} heads; choose model.heads= "
                "to divide model.size=, or give all of model.query_size=, model.key_size= and "
                "model.value_size="
            )
        self.heads = heads
        self.key_value_heads = key_value_heads or heads
        if heads % self.key_value_heads:
            raise UsageError(
                f"model.key_value_heads={key_value_heads} cannot be shared evenly by model.heads="
                f"{heads}; choose a divisor of it, or null"
            )
        memory_size = memory_size or size
        query_size = query_size or size // heads
        key_size = key_size or size // heads
        value_size = value_size or size // heads
        self.query_weight = nn.Linear(size, heads * query_size)
        self.value_weight = nn.Linear(memory_size, self.key_value_heads * value_size)
        self.output_weight = nn.Linear(heads * value_size, size)
        relative = None
        if positions is not None:
            relative = positions.relative(
                HeadSizes(
                    heads=heads, query_size=query_size, key_size=key_size, value_size=value_size
                )
            )
        self.pooling = attention.pooling(query_size, key_size, dropout, relative)
        # With a score that reads no keys their projection would get no gradient.
        reads_keys = self.pooling.score.reads_keys
        keys_size = self.key_value_heads * key_size
        self.key_weight = nn.Linear(memory_size, keys_size) if reads_keys else None
        for weight in (self.query_weight, self.key_weight, self.value_weight, self.output_weight):
            if weight is not None:
                nn.init.xavier_uniform_(weight.weight)
                nn.init.zeros_(weight.bias)

    def prepare(
        self,
        key: Float[Tensor, "batch keys memory_size"],
        value: Float[Tensor, "batch keys memory_size"],
        start: int = 0,
    ) -> Memory:
        """Project and split keys and values once; the first key is at position `start`."""
        heads = self.key_value_heads
        values = split_heads(self.value_weight(value), heads)
        keys = values if self.key_weight is None else split_heads(self.key_weight(key), heads)
        return self.pooling.prepare(keys, values, start)

    def forward(
        self, query: Float[Tensor, "batch queries size"], memory: Memory, mask: Mask | None = None
    ) -> Float[Tensor, "batch queries size"]:
        """Attend with all heads; `mask` broadcasts against (batch, heads, queries, keys)."""
        pooled = self.pooling(split_heads(self.query_weight(query), self.heads), memory, mask)
        # (batch, heads, queries, value size) -> (batch, queries, heads · value size)
        output: Tensor = self.output_weight(pooled.transpose(1, 2).flatten(2))
        return output


def split_heads(x: Float[Tensor, "batch length size"], heads: int) -> Tensor:
    """(batch, length, heads · head size) -> (batch, heads, length, head size)."""
    return x.view(*x.shape[:2], heads, -1).transpose(1, 2)
