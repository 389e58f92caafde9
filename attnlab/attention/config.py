"""The configuration of a model's attention: score, normaliser and positions."""

from dataclasses import dataclass

from attnlab.attention.normalisers import NORMALISERS, NormaliserConfig
from attnlab.attention.pooling import AttentionPooling
from attnlab.attention.positions import (
    POSITIONS,
    HeadSizes,
    PositionEmbedding,
    Positions,
    PositionsConfig,
    RelativePositions,
)
from attnlab.attention.scores import SCORES, ScoreConfig
from attnlab.support.errors import UsageError


@dataclass(frozen=True, kw_only=True)
class AttentionConfig:
    """The choices that are common to all models: `score`, `normaliser` and `positions`."""

    score: ScoreConfig
    normaliser: NormaliserConfig
    positions: PositionsConfig

    def pooling(
        self,
        query_size: int,
        key_size: int,
        dropout: float = 0.0,
        positions: RelativePositions | None = None,
    ) -> AttentionPooling:
        """Build an attention for queries and keys of these sizes."""
        score = SCORES.build(self.score, query_size, key_size)
        return AttentionPooling(score, dropout, NORMALISERS.build(self.normaliser), positions)

    def build_positions(self, *, causal: bool = False) -> Positions:
        """Build the positions of one stack of layers; `causal` as in `Positions`."""
        return POSITIONS.build(self.positions, causal=causal)

    def position_embedding(self, model: str, size: int) -> PositionEmbedding | None:
        """Build the position embedding of a model without self-attention, for `size` features.

        Raises:
            UsageError: the chosen positions act within self-attention only.
        """
        positions = self.build_positions()
        embedding = positions.embedding(size)
        sizes = HeadSizes(heads=1, query_size=size, key_size=size, value_size=size)
        relative = positions.relative(sizes)
        if embedding is None and relative is not None:
            raise UsageError(
                f"positions={self.positions.name} act within self-attention, of which "
                f"model={model} has none; choose positions=sinusoidal, which are added to "
                "embeddings, or positions=none"
            )
        return embedding

    def require_no_positions(self, model: str) -> None:
        """Refuse positions for a recurrent model, which reads its words in order.

        Raises:
            UsageError: positions other than `none` are chosen.
        """
        if self.positions.name != "none":
            raise UsageError(
                f"positions={self.positions.name} has no place in model={model}, which reads its "
                "words one after the other; leave positions= out, or choose model=transformer"
            )
