"""Fast or plain, it is the same model: 200 steps of training give the same curve of losses."""

import pytest
import torch
import torch.nn.functional as F

from attnlab.attention.recording import record_attention
from attnlab.data.batching import EncodedPair, collate
from attnlab.training.execution import computing_in
from attnlab.training.objective import total_cross_entropy
from tests.conftest import small_model

STEPS, SMOOTHING, CPU = 200, 0.1, torch.device("cpu")

models = pytest.mark.parametrize(
    ("name", "changes"),
    [
        ("rnn", {}),
        ("bahdanau", {}),
        ("bahdanau", {"input_feeding": False}),
        ("transformer", {"norm": "pre"}),
        ("transformer", {"norm": "post"}),
    ],
)


def sentences_to_reverse():
    """Batches of a task that a small model learns within 200 steps, more or less."""
    generator = torch.Generator().manual_seed(7)
    batches = []
    for _ in range(STEPS):
        lengths = torch.randint(2, 6, (16,), generator=generator).tolist()
        tokens = [torch.randint(4, 19, (n,), generator=generator).tolist() for n in lengths]
        batches.append(collate([EncodedPair(each, each[::-1]) for each in tokens]))
    return batches


def plain_loss(model, batch):
    """All logits at once, torch's own loss, and every attention step by step, being watched."""
    with record_attention(model):
        state = model.encode(batch.source, batch.source_mask)
        logits, _ = model.decode(batch.target_input, state)
    return F.cross_entropy(
        logits[batch.target_mask],
        batch.target_output[batch.target_mask],
        reduction="sum",
        label_smoothing=SMOOTHING,
    )


def curve(name, changes, dtype, loss_of):
    """Losses a token, of the same first weights on the same batches."""
    torch.manual_seed(1)
    model = small_model(name, "scaled_dot", dropout=0.0, **changes).to(dtype).train()
    optimiser = torch.optim.Adam(model.parameters(), lr=0.003)
    losses = []
    for batch in sentences_to_reverse():
        loss = loss_of(model, batch) / batch.target_tokens
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
        losses.append(loss.item())
    return torch.tensor(losses, dtype=torch.float64)


@pytest.mark.slow
@models
def test_fast_paths_give_the_plain_curve(name, changes):
    def fast_loss(model, batch):
        return total_cross_entropy(model, batch, SMOOTHING)

    def rounded_loss(model, batch):
        with computing_in("bfloat16", CPU):
            return fast_loss(model, batch)

    plain = curve(name, changes, torch.float64, plain_loss)
    assert plain[-20:].mean() < 0.8 * plain[:20].mean()  # it learns
    torch.testing.assert_close(
        curve(name, changes, torch.float64, fast_loss), plain, rtol=1e-4, atol=0
    )
    # Single losses differ, as they do when only the first weights are rounded; ten hardly do.
    rounded = curve(name, changes, torch.float32, rounded_loss)
    torch.testing.assert_close(
        rounded.view(-1, 10).mean(1), plain.view(-1, 10).mean(1), rtol=0.03, atol=0
    )
