"""What the recurrent models share: their settings, the encoder, and the readout of the decoder."""

from dataclasses import dataclass
from typing import cast

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor, nn

from attnlab.attention.dropout import dropout
from attnlab.models.interface import ModelConfig
from attnlab.models.recurrence import CELLS, Hidden, build_recurrence
from attnlab.support.errors import UsageError
from attnlab.support.ranges import Layers, ShareBelowOne, Size


@dataclass(kw_only=True)
class RecurrentConfig(ModelConfig):
    """Sizes in features.

    `cell`: gru or lstm. `embedding_size`: of words. `hidden_size`: of the decoder. `encoder_size`:
    of the encoder, of its two directions together where it reads in both; null is as many as the
    decoder has. `layers`: of the encoder, and as many of the decoder. `bidirectional`: whether the
    encoder reads in both directions. `dropout`: the share of features that training sets to zero.
    `tie_embeddings`: none, target or all.
    """

    cell: str
    embedding_size: Size
    hidden_size: Size
    encoder_size: Size | None
    layers: Layers
    bidirectional: bool
    dropout: ShareBelowOne
    tie_embeddings: str

    @property
    def annotation_size(self) -> int:
        """Of what the encoder knows at each source token."""
        return self.hidden_size if self.encoder_size is None else self.encoder_size


class RecurrentEncoder(nn.Module):
    """Reads the source in one direction, or in both (Bahdanau et al. 2015, A.2.1).

    The two directions split the `annotation_size` between them, so that whatever follows sees one.
    """

    def __init__(self, config: RecurrentConfig, embedding: nn.Embedding) -> None:
        super().__init__()
        directions = 2 if config.bidirectional else 1
        if config.annotation_size % directions:
            setting = "hidden_size" if config.encoder_size is None else "encoder_size"
            raise UsageError(
                f"model.{setting}={config.annotation_size} cannot be split between two directions; "
                "make it even, or choose model.bidirectional=false"
            )
        self.embedding = embedding
        self.dropout = config.dropout
        self.cell = build_recurrence(
            config.cell,
            config.embedding_size,
            config.annotation_size // directions,
            config.layers,
            dropout=config.dropout,
            bidirectional=config.bidirectional,
        )

    def forward(
        self, source: Int[Tensor, "batch length"], mask: Bool[Tensor, "batch length"]
    ) -> tuple[Float[Tensor, "batch length annotation_size"], Hidden]:
        """An annotation of each source token, and each layer's last state."""
        embedded = dropout(self.embedding(source), self.dropout, self.training)
        return self.cell.read(embedded, mask=mask)


class Bridge(nn.Module):
    """From the encoder's last state to the decoder's first, where they differ in size.

    Bahdanau et al. 2015, A.2.2: `s_0 = tanh(W h)`, for each layer a W of its own, and for an LSTM's
    memory cells another. Where sizes are the same, the state itself is handed on (Sutskever et al.
    2014).
    """

    def __init__(self, config: RecurrentConfig) -> None:
        super().__init__()
        differ = config.annotation_size != config.hidden_size
        self.parts = nn.ModuleList(
            nn.ModuleList(
                nn.Linear(config.annotation_size, config.hidden_size) for _ in range(config.layers)
            )
            for _ in range(CELLS[config.cell].state_parts if differ else 0)
        )

    def forward(self, hidden: Hidden) -> Hidden:
        """Of each layer (batch, layers, annotation size) -> (batch, layers, hidden size)."""
        if not self.parts:
            return hidden
        bridged = []
        for weights, part in zip(self.parts, hidden, strict=True):
            layers = zip(cast(nn.ModuleList, weights), part.unbind(1), strict=True)
            bridged.append(torch.stack([torch.tanh(weight(h)) for weight, h in layers], dim=1))
        return tuple(bridged)


class Readout(nn.Module):
    """Bahdanau et al. 2015, A.2.2's deep output: the next word depends on state, context and word.

    `tanh(W [s_i; c_i; y_{i-1}])`, of the embedding's size, so that the output can be tied to it.
    """

    def __init__(self, config: RecurrentConfig) -> None:
        super().__init__()
        self.dropout = config.dropout
        self.weight = nn.Linear(
            config.hidden_size + config.annotation_size + config.embedding_size,
            config.embedding_size,
        )

    def forward(
        self,
        outputs: Float[Tensor, "batch length hidden_size"],
        context: Float[Tensor, "batch length annotation_size"],
        embedded: Float[Tensor, "batch length embedding_size"],
    ) -> Float[Tensor, "batch length embedding_size"]:
        """Features for the output projection."""
        features = torch.tanh(self.weight(torch.cat([outputs, context, embedded], dim=-1)))
        return dropout(features, self.dropout, self.training)
