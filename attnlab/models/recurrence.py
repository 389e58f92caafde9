"""GRU and LSTM over whole sequences, or step by step with inputs fed from outside; batch first.

Parameters are those of torch's modules. On a CPU a GRU runs in `gru.py`.
"""

from abc import ABC, abstractmethod
from typing import Any

import torch
import torch.nn.functional as F
from jaxtyping import Bool, Float
from torch import Tensor, nn
from torch.nn.utils.rnn import pack_padded_sequence, pad_packed_sequence

from attnlab.attention.functional import dropout
from attnlab.models.exported import read_in_onnx
from attnlab.models.gru import GruLoop, gru_sequence
from attnlab.models.interface import uncompiled
from attnlab.support.errors import UsageError

Hidden = tuple[Tensor, ...]
"""The state (h,) of a GRU or (h, c) of an LSTM, each (batch, layers, hidden size).

The states of two directions are concatenated along the last axis.
"""


class FedRecurrence(ABC):
    """A recurrence over a sentence, each of whose inputs is completed by `feed`."""

    top: Float[Tensor, "batch hidden_size"]
    """The state h of the top layer."""

    @abstractmethod
    def feed(self, fed: Float[Tensor, "batch fed_size"]) -> None:
        """Step to the next token, with the features `fed` behind its own."""

    @abstractmethod
    def hidden(self) -> Hidden:
        """The state of all layers."""


class Gru(nn.GRU):
    """torch's GRU, batch first."""

    state_parts = 1

    @uncompiled  # torch.compile would unroll the steps
    def read(
        self,
        x: Float[Tensor, "batch length size"],
        hidden: Hidden | None = None,
        mask: Bool[Tensor, "batch length"] | None = None,
        beside: Float[Tensor, "batch beside_size"] | None = None,
    ) -> tuple[Float[Tensor, "batch length hidden_size"], Hidden]:
        """Outputs of the top layer and the last state, over all of `x` from `hidden` (zeros) on.

        `mask` is False at padding, which leaves the state unchanged. `beside`: features that are
        concatenated to those of every token.
        """
        if x.device.type != "cpu" or torch.compiler.is_exporting():
            return _read_by_torch(self, x, hidden, mask, beside)
        x, last = x.transpose(0, 1), []  # length first, so that a step's rows are contiguous
        for layer in range(self.num_layers):
            if layer:
                x = dropout(x, self.dropout, self.training)
            first = None if hidden is None else hidden[0][:, layer].unsqueeze(0)
            x, state = self._read_layer(layer, x, first, mask, None if layer else beside)
            last.append(state)
        return x.transpose(0, 1), (torch.stack(last, dim=1),)

    def _read_layer(
        self,
        layer: int,
        x: Float[Tensor, "length batch size"],
        first: Float[Tensor, "directions batch hidden_size"] | None,
        mask: Bool[Tensor, "batch length"] | None,
        beside: Float[Tensor, "batch beside_size"] | None,
    ) -> tuple[Float[Tensor, "length batch features"], Float[Tensor, "batch features"]]:
        parts = [self._weights(layer, direction) for direction in range(self._directions)]
        input_weights, weights, biases, candidate_biases = zip(*parts, strict=True)
        weight, bias = torch.cat(input_weights), torch.cat(biases)
        inner = F.linear(x, weight[:, : x.size(-1)], bias).to(weight.dtype)
        if beside is not None:
            inner = inner + F.linear(beside, weight[:, x.size(-1) :])
        if mask is not None and not mask.all():
            # An infinite update gate z leaves the state unchanged. In place: a copy of all gates
            # would take as long as a third of their product.
            gates = inner.view(*inner.shape[:2], self._directions, 3, self.hidden_size)
            gates[:, :, :, 1].masked_fill_(~mask.t()[..., None, None], torch.inf)
        by_direction = inner.chunk(self._directions, dim=-1)
        if self._directions == 2:
            by_direction = (by_direction[0], by_direction[1].flip(0))
        if first is None:
            first = inner.new_zeros(self._directions, x.size(1), self.hidden_size)
        states = gru_sequence(
            torch.stack(by_direction, dim=1),
            first.to(weight.dtype),
            torch.stack(weights),
            torch.stack(candidate_biases),
        )
        last = states[-1].transpose(0, 1).flatten(1)
        if self._directions == 1:
            return states.squeeze(1), last
        return torch.cat([states[:, 0], states[:, 1].flip(0)], dim=-1), last

    def feed_from(self, x: Float[Tensor, "batch length size"], hidden: Hidden) -> FedRecurrence:
        """A `FedRecurrence` over the tokens of `x`, from `hidden` on."""
        if torch.compiler.is_exporting():
            return _FedByReading(self, x, hidden)
        return _FedGru(self, x, hidden[0])

    @property
    def _directions(self) -> int:
        return 2 if self.bidirectional else 1

    def _weights(self, layer: int, direction: int = 0) -> tuple[Tensor, Tensor, Tensor, Tensor]:
        """W, U, the sum of biases that are added to W x, and b_n."""
        input_weight, weight, input_bias, bias = self.all_weights[
            layer * self._directions + direction
        ]
        candidate_bias = bias[2 * self.hidden_size :]
        others = F.pad(bias[: 2 * self.hidden_size], (0, self.hidden_size))
        return input_weight, weight, input_bias + others, candidate_bias


