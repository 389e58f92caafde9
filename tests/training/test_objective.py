"""The objective: label smoothing, word dropout and the coverage loss."""

import pytest
import torch

from attnlab.attention.recording import attends, attentions, record_attention
from attnlab.data.batching import EncodedPair, collate
from attnlab.data.tokens import END, UNKNOWN
from attnlab.models import MODELS
from attnlab.support.errors import UsageError
from attnlab.training.objective import (
    Objective,
    WordDropoutConfig,
    crosses,
    drop_words,
    total_coverage_loss,
    total_cross_entropy,
    twice,
    watch_cross_attention,
)
from tests.conftest import objective_config, small_model


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


PAIRS = [EncodedPair([5 + n % 7] * (1 + n % 4), [6 + n % 5] * (1 + n % 3)) for n in range(3000)]
BATCH = collate(PAIRS)


def dropped(source=0.0, target_input=0.0):
    return drop_words(BATCH, WordDropoutConfig(source=source, target_input=target_input))


@pytest.mark.parametrize("side", ["source", "target_input"])
def test_the_expected_share_of_words_of_one_side_and_nothing_else(side):
    found = dropped(**{side: 0.3})
    before, after = getattr(BATCH, side), getattr(found, side)
    words = before > END
    is_dropped = before != after
    # the binomial's standard deviation is 0.0055 or less
    assert is_dropped[words].float().mean().item() == pytest.approx(0.3, abs=0.03)
    assert (after[is_dropped] == UNKNOWN).all()
    assert torch.equal(after[~words], before[~words]), "begin, end and padding stay"
    for name, tensor in vars(found).items():
        assert name == side or tensor is getattr(BATCH, name)


def test_each_occurrence_is_drawn_independently():
    sentences = dropped(source=0.5).source[BATCH.source_mask.sum(1) == 5][:, :4]
    some = (sentences == UNKNOWN).any(1) & (sentences != UNKNOWN).any(1)
    assert some.float().mean().item() == pytest.approx(1 - 2 / 2**4, abs=0.06)


def test_none_draws_no_random_number():
    before = torch.get_rng_state()
    dropped()
    assert torch.equal(torch.get_rng_state(), before)


@pytest.mark.parametrize("name", list(MODELS))
@torch.no_grad()
def test_the_objective_drops_in_training_alone(name):
    model = small_model(name, dropout=0.0)
    batch = collate(PAIRS[:20])
    config = objective_config(word_dropout={"source": 0.4, "target_input": 0.4})
    objective = Objective(model, config)
    plain = total_cross_entropy(model, batch, config.label_smoothing)
    assert torch.equal(objective.eval()(batch, 0.5), plain)
    torch.manual_seed(3)
    found = objective.train()(batch, 0.5)
    torch.manual_seed(3)
    expected = total_cross_entropy(
        model, drop_words(batch, config.word_dropout), config.label_smoothing
    )
    assert torch.equal(found, expected)
    assert not torch.equal(found, plain)


FEW = [EncodedPair([5, 6, 7], [8, 9]), EncodedPair([11], [12, 13, 14, 15])]


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
    # The second looks with ½ where the first did; the third with all where ½ was looked at.
    weights = torch.tensor([[[1.0, 0.0], [0.5, 0.5], [0.0, 1.0], [0.3, 0.7]]])
    mask = torch.tensor([[True, True, True, False]])
    assert total_coverage_loss({"decoder.cross": [weights]}, mask) == 0.5 + 0.5
    step_by_step = list(weights.split(1, dim=1))  # as a decoder that is fed asks
    assert total_coverage_loss({"decoder.cross": step_by_step}, mask) == 0.5 + 0.5
    assert total_coverage_loss({"decoder.cross": [weights]}, torch.ones(1, 4).bool()) == 2.0


def test_attending_to_another_position_at_each_step_costs_exactly_nothing():
    weights = torch.eye(300).flip(0).unsqueeze(0)
    assert total_coverage_loss({"decoder.cross": [weights]}, torch.ones(1, 300).bool()) == 0
    blurred = (torch.eye(300) + 1e-8).softmax(-1).unsqueeze(0)
    assert total_coverage_loss({"decoder.cross": [blurred]}, torch.ones(1, 300).bool()) > 1


def test_layers_and_heads_are_averaged_and_sentences_summed():
    steps = torch.rand(2, 3, 4, 5).softmax(-1).double()  # (batch, heads, queries, keys)
    mask = torch.tensor([[True] * 4, [True, True, False, False]])
    both = {"decoder.layer1.cross": [steps], "decoder.layer2.cross": [steps.flip(1, 2)]}
    expected = [
        total_coverage_loss({"": [weights[:, head][row : row + 1]]}, mask[row : row + 1]).item()
        for weights in (steps, steps.flip(1, 2))
        for head in range(3)
        for row in range(2)
    ]
    assert total_coverage_loss(both, mask).item() == pytest.approx(sum(expected) / 6)


def test_its_gradient_is_that_of_small_differences():
    weights = torch.rand(2, 3, 4, 5).double().softmax(-1).requires_grad_()
    mask = torch.tensor([[True] * 4, [True, True, False, False]])
    assert torch.autograd.gradcheck(
        lambda given: total_coverage_loss({"decoder.cross": [given]}, mask), weights
    )


