"""Recurrences are torch's: the same numbers and the same gradients, by whichever way."""

import gc

import pytest
import torch
from torch import nn
from torch.nn.utils.rnn import pack_padded_sequence, pad_packed_sequence

from attnlab.models.recurrence import CELLS, build_recurrence
from attnlab.support.errors import UsageError
from attnlab.training.execution import computing_in

BATCH, LENGTH, SIZE, HIDDEN, BESIDE = 4, 6, 5, 3, 2
CPU = torch.device("cpu")

every_cell = pytest.mark.parametrize("kind", list(CELLS))
several_layers = pytest.mark.parametrize("layers", [1, 2])


def built(kind, layers=1, bidirectional=False, size=SIZE, dropout=0.0):
    cell = build_recurrence(
        kind, size, HIDDEN, layers, dropout=dropout, bidirectional=bidirectional
    )
    return cell.double()


def reference(cell, x, hidden=None, mask=None):
    """torch's own module with the same weights: outputs and states, as the cell gives them."""
    kind = nn.LSTM if isinstance(cell, nn.LSTM) else nn.GRU
    plain = kind(
        cell.input_size,
        cell.hidden_size,
        cell.num_layers,
        batch_first=True,
        bidirectional=cell.bidirectional,
        dtype=x.dtype,
    )
    for name, parameter in cell.named_parameters():
        plain._parameters[name] = parameter
    plain._flat_weights = [plain._parameters[name] for name in plain._flat_weights_names]
    if hidden is not None:
        hidden = tuple(part.transpose(0, 1).contiguous() for part in hidden)
        hidden = hidden if kind is nn.LSTM else hidden[0]
    if mask is None:
        outputs, states = plain(x, hidden)
    else:
        packed = pack_padded_sequence(x, mask.sum(1), batch_first=True, enforce_sorted=False)
        outputs, states = plain(packed, hidden)
        outputs, _ = pad_packed_sequence(outputs, batch_first=True, total_length=x.size(1))
    states = states if isinstance(states, tuple) else (states,)
    directions = 2 if cell.bidirectional else 1
    joined = tuple(
        torch.stack(
            [
                torch.cat(list(part[layer * directions : (layer + 1) * directions]), dim=-1)
                for layer in range(cell.num_layers)
            ],
            dim=1,
        )
        for part in states
    )
    return outputs, joined


def gradients(outcome, leaves):
    """Of a weighted sum of all that came out."""
    generator = torch.Generator().manual_seed(3)
    total = sum(
        (each * torch.randn(each.shape, generator=generator, dtype=each.dtype)).sum()
        for each in outcome
    )
    return torch.autograd.grad(total, leaves)


def leaf(*shape):
    return torch.randn(*shape, dtype=torch.float64, requires_grad=True)


def states(kind, layers):
    return tuple(leaf(BATCH, layers, HIDDEN) for _ in range(2 if kind == "lstm" else 1))


@every_cell
@several_layers
@pytest.mark.parametrize("bidirectional", [False, True])
@pytest.mark.parametrize("padded", [False, True])
def test_whole_sequences_are_read_as_torch_reads_them(kind, layers, bidirectional, padded):
    cell, x = built(kind, layers, bidirectional), leaf(BATCH, LENGTH, SIZE)
    mask = torch.arange(LENGTH) < torch.tensor([[6], [1], [4], [5 if padded else 6]])
    mask = mask if padded else torch.ones_like(mask)
    leaves = [x, *cell.parameters()]

    def at_tokens(outputs):  # nobody looks at the rest
        return outputs.masked_fill(~mask.unsqueeze(-1), 0.0)

    outputs, last = cell.read(x, mask=mask)
    expected, expected_last = reference(cell, x, mask=mask)
    torch.testing.assert_close(at_tokens(outputs), at_tokens(expected))
    torch.testing.assert_close(last, expected_last)
    torch.testing.assert_close(
        gradients([at_tokens(outputs), *last], leaves),
        gradients([at_tokens(expected), *expected_last], leaves),
    )


@every_cell
@several_layers
def test_reading_on_from_a_state_with_features_beside_every_word(kind, layers):
    cell, x, beside = (
        built(kind, layers, size=SIZE + BESIDE),
        leaf(BATCH, LENGTH, SIZE),
        leaf(BATCH, BESIDE),
    )
    hidden = states(kind, layers)
    leaves = [x, beside, *hidden, *cell.parameters()]
    outputs, last = cell.read(x, hidden, beside=beside)
    together = torch.cat([x, beside.unsqueeze(1).expand(-1, LENGTH, -1)], dim=-1)
    expected, expected_last = reference(cell, together, hidden)
    torch.testing.assert_close(outputs, expected)
    torch.testing.assert_close(last, expected_last)
    torch.testing.assert_close(
        gradients([outputs, *last], leaves), gradients([expected, *expected_last], leaves)
    )