class _FedGru(FedRecurrence):
    def __init__(self, cell: Gru, x: Tensor, hidden: Tensor) -> None:
        self._dropout = cell.dropout if cell.training else 0.0
        self._states = list(hidden.to(x.dtype).unbind(1))
        self._loops, self._biases = [], []
        for layer in range(cell.num_layers):
            input_weight, weight, bias, candidate_bias = cell._weights(layer)
            if layer == 0:  # the tokens' own part of W x, for all of them at once
                inner = F.linear(x, input_weight[:, : x.size(-1)], bias)
                self._inner = iter(inner.unbind(1))
                input_weight = input_weight[:, x.size(-1) :]
            self._loops.append(GruLoop(input_weight, weight, candidate_bias))
            self._biases.append(bias.expand(x.size(0), -1))
        self.top = self._states[-1]

    def feed(self, fed: Tensor) -> None:
        for layer, (loop, bias) in enumerate(zip(self._loops, self._biases, strict=True)):
            inner = bias if layer else next(self._inner)
            self._states[layer] = loop.step(inner, fed, self._states[layer])
            fed = dropout(self._states[layer], self._dropout, training=True)
        self.top = self._states[-1]

    def hidden(self) -> Hidden:
        return (torch.stack(self._states, dim=1),)


class Lstm(nn.LSTM):
    """torch's LSTM (Hochreiter & Schmidhuber 1997), batch first."""

    state_parts = 2

    def read(
        self,
        x: Float[Tensor, "batch length size"],
        hidden: Hidden | None = None,
        mask: Bool[Tensor, "batch length"] | None = None,
        beside: Float[Tensor, "batch beside_size"] | None = None,
    ) -> tuple[Float[Tensor, "batch length hidden_size"], Hidden]:
        """See `Gru.read`."""
        return _read_by_torch(self, x, hidden, mask, beside)

    def feed_from(self, x: Float[Tensor, "batch length size"], hidden: Hidden) -> FedRecurrence:
        """See `Gru.feed_from`."""
        return _FedByReading(self, x, hidden)


class _FedByReading(FedRecurrence):
    def __init__(self, cell: "Recurrence", x: Tensor, hidden: Hidden) -> None:
        self._cell, self._tokens, self._hidden = cell, iter(x.unbind(1)), hidden
        self.top = hidden[0][:, -1]

    def feed(self, fed: Tensor) -> None:
        x = torch.cat([next(self._tokens), fed], dim=-1).unsqueeze(1)
        outputs, self._hidden = self._cell.read(x, self._hidden)
        self.top = outputs[:, -1]

    def hidden(self) -> Hidden:
        return self._hidden


Recurrence = Gru | Lstm

CELLS: dict[str, type[Recurrence]] = {"gru": Gru, "lstm": Lstm}


def build_recurrence(
    kind: str,
    input_size: int,
    hidden_size: int,
    layers: int,
    *,
    dropout: float,
    bidirectional: bool = False,
) -> Recurrence:
    """Build a recurrence of that kind, gru or lstm, with `dropout` between its layers.

    Raises:
        UsageError: there is no such kind.
    """
    if kind not in CELLS:
        raise UsageError(f"model.cell={kind} is none of: {', '.join(CELLS)}")
    return CELLS[kind](
        input_size,
        hidden_size,
        layers,
        batch_first=True,
        bidirectional=bidirectional,
        dropout=dropout if layers > 1 else 0.0,
    )


def _read_by_torch(
    cell: Recurrence,
    x: Tensor,
    hidden: Hidden | None,
    mask: Tensor | None,
    beside: Tensor | None,
) -> tuple[Tensor, Hidden]:
    if beside is not None:
        x = torch.cat([x, beside.unsqueeze(1).expand(-1, x.size(1), -1)], dim=-1)
    if torch.compiler.is_exporting():
        return read_in_onnx(cell, x, hidden, None if mask is None else mask.sum(1))
    # torch takes (layers, batch, hidden): a tensor for a GRU, a tuple of two for an LSTM.
    given: Any = None
    if hidden is not None:
        parts = tuple(part.transpose(0, 1).contiguous() for part in hidden)
        given = parts if isinstance(cell, Lstm) else parts[0]
    if mask is None:
        outputs, states = cell(x, given)
    else:
        # Packed, so that the backward direction starts at the last token and not in the padding.
        packed = pack_padded_sequence(x, mask.sum(1).cpu(), batch_first=True, enforce_sorted=False)
        outputs, states = cell(packed, given)
        outputs, _ = pad_packed_sequence(outputs, batch_first=True, total_length=x.size(1))
    if not isinstance(states, tuple):
        states = (states,)
    return outputs, tuple(_concatenate_directions(cell, part) for part in states)


def _concatenate_directions(cell: Recurrence, state: Tensor) -> Tensor:
    # (layers · directions, batch, h) -> (batch, layers, directions · h)
    by_layer = state.view(cell.num_layers, -1, *state.shape[1:])
    return by_layer.permute(2, 0, 1, 3).flatten(2)