@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"input_feeding": False},
        {"coverage": True},
        {"window": "local_p", "window_radius": 2},
        {"normaliser": "sparsemax", "score": "location"},
    ],
    ids=str,
)
def test_it_is_added_to_the_loss_of_a_recurrent_model(changes):
    model = small_model("bahdanau", dropout=0.0, **changes)
    _is_added(model)


@pytest.mark.parametrize("name", [name for name in MODELS if attends(small_model(name))])
def test_it_is_the_mean_over_layers_and_heads_of_any_model(name):
    _is_added(small_model(name, dropout=0.0))


def _is_added(model):
    batch, config = collate(FEW), objective_config(coverage=0.7)
    found = Objective(model, config).train()(batch, 0.5)
    model.eval()
    with record_attention(model) as record:
        plain = total_cross_entropy(model, batch, config.label_smoothing)
    crossing = [weights for name, weights in record.items() if crosses(name)]
    expected = [
        by_definition(weights[row, head], pair)
        for weights in crossing
        for row, pair in enumerate(FEW)
        for head in range(weights.size(1))
    ]
    mean = sum(expected) / sum(weights.size(1) for weights in crossing)
    assert mean > 0.5
    assert found.item() == pytest.approx(plain.item() + 0.7 * mean, rel=1e-9)
    (gradient,) = torch.autograd.grad(found - plain, [next(model.encoder.parameters())])
    assert gradient.any()  # it is learnt by
    assert not any(each.observers for each in attentions(model).values())


@pytest.mark.parametrize("name", ["bahdanau", "convolutional", "transformer"])
def test_sentences_cost_the_same_in_any_batch_so_that_batches_accumulate(name):
    objective = Objective(small_model(name, dropout=0.0), objective_config(coverage=1.5)).train()
    apart = sum(objective(collate([pair]), 0.5) for pair in FEW)
    torch.testing.assert_close(objective(collate(FEW), 0.5), apart)
    longer = EncodedPair([5] * 9, [9] * 8)  # what the others have as padding behind them
    with_longer = objective(collate([*FEW, longer]), 0.5) - objective(collate([longer]), 0.5)
    torch.testing.assert_close(with_longer, apart)


def test_weights_are_those_before_dropout():
    model = small_model("transformer", dropout=0.0, decoder_layers=1).train()
    [cross] = [each for name, each in attentions(model).items() if crosses(name)]
    batch, totals = collate(FEW), []
    for cross.dropout in (0.0, 0.9):
        with watch_cross_attention(model) as looked:
            model(batch.source, batch.source_mask, batch.target_input)
        totals.append(total_coverage_loss(looked, batch.target_mask))
    assert totals[0] == totals[1] > 0


def test_no_other_attention_is_watched_and_stays_fast():
    model = small_model("transformer")
    with watch_cross_attention(model):
        watched = {name for name, each in attentions(model).items() if each.observers}
    assert watched == {"decoder.layer1.cross", "decoder.layer2.cross"}


@pytest.mark.parametrize("name", ["bahdanau", "convolutional", "transformer"])
def test_in_bfloat16_it_is_nearly_the_same(name):
    model = small_model(name, "scaled_dot").float()
    batch, found = collate(FEW), []
    for enabled in (False, True):
        with (
            torch.autocast("cpu", torch.bfloat16, enabled=enabled),
            watch_cross_attention(model) as looked,
        ):
            model(batch.source, batch.source_mask, batch.target_input)
        found.append(total_coverage_loss(looked, batch.target_mask))
    assert found[1].dtype == torch.float32
    assert found[1].item() == pytest.approx(found[0].item(), rel=0.02)
    assert found[0] != found[1]


def test_two_readings_cost_what_one_does():
    model, batch = small_model("bahdanau", dropout=0.0), collate(FEW)
    losses = [
        Objective(model, objective_config(r_drop=2.0, coverage=coverage)).train()(batch, 0.5)
        for coverage in (0.0, 1.0)
    ]
    once = [
        Objective(model, objective_config(coverage=coverage)).train()(batch, 0.5)
        for coverage in (0.0, 1.0)
    ]
    torch.testing.assert_close(losses[1] - losses[0], once[1] - once[0])


def test_each_of_two_readings_counts_by_half():
    model, batch = small_model("bahdanau", dropout=0.4), collate(FEW)
    objective = Objective(model, objective_config(r_drop=2.0, coverage=1.0)).train()
    without = Objective(model, objective_config(r_drop=2.0)).train()
    torch.manual_seed(3)
    added = objective(batch, 0.5)
    torch.manual_seed(3)
    added = added - without(batch, 0.5)
    torch.manual_seed(3)
    both = twice(batch)
    with watch_cross_attention(model) as looked:
        model(both.source, both.source_mask, both.target_input)
    [steps] = looked.values()
    weights = torch.cat(steps, dim=-2)
    halves = [
        total_coverage_loss({"decoder.cross": [half]}, batch.target_mask)
        for half in weights.split(len(FEW))
    ]
    assert halves[0] != halves[1]
    torch.testing.assert_close(added, (halves[0] + halves[1]) / 2)


def test_evaluation_is_without_it():
    model, batch = small_model("bahdanau"), collate(FEW)
    found = Objective(model, objective_config(coverage=1.0)).eval()(batch, 0.5)
    assert found == total_cross_entropy(model, batch, objective_config().label_smoothing)


def test_refusals():
    with pytest.raises(
        UsageError, match=r"objective.coverage=1.0 .* which this model does not have"
    ):
        Objective(small_model("rnn"), objective_config(coverage=1.0))
