"""What a model's user chooses of its attention, whatever the model: one value to hand around."""

from dataclasses import dataclass

from attnlab.attention.normalisers import NORMALISERS, NormaliserConfig
from attnlab.attention.pooling import AttentionPooling
from attnlab.attention.positions import (
    POSITIONS,
    PositionEmbedding,
    Positions,
    PositionsConfig,
    RelativePositions,
)
from attnlab.attention.scores import SCORES, ScoreConfig
from attnlab.support.errors import UsageError


@dataclass(frozen=True, kw_only=True)
class AttentionConfig:
    """How queries and keys are compared, how scores become weights, how positions are told."""

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
        """A new attention for queries and keys of these sizes."""
        score = SCORES.build(self.score, query_size, key_size)
        return AttentionPooling(score, dropout, NORMALISERS.build(self.normaliser), positions)

    def build_positions(self, *, directed: bool = False) -> Positions:
        """The chosen way to tell positions in one stack of layers, which takes its parts of it.

        `directed`: no query of the stack's sees a key behind itself, as in a decoder.
        """
        return POSITIONS.build(self.positions, directed=directed)

    def embedded_positions(self, model: str, size: int) -> PositionEmbedding | None:
        """For embeddings of `size` features in a model that has no self-attention.

        Raises:
            UsageError: positions are chosen that only a self-attention can be told.
        """
        told = self.build_positions()
        embedding = told.embedding(size)
        relative = told.relative(heads=1, query_size=size, key_size=size, value_size=size)
        if embedding is None and relative is not None:
            raise UsageError(
                f"positions={self.positions.name} are told within self-attention, of which "
                f"model={model} has none; choose positions=sinusoidal, which goes with the "
                "embeddings, or positions=none"
            )
        return embedding

    def require_no_positions(self, model: str) -> None:
        """Refuse positions for a model that knows order by itself, or tells it in its own way."""
        if self.positions.name != "none":
            raise UsageError(
                f"positions={self.positions.name} has no place in model={model}, which reads its "
                "words one after the other; leave positions= out, or choose model=transformer"
            )
