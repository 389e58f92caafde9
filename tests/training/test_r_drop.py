"""R-Drop against its definition by torch's own functions, and against autograd."""

import pytest
import torch
import torch.nn.functional as F

from attnlab.data.batching import EncodedPair, collate
from attnlab.models import MODELS
from attnlab.training import losses
from attnlab.training.losses import total_log_partition_and_divergence
from attnlab.training.objective import Objective, total_cross_entropy, twice
from tests.conftest import objective_config, small_model

ROWS, SIZE, VOCABULARY, BETA = 13, 5, 29, 2.5


@pytest.fixture(params=[1, 4 * VOCABULARY, 1 << 21])
def _pieces(request, monkeypatch):
    """One row, four rows (the last piece shorter) and all rows at a time."""
    monkeypatch.setattr(losses, "_R_DROP_LOGITS_AT_A_TIME", request.param)


def random_inputs():
    features = torch.randn(2 * ROWS, SIZE, dtype=torch.float64, requires_grad=True)
    weight = torch.randn(VOCABULARY, SIZE, dtype=torch.float64, requires_grad=True)
    return features, weight


def by_definition(features, weight, beta):
    logits = features @ weight.t()
    p, q = logits.log_softmax(-1).chunk(2)
    divergence = F.kl_div(q, p, reduction="sum", log_target=True)
    divergence = divergence + F.kl_div(p, q, reduction="sum", log_target=True)
    return logits.logsumexp(-1).sum() + beta * divergence


@pytest.mark.usefixtures("_pieces")
def test_value_and_gradients():
    inputs = random_inputs()
    total, expected = (
        f(*inputs, BETA) for f in (total_log_partition_and_divergence, by_definition)
    )
    torch.testing.assert_close(total, expected)
    wanted = torch.autograd.grad(3 * expected, inputs)
    torch.testing.assert_close(torch.autograd.grad(3 * total, inputs), wanted)


@pytest.mark.usefixtures("_pieces")
def test_finite_differences():
    assert torch.autograd.gradcheck(
        lambda *inputs: total_log_partition_and_divergence(*inputs, BETA),
        random_inputs(),
        fast_mode=True,
    )


def test_without_gradients():
    inputs = random_inputs()
    with torch.no_grad():
        total = total_log_partition_and_divergence(*inputs, BETA)
        assert not total.requires_grad
        torch.testing.assert_close(total, by_definition(*inputs, BETA))


def test_two_tokens_by_hand():
    # logits (ln 3, 0) and (0, 0): p = (3/4, 1/4), q = (1/2, 1/2), and the two divergences together
    # are (p - q) · (ln 3, 0) = ln 3 / 4; the logarithms of the denominators are ln 4 and ln 2
    features = torch.tensor([[3.0], [1.0]], dtype=torch.float64).log()
    weight = torch.tensor([[1.0], [0.0]], dtype=torch.float64)
    three, eight = (torch.tensor(n, dtype=torch.float64).log() for n in (3, 8))
    total = total_log_partition_and_divergence(features, weight, 2.0)
    torch.testing.assert_close(total, eight + 2 * three / 4)


def test_in_bfloat16_under_autocast():
    inputs = tuple(x.detach().float().requires_grad_() for x in random_inputs())
    expected = by_definition(*inputs, BETA)
    with torch.autocast("cpu", dtype=torch.bfloat16):
        total = total_log_partition_and_divergence(*inputs, BETA)
    assert total.dtype == torch.float32
    torch.testing.assert_close(total, expected, rtol=5e-3, atol=0)
    wanted = torch.autograd.grad(expected, inputs)
    for ours, theirs in zip(torch.autograd.grad(total, inputs), wanted, strict=True):
        assert ours.dtype == torch.float32
        assert (ours - theirs).norm() / theirs.norm() < 0.02


PAIRS = [EncodedPair([5, 6, 7], [8, 9]), EncodedPair([11], [12, 13, 14, 15])]


@pytest.mark.parametrize("score", ["additive", "scaled_dot"])
@pytest.mark.parametrize("name", list(MODELS))
def test_the_objective_is_half_of_the_papers_equation(name, score):
    """Two readings in one batch, encoder and decoder, each with dropout of its own."""
    model, alpha = small_model(name, score, dropout=0.3), 5.0
    config = objective_config(r_drop=alpha)
    batch = collate(PAIRS)
    torch.manual_seed(3)
    found = Objective(model, config).train()(batch, 0.5)
    gradients = torch.autograd.grad(found, list(model.parameters()))

    torch.manual_seed(3)
    both = twice(batch)
    logits, _ = model.decode(both.target_input, model.encode(both.source, both.source_mask))
    logits = logits[both.target_mask]
    surprise = F.cross_entropy(
        logits,
        both.target_output[both.target_mask],
        reduction="sum",
        label_smoothing=config.label_smoothing,
    )
    p, q = logits.softmax(-1).chunk(2)
    divergence = (p * (p / q).log()).sum() + (q * (q / p).log()).sum()
    assert divergence > 0.01
    expected = (surprise + alpha * divergence / 2) / 2
    torch.testing.assert_close(found, expected)
    wanted = torch.autograd.grad(expected, list(model.parameters()))
    torch.testing.assert_close(gradients, wanted, rtol=1e-5, atol=1e-9)


@torch.no_grad()
def test_readings_that_agree_cost_what_one_costs():
    model = small_model("rnn", dropout=0.0)
    objective = Objective(model, objective_config(r_drop=5.0)).train()
    plain = total_cross_entropy(model, collate(PAIRS), objective.config.label_smoothing)
    torch.testing.assert_close(objective(collate(PAIRS), 0.5), plain)


@torch.no_grad()
def test_evaluation_reads_once():
    model = small_model("rnn", dropout=0.3)
    objective = Objective(model, objective_config(r_drop=5.0)).eval()
    plain = total_cross_entropy(model, collate(PAIRS), objective.config.label_smoothing)
    assert torch.equal(objective(collate(PAIRS), 0.5), plain)
