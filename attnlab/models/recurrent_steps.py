"""The recurrent decoders token by token: torch's fused cells, and projections made once."""

from typing import TYPE_CHECKING

import torch
from jaxtyping import Float, Int
from torch import Tensor

from attnlab.models.interface import select_state
from attnlab.models.recurrence import Gru, Hidden, Recurrence
from attnlab.models.stepping import Logits, StepDecoder, Tokens

if TYPE_CHECKING:
    from attnlab.models.bahdanau import Bahdanau, BahdanauState
    from attnlab.models.rnn import Rnn, RnnState


class CellSteps:
    """The layers of a recurrence in one direction, one token at a time, without gradients."""

    def __init__(self, recurrence: Recurrence, hidden: Hidden) -> None:
        self._is_gru = isinstance(recurrence, Gru)
        self._weights = recurrence.all_weights  # collected anew at each look-up
        # The parts of the state of each layer, h first: (rows, hidden size).
        self._states = list(zip(*(each.unbind(1) for each in hidden), strict=True))

    @property
    def top(self) -> Float[Tensor, "rows hidden_size"]:
        """The state h of the top layer."""
        top: Tensor = self._states[-1][0]
        return top

    def step(self, x: Float[Tensor, "rows size"]) -> None:
        """Step to the next token, of input `x`."""
        for layer, (weights, state) in enumerate(zip(self._weights, self._states, strict=True)):
            if self._is_gru:
                self._states[layer] = (torch.gru_cell(x, state[0], *weights),)
            else:
                self._states[layer] = torch.lstm_cell(x, list(state), *weights)
            x = self._states[layer][0]

    def select(self, rows: Int[Tensor, " rows"]) -> None:
        """Go on with the hypotheses at `rows`."""
        self._states = [tuple(part[rows] for part in state) for state in self._states]


class RnnSteps(StepDecoder):
    """See `StepDecoder`. Numbers are those of `Rnn.decode`, up to rounding."""

    def __init__(self, model: "Rnn", state: "RnnState") -> None:
        self._model, self._context = model, state.context
        self._cell = CellSteps(model.cell, state.hidden)

    def decode(self, tokens: Tokens) -> Logits:
        """See `StepDecoder`."""
        embedded = self._model.embedding(tokens)
        self._cell.step(torch.cat([embedded, self._context], dim=-1))
        features = self._model.readout(self._cell.top, self._context, embedded)
        return self._model.output_step(features)

    def select(self, rows: Tensor | None, sentences: Tensor | None = None) -> None:
        """See `StepDecoder`."""
        if rows is not None:
            self._cell.select(rows)
            self._context = self._context[rows]


class BahdanauSteps(StepDecoder):
    """See `StepDecoder`. Numbers are those of `Bahdanau.decode`, up to rounding."""

    def __init__(self, model: "Bahdanau", state: "BahdanauState") -> None:
        self._model, self._attended = model, state.source
        self._cell = CellSteps(model.decoder.cell, state.hidden)

    def decode(self, tokens: Tokens) -> Logits:
        """See `StepDecoder`."""
        decoder, cell = self._model.decoder, self._cell
        embedded = decoder.embedding(tokens)
        if decoder.input_feeding:
            context = self._attend(cell.top)
            cell.step(torch.cat([embedded, context], dim=-1))
        else:
            cell.step(embedded)
            context = self._attend(cell.top)
        return self._model.output_step(decoder.readout(cell.top, context, embedded))

    def _attend(self, query: Float[Tensor, "rows query_size"]) -> Float[Tensor, "rows size"]:
        attention = self._model.decoder.cross_attention
        context, self._attended = attention(query.unsqueeze(1), self._attended)
        attended: Tensor = context.squeeze(1)
        return attended

    def select(self, rows: Tensor | None, sentences: Tensor | None = None) -> None:
        """See `StepDecoder`."""
        if rows is not None:
            self._cell.select(rows)
        self._attended = select_state(self._attended, rows, sentences)
