"""Recording: many pairs as each alone, and no trace left behind."""

import numpy as np
import pytest
import torch

from attnlab.attention.recording import attentions
from attnlab.data.batching import EncodedPair
from attnlab.inspection.forced import record_pairs
from tests.conftest import small_model


@pytest.mark.parametrize("name", ["bahdanau", "transformer"])
def test_many_pairs_are_recorded_as_each_alone(name):
    model = small_model(name)
    generator = torch.Generator().manual_seed(2)
    pairs = [
        EncodedPair(*(torch.randint(4, 19, (n,), generator=generator).tolist() for n in lengths))
        for lengths in [(5, 2), (1, 1), (3, 11), (9, 4), (2, 2), (7, 6), (4, 3), (0, 5), (3, 0)]
    ]
    together = {each.index: each.weights for each in record_pairs(model, pairs, batch_tokens=24)}
    assert sorted(together) == list(range(len(pairs)))
    for index, pair in enumerate(pairs):
        (alone,) = record_pairs(model, [pair])
        assert alone.weights.keys() == together[index].keys()
        for (kind, layer), weights in alone.weights.items():
            sides = {"source": len(pair.source) + 1, "target": len(pair.target) + 1}
            of_kind = {"encoder": "source source", "decoder": "target target"}
            sizes = tuple(sides[side] for side in of_kind.get(kind, "target source").split())
            assert weights.shape[1:] == sizes
            np.testing.assert_allclose(weights.sum(axis=-1), 1, atol=1e-6)
            np.testing.assert_allclose(together[index][kind, layer], weights, atol=1e-6)


def test_only_the_kinds_asked_for_and_nobody_watches_afterwards():
    model = small_model("transformer").train()
    observed = set()
    for name, pooling in attentions(model).items():
        pooling.register_forward_pre_hook(
            lambda pooling, _, name=name: observed.add(name) if pooling.observers else None
        )
    (recorded,) = record_pairs(model, [EncodedPair([5, 6], [7])], kinds=("cross",))
    assert observed == {"decoder.layer1.cross", "decoder.layer2.cross"}
    assert sorted(recorded.weights) == [("cross", 1), ("cross", 2)]
    assert model.training
    assert not any(getattr(module, "observers", []) for module in model.modules())
    assert list(record_pairs(model, [])) == []
