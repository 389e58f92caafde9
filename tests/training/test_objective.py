"""The objective against its definition, written out token by token."""

import pytest
import torch

from attnlab.data.batching import EncodedPair, collate
from attnlab.training.objective import total_cross_entropy
from tests.conftest import small_model


@pytest.mark.parametrize("smoothing", [0.0, 0.1])
@pytest.mark.parametrize("name", ["rnn", "bahdanau", "transformer"])
@torch.no_grad()
def test_sum_over_tokens_and_never_over_padding(name, smoothing):
    model = small_model(name)
    pairs = [EncodedPair([5, 6, 7], [8, 9]), EncodedPair([11], [12, 13, 14, 15])]
    expected = 0.0
    for pair in pairs:
        source = torch.tensor([[*pair.source, 3]])
        state = model.encode(source, torch.ones_like(source, dtype=torch.bool))
        logits, _ = model.decode(torch.tensor([[2, *pair.target]]), state)
        log_p = logits[0].log_softmax(-1)
        for position, token in enumerate([*pair.target, 3]):
            expected -= (1 - smoothing) * float(log_p[position, token])
            expected -= smoothing * float(log_p[position].mean())
    found = float(total_cross_entropy(model, collate(pairs), smoothing))
    assert found == pytest.approx(expected, rel=1e-5)