@every_cell
@several_layers
def test_what_is_fed_may_depend_on_the_state_before(kind, layers):
    cell, x, hidden = (
        built(kind, layers, size=SIZE + BESIDE),
        leaf(BATCH, LENGTH, SIZE),
        states(kind, layers),
    )
    look = leaf(HIDDEN, BESIDE)
    leaves = [x, look, *hidden, *cell.parameters()]

    fed, outputs = cell.feed_from(x, hidden), []
    for _ in range(LENGTH):
        fed.feed(torch.tanh(fed.top @ look))
        outputs.append(fed.top)

    expected, state = [], hidden
    for word in x.split(1, dim=1):
        context = torch.tanh(state[0][:, -1:] @ look)
        output, state = reference(cell, torch.cat([word, context], dim=-1), state)
        expected.append(output.squeeze(1))

    torch.testing.assert_close(outputs, expected)
    torch.testing.assert_close(fed.hidden(), state)
    torch.testing.assert_close(
        gradients([*outputs, *fed.hidden()], leaves), gradients([*expected, *state], leaves)
    )


def test_words_that_nobody_asks_for_add_no_gradient():
    cell, x, hidden = built("gru", size=SIZE + BESIDE), leaf(BATCH, LENGTH, SIZE), states("gru", 1)
    leaves = [x, *cell.parameters()]
    constant = torch.ones(BATCH, BESIDE, dtype=torch.float64)
    fed, outputs = cell.feed_from(x, hidden), []
    for _ in range(LENGTH):
        fed.feed(constant)
        outputs.append(fed.top)
    expected, _ = cell.read(x, hidden, beside=constant)
    torch.testing.assert_close(gradients([outputs[2]], leaves), gradients([expected[:, 2]], leaves))


def test_a_graph_can_be_walked_back_twice():
    cell, x, hidden = built("gru", size=SIZE + BESIDE), leaf(BATCH, LENGTH, SIZE), states("gru", 1)
    fed = cell.feed_from(x, hidden)
    for _ in range(LENGTH):
        fed.feed(x.new_ones(BATCH, BESIDE))
    first = torch.autograd.grad(fed.top.sum(), list(cell.parameters()), retain_graph=True)
    again = torch.autograd.grad(fed.top.sum(), list(cell.parameters()))
    torch.testing.assert_close(first, again)


@pytest.mark.parametrize("way", ["read", "feed"])
def test_a_graph_that_nobody_holds_is_gone(way):
    cell, x, hidden = built("gru", size=SIZE + BESIDE), leaf(BATCH, LENGTH, SIZE), states("gru", 1)
    beside = leaf(BATCH, BESIDE)
    gc.collect()
    gc.disable()  # cycles would stay
    try:
        before = sum(issubclass(type(each), torch.Tensor) for each in gc.get_objects())
        if way == "read":
            outputs, last = cell.read(x, hidden, beside=beside)
            outputs.sum().backward()
            del outputs, last
        else:
            fed = cell.feed_from(x, hidden)
            for _ in range(LENGTH):
                fed.feed(beside)
            fed.top.sum().backward()
            del fed
        left = sum(issubclass(type(each), torch.Tensor) for each in gc.get_objects()) - before
    finally:
        gc.enable()
    leaves = [x, beside, *hidden, *cell.parameters()]
    assert left <= sum(each.grad is not None for each in leaves)


@pytest.mark.parametrize("way", ["read", "feed"])
def test_in_bfloat16_it_is_nearly_the_same(way):
    cell, x = build_recurrence("gru", 64, 32, 2, dropout=0.0), torch.randn(8, 12, 48)
    hidden, beside = (torch.randn(8, 2, 32),), torch.randn(8, 16)

    def run():
        if way == "read":
            return cell.read(x, hidden, beside=beside)[0]
        fed, outputs = cell.feed_from(x, hidden), []
        for _ in range(12):
            fed.feed(beside)
            outputs.append(fed.top)
        return torch.stack(outputs, dim=1)

    exact = run()
    with computing_in("bfloat16", CPU):
        rounded = run()
    assert rounded.dtype == torch.float32  # the state itself is not rounded
    assert not torch.equal(rounded, exact)
    torch.testing.assert_close(rounded, exact, rtol=0, atol=0.02)
    # so the way back is, too
    parameters = list(cell.parameters())
    for one, other in zip(
        gradients([exact], parameters), gradients([rounded], parameters), strict=True
    ):
        assert (one - other).norm() < 0.03 * one.norm()


@pytest.mark.parametrize("way", ["read", "feed"])
def test_dropout_is_between_layers_alone_and_in_training_alone(way):
    cell = built("gru", layers=2, size=SIZE + BESIDE, dropout=0.5)
    x, hidden = leaf(BATCH, LENGTH, SIZE), states("gru", 2)
    beside = leaf(BATCH, BESIDE)

    def run():
        if way == "read":
            return cell.read(x, hidden, beside=beside)[1][0]
        fed = cell.feed_from(x, hidden)
        for _ in range(LENGTH):
            fed.feed(beside)
        return fed.hidden()[0]

    lower, upper = run().unbind(1)
    again_lower, again_upper = run().unbind(1)
    assert torch.equal(lower, again_lower)
    assert not torch.equal(upper, again_upper)
    cell.eval()
    assert torch.equal(run(), run())


def test_an_unknown_cell_is_refused():
    with pytest.raises(UsageError, match=r"model.cell=rnn is none of: gru, lstm"):
        build_recurrence("rnn", SIZE, HIDDEN, 1, dropout=0.0)
