"""What the recurrent models share: their settings, the encoder, and the readout of the decoder."""

from dataclasses import dataclass

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor, nn

from attnlab.attention.dropout import dropout
from attnlab.errors import UsageError
from attnlab.models.interface import ModelConfig
from attnlab.models.recurrence import Hidden, build_recurrence


@dataclass(kw_only=True)
class RecurrentConfig(ModelConfig):
    """Sizes in features; dropout is the share of features that training sets to zero.

    `cell`: gru or lstm. `hidden_size`: of the decoder, and of the encoder's two directions
    together where it is `bidirectional`. `tie_embeddings`: none, target or all.
    """

    cell: str
    embedding_size: int
    hidden_size: int
    layers: int
    bidirectional: bool
    dropout: float
    tie_embeddings: str


class RecurrentEncoder(nn.Module):
    """Reads the source in one direction, or in both (Bahdanau et al. 2015, A.2.1).

    The two directions split `hidden_size` between them, so that whatever follows sees one size.
    """

    def __init__(self, config: RecurrentConfig, embedding: nn.Embedding) -> None:
        super().__init__()
        directions = 2 if config.bidirectional else 1
        if config.hidden_size % directions:
            raise UsageError(
                f"model.hidden_size={config.hidden_size} cannot be split between two directions; "
                "make it even, or choose model.bidirectional=false"
            )
        self.embedding = embedding
        self.dropout = config.dropout
        self.cell = build_recurrence(
            config.cell,
            config.embedding_size,
            config.hidden_size // directions,
            config.layers,
            dropout=config.dropout,
            bidirectional=config.bidirectional,
        )

    def forward(
        self, source: Int[Tensor, "batch length"], mask: Bool[Tensor, "batch length"]
    ) -> tuple[Float[Tensor, "batch length hidden_size"], Hidden]:
        """An annotation of each source token, and each layer's last state."""
        embedded = dropout(self.embedding(source), self.dropout, self.training)
        return self.cell.read(embedded, mask=mask)


class Readout(nn.Module):
    """Bahdanau et al. 2015, A.2.2's deep output: the next word depends on state, context and word.

    `tanh(W [s_i; c_i; y_{i-1}])`, of the embedding's size, so that the output can be tied to it.
    """

    def __init__(self, config: RecurrentConfig) -> None:
        super().__init__()
        self.dropout = config.dropout
        self.weight = nn.Linear(
            2 * config.hidden_size + config.embedding_size, config.embedding_size
        )

    def forward(
        self,
        outputs: Float[Tensor, "batch length hidden_size"],
        context: Float[Tensor, "batch length hidden_size"],
        embedded: Float[Tensor, "batch length embedding_size"],
    ) -> Float[Tensor, "batch length embedding_size"]:
        """Features for the output projection."""
        features = torch.tanh(self.weight(torch.cat([outputs, context, embedded], dim=-1)))
        return dropout(features, self.dropout, self.training)
