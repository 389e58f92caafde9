"""The coverage loss against See et al. 2017's equation 12, summed up step by step."""

import pytest
import torch

from attnlab.attention.recording import attends, attentions, record_attention
from attnlab.errors import UsageError
from attnlab.models import MODELS
from attnlab.tokenised.batching import EncodedPair, collate
from attnlab.training.coverage import crosses, total_coverage_loss
from attnlab.training.objective import Objective, total_cross_entropy
from tests.conftest import objective_config, small_model

PAIRS = [EncodedPair([5, 6, 7], [8, 9]), EncodedPair([11], [12, 13, 14, 15])]


def by_definition(weights, pair):
    """Of one head and one sentence: (queries, keys)."""
    total, covered = 0.0, [0.0] * (len(pair.source) + 1)
    for step in range(len(pair.target) + 1):
        for j in range(len(pair.source) + 1):
            total += min(float(weights[step, j]), covered[j])
        for j in range(len(pair.source) + 1):
            covered[j] += float(weights[step, j])
    return total


def test_three_steps_by_hand():
    # The second step looks where the first did with ½ of its weight; the third has seen it all.
    weights = torch.tensor([[[1.0, 0.0], [0.5, 0.5], [0.0, 1.0], [0.3, 0.7]]])
    mask = torch.tensor([[True, True, True, False]])
    assert total_coverage_loss({"decoder.cross": [weights]}, mask) == 0.5 + 0.5


@pytest.mark.parametrize("changes", [{}, {"input_feeding": False}, {"coverage": True}])
def test_it_is_added_to_what_a_recurrent_model_minimises(changes):
    model = small_model("bahdanau", dropout=0.0, **changes)
    _is_added(model)


@pytest.mark.parametrize("name", [name for name in MODELS if attends(small_model(name))])
def test_it_is_the_mean_over_layers_and_heads_of_any_model(name):
    _is_added(small_model(name, dropout=0.0))


def _is_added(model):
    batch, config = collate(PAIRS), objective_config(coverage=0.7)
    found = Objective(model, config).train()(batch, 0.5)
    model.eval()
    with record_attention(model) as record:
        plain = total_cross_entropy(model, batch, config.label_smoothing)
    crossing = [weights for name, weights in record.items() if crosses(name)]
    expected = [
        by_definition(weights[row, head], pair)
        for weights in crossing
        for row, pair in enumerate(PAIRS)
        for head in range(weights.size(1))
    ]
    mean = sum(expected) / sum(weights.size(1) for weights in crossing)
    assert mean > 0.5
    assert found.item() == pytest.approx(plain.item() + 0.7 * mean, rel=1e-9)
    (gradient,) = torch.autograd.grad(found - plain, [next(model.encoder.parameters())])
    assert gradient.any()  # it is learnt by
    assert not any(each.observers for each in attentions(model).values())


def test_two_readings_cost_what_one_does():
    model, batch = small_model("bahdanau", dropout=0.0), collate(PAIRS)
    losses = [
        Objective(model, objective_config(r_drop=2.0, coverage=coverage)).train()(batch, 0.5)
        for coverage in (0.0, 1.0)
    ]
    once = [
        Objective(model, objective_config(coverage=coverage)).train()(batch, 0.5)
        for coverage in (0.0, 1.0)
    ]
    torch.testing.assert_close(losses[1] - losses[0], once[1] - once[0])


def test_evaluation_knows_nothing_of_it():
    model, batch = small_model("bahdanau"), collate(PAIRS)
    found = Objective(model, objective_config(coverage=1.0)).eval()(batch, 0.5)
    assert found == total_cross_entropy(model, batch, objective_config().label_smoothing)


def test_refusals():
    with pytest.raises(UsageError, match=r"objective.coverage=-1.0 must be at least 0"):
        objective_config(coverage=-1.0)
    with pytest.raises(UsageError, match=r"objective.coverage=1.0 .* choose model=bahdanau"):
        Objective(small_model("rnn"), objective_config(coverage=1.0))
