"""Scheduled sampling: own words where coins say so, each behind the words before it."""

import math
from itertools import islice, pairwise

import pytest
import torch

from attnlab.attention.scores import SCORES
from attnlab.data.batching import EncodedPair, collate
from attnlab.data.tokens import END
from attnlab.models import MODELS
from attnlab.training.objective import Objective, total_cross_entropy
from attnlab.training.scheduled_sampling import CURVES, with_own_words
from tests.cases import one_by_one
from tests.conftest import objective_config, small_model
from tests.training.test_loop import steps_of

PAIRS = [EncodedPair([5 + n % 7] * (1 + n % 4), [6 + n % 5] * (n % 6)) for n in range(60)]
BATCH = collate(PAIRS)


def said_behind(model, source, words):
    """What the model finds likeliest behind `words` of one sentence, all read anew: no state."""
    state = model.encode(source, torch.ones_like(source, dtype=torch.bool))
    logits, _ = model.decode(torch.tensor([words]), state)
    return END + 1 + int(logits[0, -1, END + 1 :].argmax())


@one_by_one(name=MODELS, score=SCORES)
@torch.no_grad()
def test_own_words_follow_from_own_and_right_words_before_them(name, score):
    model = small_model(name, score, dropout=0.3).train()
    found = with_own_words(model, BATCH, 0.5, "argmax")
    assert model.training
    assert all(module.training for module in model.modules())
    model.eval()
    kept = replaced = 0
    rows = zip(BATCH.source, BATCH.source_mask, BATCH.target_input, found.target_input, strict=True)
    for source, seen, right, mixed in rows:
        for column in range(1, len(right)):
            if right[column] <= END:
                assert mixed[column] == right[column]
            elif mixed[column] == right[column]:
                kept += 1
            else:
                expected = said_behind(model, source[seen].unsqueeze(0), mixed[:column].tolist())
                assert mixed[column] == expected
                replaced += 1
    assert torch.equal(found.target_input[:, 0], BATCH.target_input[:, 0])
    assert replaced > 10
    assert kept > 10
    for field, tensor in vars(found).items():
        assert field == "target_input" or tensor is getattr(BATCH, field)


@pytest.mark.parametrize("share", [0.2, 1.0])
def test_the_expected_share(share):
    model = small_model("rnn", tie_embeddings="none")
    with torch.no_grad():
        model.output.weight[22] = 1e3 * model.output.weight[22].abs()  # never a right word
        model.readout.weight.bias.fill_(9.0)  # features of about 1
    batch = collate(PAIRS * 20)
    words = batch.target_input > END
    found = with_own_words(model, batch, share, "argmax").target_input
    assert (found[words] == 22).double().mean().item() == pytest.approx(share, abs=0.03)
    assert torch.equal(found[~words], batch.target_input[~words])


@torch.no_grad()
def test_words_are_drawn_by_how_likely_they_are():
    model = small_model("bahdanau")
    model.output.weight *= 5  # far from even
    pair = EncodedPair([5, 6], [7])
    one = collate([pair])
    logits, _ = model.decode(one.target_input[:, :1], model.encode(one.source, one.source_mask))
    expected = logits[0, 0, END + 1 :].softmax(-1)
    batch = collate([pair] * 5000)
    drawn = with_own_words(model, batch, 1.0, "sample").target_input[:, 1]
    found = torch.bincount(drawn, minlength=23) / len(drawn)
    assert found[: END + 1].sum() == 0
    assert 0.1 < expected.max() < 0.9
    torch.testing.assert_close(found[END + 1 :].double(), expected, atol=0.03, rtol=0)


def test_none_draws_no_random_number():
    model = small_model("rnn")
    before = torch.get_rng_state()
    assert with_own_words(model, BATCH, 0.0, "argmax") is BATCH
    assert torch.equal(torch.get_rng_state(), before)


@pytest.mark.parametrize("name", list(CURVES))
def test_every_curve_rises_from_none_to_all(name):
    values = [CURVES[name](done / 100) for done in range(101)]
    assert (values[0], values[-1]) == (pytest.approx(0), pytest.approx(1))
    assert all(earlier < later for earlier, later in pairwise(values))


def test_curves_by_hand():
    assert CURVES["linear"](0.3) == 0.3
    assert CURVES["inverse_sigmoid"](0.5) == pytest.approx(0.5)
    assert CURVES["inverse_sigmoid"](0.25) < 0.1
    # (1 - e^-2.5) / (1 - e^-5)
    assert CURVES["exponential"](0.5) == pytest.approx(0.917915 / 0.993262, rel=1e-5)
    config = objective_config(sampling={"share": 0.4, "curve": "linear"}).sampling
    assert config.share_when(0.5) == pytest.approx(0.2)


@pytest.mark.parametrize("name", list(MODELS))
def test_the_loss_is_that_of_reading_the_mixed_words(name):
    """Nothing of how they came about is left for the gradient to flow through."""
    model = small_model(name, dropout=0.3)
    config = objective_config(sampling={"share": 0.8, "words": "sample"})
    parameters = list(model.parameters())
    torch.manual_seed(3)
    found = Objective(model, config).train()(BATCH, 0.5)
    gradients = torch.autograd.grad(found, parameters)
    torch.manual_seed(3)
    mixed = with_own_words(model, BATCH, 0.4, "sample")
    expected = total_cross_entropy(model, mixed, config.label_smoothing)
    assert torch.equal(found, expected)
    for ours, theirs in zip(gradients, torch.autograd.grad(expected, parameters), strict=True):
        assert torch.equal(ours, theirs)


@torch.no_grad()
def test_evaluation_reads_what_is_right():
    model = small_model("transformer")
    objective = Objective(model, objective_config(sampling={"share": 1.0})).eval()
    plain = total_cross_entropy(model, BATCH, objective.config.label_smoothing)
    assert torch.equal(objective(BATCH, 1.0), plain)


def test_the_share_rises_as_training_goes_on():
    def losses(share):
        torch.manual_seed(1)
        model = small_model("rnn", dropout=0.0).float()
        objective = {"sampling": {"share": share}}
        return [step.loss for step in islice(steps_of(model, objective=objective), 30)]

    plain, sampled = losses(0.0), losses(1.0)
    assert sampled[0] == plain[0]
    assert all(math.isfinite(loss) for loss in sampled)
    assert sum(sampled[20:]) > sum(plain[20:])
