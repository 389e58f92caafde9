"""Recurrences in a model that torch.export traces: ONNX's own operators, or one step as products.

A traced loop would be unrolled at the length of its example; ONNX's GRU and LSTM take any length.
"""

from typing import Any

import torch
from jaxtyping import Float, Int
from torch import Tensor, nn

# ONNX's order of the gates as places in torch's: GRU (r, z, n) -> (z, r, n), LSTM (i, f, g, o) ->
# (i, o, f, g).
_GATES = {"GRU": (1, 0, 2), "LSTM": (0, 3, 1, 2)}


def read_in_onnx(
    cell: nn.GRU | nn.LSTM,
    x: Float[Tensor, "batch length size"],
    hidden: tuple[Tensor, ...] | None,
    lengths: Int[Tensor, " batch"] | None,
) -> tuple[Float[Tensor, "batch length features"], tuple[Tensor, ...]]:
    """What `Gru.read` returns, by one ONNX operator a layer; `lengths` of sentences (None: all).

    A single token from a state, as in a decoder's step, is computed by matrix products. Outputs at
    padding are 0. Dropout is left out.
    """
    kind = cell.mode
    if isinstance(x.size(1), int) and x.size(1) == 1 and hidden is not None:
        return _step(cell, x, hidden)
    directions = 2 if cell.bidirectional else 1
    attributes: dict[str, Any] = {
        "hidden_size": cell.hidden_size,
        "direction": "bidirectional" if cell.bidirectional else "forward",
    }
    if kind == "GRU":
        attributes["linear_before_reset"] = 1  # torch's: n = tanh(W x + r ∘ (U h + b))
    batch, length = x.shape[:2]
    of_state = (directions, batch, cell.hidden_size)
    sizes = None if lengths is None else lengths.int()
    outputs = x.transpose(0, 1)
    last: list[list[Tensor]] = [[] for _ in range(1 if kind == "GRU" else 2)]
    for layer in range(cell.num_layers):
        first: list[Tensor | None] = [None] * len(last)
        if hidden is not None:
            first = [part[:, layer].reshape(of_state) for part in hidden]
        weights = _weights(cell, layer, directions)
        found = torch.onnx.ops.symbolic_multi_out(
            kind,
            (outputs, *weights, sizes, *first),
            attributes,
            dtypes=[x.dtype] * (1 + len(last)),
            shapes=[(length, *of_state), *([of_state] * len(last))],
            version=14,
        )
        # (length, directions, batch, hidden) -> (length, batch, directions · hidden)
        outputs = found[0].transpose(1, 2).flatten(2)
        for parts, part in zip(last, found[1:], strict=True):
            parts.append(part.transpose(0, 1).flatten(1))
    return outputs.transpose(0, 1), tuple(torch.stack(parts, dim=1) for parts in last)


def _step(
    cell: nn.GRU | nn.LSTM, x: Tensor, hidden: tuple[Tensor, ...]
) -> tuple[Tensor, tuple[Tensor, ...]]:
    """One token, (batch, 1, size), by matrix products, which engines run faster and quantise."""
    features = x.squeeze(1)
    states: list[tuple[Tensor, ...]] = []
    for layer, weights in enumerate(cell.all_weights):
        before = [part[:, layer] for part in hidden]
        if cell.mode == "GRU":
            states.append((torch.gru_cell(features, before[0], *weights),))
        else:
            states.append(torch.lstm_cell(features, before, *weights))
        features = states[-1][0]
    return features.unsqueeze(1), tuple(
        torch.stack(part, dim=1) for part in zip(*states, strict=True)
    )


def _weights(cell: nn.GRU | nn.LSTM, layer: int, directions: int) -> tuple[Tensor, Tensor, Tensor]:
    """W, U and both biases side by side, each with a first axis of directions."""
    found = []
    for direction in range(directions):
        parts = cell.all_weights[layer * directions + direction]
        ordered = []
        for part in parts:
            size = cell.hidden_size
            gates = [part[place * size : (place + 1) * size] for place in _GATES[cell.mode]]
            ordered.append(torch.cat(gates))
        found.append((ordered[0], ordered[1], torch.cat(ordered[2:])))
    input_weight, weight, bias = (torch.stack(each) for each in zip(*found, strict=True))
    return input_weight, weight, bias
