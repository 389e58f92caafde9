"""Multi-head attention: project, split, pool, join.

Each head sees its own projection of queries, keys and values, and may so attend to something
else than its neighbours. Any scoring function can do the comparing.
"""

from jaxtyping import Float
from torch import Tensor, nn

from attnlab.attention.choices import AttentionConfig
from attnlab.attention.normalisers import Mask
from attnlab.attention.pooling import Memory
from attnlab.errors import UsageError


class MultiHeadAttention(nn.Module):
    """Vaswani et al. 2017, section 3.2.2: `Concat(head_1, …, head_h) W^O`.

    `head_i = Attention(Q W_i^Q, K W_i^K, V W_i^V)`, with the W_i of all heads side by side in one
    matrix. Heads share the scoring function's own parameters, where it has any: what sets them
    apart is what their projections hand to it.

    Sizes: queries and the result have `size` features, keys and values `memory_size` (as many,
    unless told otherwise); each head works on `size / heads`. `within`: whether queries and keys
    are tokens of one sentence, whose positions are then told.
    """

    def __init__(
        self,
        attention: AttentionConfig,
        size: int,
        heads: int,
        dropout: float = 0.0,
        memory_size: int | None = None,
        *,
        within: bool = False,
    ) -> None:
        super().__init__()
        if size % heads:
            raise UsageError(
                f"{size} features cannot be split evenly among {heads} heads; "
                f"choose model.heads= to divide model.size="
            )
        memory_size = memory_size or size
        head_size = size // heads
        self.heads = heads
        self.query_weight = nn.Linear(size, size)
        self.value_weight = nn.Linear(memory_size, size)
        self.output_weight = nn.Linear(size, size)
        positions = None
        if within:
            positions = attention.told_positions().relative(heads, head_size, head_size)
        self.pooling = attention.pooling(head_size, head_size, dropout, positions)
        # A score that reads no keys would leave their projection unlearnt.
        self.key_weight = nn.Linear(memory_size, size) if self.pooling.score.reads_keys else None
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
        """Project and split the keys and values, ready for any number of queries.

        Where positions are told, the first key stands at position `start`.
        """
        values = self._split(self.value_weight(value))
        keys = values if self.key_weight is None else self._split(self.key_weight(key))
        return self.pooling.prepare(keys, values, start)

    def forward(
        self, query: Float[Tensor, "batch queries size"], memory: Memory, mask: Mask | None = None
    ) -> Float[Tensor, "batch queries size"]:
        """Attend with every head; `mask` broadcasts against (batch, heads, queries, keys)."""
        pooled = self.pooling(self._split(self.query_weight(query)), memory, mask)
        # (batch, heads, queries, head size) -> (batch, queries, heads · head size)
        joined: Tensor = self.output_weight(pooled.transpose(1, 2).flatten(2))
        return joined

    def _split(self, x: Float[Tensor, "batch length size"]) -> Tensor:
        # (batch, length, heads · head size) -> (batch, heads, length, head size)
        return x.view(*x.shape[:2], self.heads, -1).transpose(1, 2)
