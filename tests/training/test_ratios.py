"""Update ratios: parts by readable name, norms by hand."""

import pytest
import torch

from attnlab.models import MODELS
from attnlab.training.ratios import part_name, update_ratios, weights_now
from tests.conftest import small_model


def test_names_of_parts():
    expected = {
        "encoder.layers.0.self_attention.query_weight.bias": "encoder.layer1.self",
        "decoder.layers.1.cross_attention.pooling.score.vector": "decoder.layer2.cross",
        "decoder.layers.1.feedforward.inner.weight": "decoder.layer2.feedforward",
        "decoder.norm.weight": "decoder.norm",
        "decoder.cross_attention.score.key_weight": "decoder.cross",
        "decoder.readout.weight.bias": "decoder.readout",
        "encoder.cell.weight_ih_l0_reverse": "encoder.cell",
        "source_embedding.weight": "source_embedding",
        "scale": "scale",
    }
    assert {path: part_name(path) for path in expected} == expected


@pytest.mark.parametrize("name", list(MODELS))
def test_every_part_moves_by_the_share_that_it_was_moved_by(name):
    model = small_model(name)
    before = weights_now(model)
    shares = {}
    with torch.no_grad():
        for number, (path, weight) in enumerate(model.named_parameters()):
            share = shares.setdefault(part_name(path), 0.001 * (number + 1))
            weight.mul_(1 + share)
    ratios = update_ratios(model, before)
    assert ratios.pop("all") == pytest.approx(
        torch.cat([(p - before[n]).flatten() for n, p in model.named_parameters()]).norm().item()
        / torch.cat([each.flatten() for each in before.values()]).norm().item()
    )
    assert ratios == pytest.approx(shares)


def test_an_update_of_plain_gradient_descent_by_hand():
    model = torch.nn.Linear(2, 1, bias=False)
    with torch.no_grad():
        model.weight.copy_(torch.tensor([[3.0, 4.0]]))
    before = weights_now(model)
    model(torch.tensor([[1.0, 0.0]])).sum().backward()
    torch.optim.SGD(model.parameters(), lr=0.5).step()
    assert update_ratios(model, before) == pytest.approx({"weight": 0.5 / 5, "all": 0.5 / 5})


def test_a_part_of_nothing_but_zeros_has_no_ratio():
    model = torch.nn.Linear(2, 3)
    torch.nn.init.zeros_(model.weight)
    torch.nn.init.zeros_(model.bias)
    assert update_ratios(model, weights_now(model)) == {}
