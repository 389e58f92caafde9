"""What the recurrent models share: a recurrence with its state batch first, and the encoder."""

from dataclasses import dataclass

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor, nn
from torch.nn.utils.rnn import pack_padded_sequence, pad_packed_sequence

from attnlab.attention.dropout import dropout
from attnlab.errors import UsageError
from attnlab.models.interface import ModelConfig

CELLS: dict[str, type[nn.GRU] | type[nn.LSTM]] = {"gru": nn.GRU, "lstm": nn.LSTM}

Hidden = tuple[Tensor, ...]
"""A recurrence's state: (h,) of a GRU or (h, c) of an LSTM, each (batch, layers, hidden size)."""


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


def recurrent_cell(
    config: RecurrentConfig, input_size: int, hidden_size: int, bidirectional: bool = False
) -> nn.GRU | nn.LSTM:
    """A recurrence of torch, of the configured kind, batch first."""
    if config.cell not in CELLS:
        raise UsageError(f"model.cell={config.cell} is none of: {', '.join(CELLS)}")
    return CELLS[config.cell](
        input_size,
        hidden_size,
        config.layers,
        batch_first=True,
        bidirectional=bidirectional,
        dropout=config.dropout if config.layers > 1 else 0.0,
    )


def run_recurrence(
    cell: nn.GRU | nn.LSTM, x: Float[Tensor, "batch length size"], hidden: Hidden
) -> tuple[Float[Tensor, "batch length hidden_size"], Hidden]:
    """Run `cell` over `x` from `hidden`: the top layer's outputs, and the state behind them."""
    # torch wants (layers, batch, hidden); a GRU's one tensor bare, an LSTM's two as a tuple.
    states = tuple(part.transpose(0, 1).contiguous() for part in hidden)
    outputs, states = cell(x, states if isinstance(cell, nn.LSTM) else states[0])
    if not isinstance(cell, nn.LSTM):
        states = (states,)
    return outputs, tuple(part.transpose(0, 1) for part in states)


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
        self.cell = recurrent_cell(
            config, config.embedding_size, config.hidden_size // directions, config.bidirectional
        )

    def forward(
        self, source: Int[Tensor, "batch length"], mask: Bool[Tensor, "batch length"]
    ) -> tuple[Float[Tensor, "batch length hidden_size"], Hidden]:
        """An annotation of each source token, and each layer's last state."""
        embedded = dropout(self.embedding(source), self.dropout, self.training)
        # Packed, so that the backward direction starts at the last word and not in the padding.
        packed = pack_padded_sequence(
            embedded, mask.sum(1).cpu(), batch_first=True, enforce_sorted=False
        )
        outputs, states = self.cell(packed)
        outputs, _ = pad_packed_sequence(outputs, batch_first=True, total_length=source.size(1))
        if not isinstance(states, tuple):
            states = (states,)
        return outputs, tuple(self._join_directions(part) for part in states)

    def _join_directions(self, state: Tensor) -> Tensor:
        # (layers · directions, batch, h) -> (batch, layers, directions · h)
        by_layer = state.view(self.cell.num_layers, -1, state.size(1), state.size(2))
        return by_layer.permute(2, 0, 1, 3).flatten(2)


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
