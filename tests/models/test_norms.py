"""The norms beside torch's own, and by hand; padding is no token to a batch norm."""

import pytest
import torch
from torch import nn

from attnlab.models.layers import BatchNorm, build_norm, running_statistics
from tests.conftest import small_model

BATCH, LENGTH, SIZE = 3, 5, 7
TOKENS = torch.arange(LENGTH) < torch.tensor([[5], [2], [4]])


def features():
    return 3 * torch.randn(BATCH, LENGTH, SIZE, dtype=torch.float64) + 2


def randomised(norm):
    for parameter in norm.parameters():
        nn.init.normal_(parameter)
    return norm.double()


def test_layer_norm_by_hand():
    norm, x = randomised(build_norm("layer", SIZE)), features()
    deviation = (x.var(-1, correction=0, keepdim=True) + 1e-5).sqrt()
    expected = norm.weight * (x - x.mean(-1, keepdim=True)) / deviation + norm.bias
    torch.testing.assert_close(norm(x, TOKENS), expected)


def test_rms_norm_by_hand():
    norm, x = randomised(build_norm("rms", SIZE)), features()
    expected = norm.weight * x / (x.square().mean(-1, keepdim=True) + 1e-5).sqrt()
    torch.testing.assert_close(norm(x, TOKENS), expected)
    assert [name for name, _ in norm.named_parameters()] == ["weight"]


def test_batch_norm_is_that_of_torch_over_the_real_tokens_alone():
    ours, theirs = randomised(build_norm("batch", SIZE)), nn.BatchNorm1d(SIZE).double()
    theirs.weight, theirs.bias = nn.Parameter(ours.weight.clone()), nn.Parameter(ours.bias.clone())
    for _ in range(3):
        x = features()
        answers = []
        for norm, given in ((ours, lambda x: ours(x, TOKENS)[TOKENS]), (theirs, theirs)):
            read = x.clone().requires_grad_()
            answer = given(read if norm is ours else read[TOKENS])
            norm.zero_grad()
            answer.pow(3).sum().backward()
            answers.append((answer, read.grad, norm.weight.grad, norm.bias.grad))
        for one, other in zip(*answers, strict=True):
            torch.testing.assert_close(one, other)
    torch.testing.assert_close(ours.running_mean, theirs.running_mean)
    torch.testing.assert_close(ours.running_variance, theirs.running_var)
    x = features()
    torch.testing.assert_close(ours.eval()(x, TOKENS)[TOKENS], theirs.eval()(x[TOKENS]))


def test_padding_changes_nothing_in_training_either():
    norm, other, x = BatchNorm(SIZE).double(), BatchNorm(SIZE).double(), features()
    wider = torch.cat([x, 1e6 * torch.ones(BATCH, 4, SIZE)], dim=1)
    mask = torch.cat([TOKENS, torch.zeros(BATCH, 4, dtype=torch.bool)], dim=1)
    torch.testing.assert_close(norm(x, TOKENS)[TOKENS], other(wider, mask)[:, :LENGTH][TOKENS])
    for one, another in zip(running_statistics(norm), running_statistics(other), strict=True):
        torch.testing.assert_close(one, another)
    everywhere = torch.ones(BATCH, LENGTH, dtype=torch.bool)
    torch.testing.assert_close(norm(x), norm(x, everywhere))


@pytest.mark.parametrize("tokens", [0, 1])
def test_batches_of_no_token_and_of_one_are_finite(tokens):
    norm, x = BatchNorm(SIZE).double(), features().requires_grad_()
    mask = torch.zeros(BATCH, LENGTH, dtype=torch.bool)
    mask[0, :tokens] = True
    norm(x, mask).sum().backward()
    assert x.grad.isfinite().all()
    learnt = (norm.running_mean != 0).all()
    assert learnt == (tokens == 1)
    assert norm.running_variance.isfinite().all()


@pytest.mark.parametrize("norm", ["pre", "post"])
def test_a_transformer_gathers_of_its_tokens_and_not_of_its_padding(norm):
    source, target = torch.randint(4, 19, (BATCH, LENGTH)), torch.randint(4, 23, (BATCH, LENGTH))
    source, target = source.masked_fill(~TOKENS, 0), target.masked_fill(~TOKENS, 0)
    gathered = []
    for wider in (0, 6):
        torch.manual_seed(3)
        model = small_model("transformer", norm=norm, normalisation="batch", dropout=0.0).train()
        before = [each.clone() for each in running_statistics(model)]
        ids = (nn.functional.pad(each, (0, wider)) for each in (source, target))
        read, said = ids
        model(read, read != 0, said)
        gathered.append(running_statistics(model))
        for one, other in zip(before, gathered[-1], strict=True):
            assert not torch.allclose(one, other)
    for one, other in zip(*gathered, strict=True):
        torch.testing.assert_close(one, other)
