"""The two routes of product attention against each other, and against plain softmax."""

import pytest
import torch

from attnlab.attention.product import product_attention

BATCH, HEADS, QUERIES, KEYS, SIZE, WIDTH = 2, 3, 5, 7, 11, 13


def inputs(dtype, keys=KEYS):
    shapes = ((QUERIES, SIZE), (keys, SIZE), (keys, WIDTH))
    return [torch.randn(BATCH, HEADS, *shape).to(dtype).requires_grad_() for shape in shapes]


@pytest.mark.parametrize("keys", [KEYS, 20])  # under and over the width of a vector register
@pytest.mark.parametrize("mask_shape", [None, (BATCH, 1, 1), (QUERIES,), (BATCH, HEADS, QUERIES)])
def test_bfloat16_gives_what_float32_gives(mask_shape, keys):
    mask = None
    if mask_shape is not None:
        mask = torch.rand(*mask_shape, keys) < 0.7
        mask[..., 0] = True
    rounded = inputs(torch.bfloat16, keys)
    exact = [x.detach().float().requires_grad_() for x in rounded]
    answers = [product_attention(*each, mask, 0.3, 0.0) for each in (rounded, exact)]
    assert answers[0].dtype == torch.bfloat16
    torch.testing.assert_close(answers[0].float(), answers[1], atol=0.03, rtol=0.03)
    for answer in answers:
        answer.float().square().sum().backward()
    for ours, theirs in zip(rounded, exact, strict=True):
        error = (ours.grad.float() - theirs.grad).norm() / theirs.grad.norm()
        assert error < 0.03


@pytest.mark.parametrize("keys", [KEYS, 20])
def test_great_scores_overflow_nothing_in_bfloat16(keys):
    query, key, value = (x.detach() for x in inputs(torch.bfloat16, keys))
    query, key = 100 * query, (100 * key).requires_grad_()
    answer = product_attention(query, key, value, None, 1.0, 0.0)
    most = (query @ key.transpose(-2, -1)).argmax(-1)
    chosen = torch.gather(value, 2, most.unsqueeze(-1).expand(-1, -1, -1, WIDTH))
    torch.testing.assert_close(answer, chosen)
    answer.sum().backward()
    assert key.grad.isfinite().all()


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
def test_a_query_that_sees_nothing_gets_zeros(dtype):
    mask = torch.ones(BATCH, 1, QUERIES, KEYS, dtype=torch.bool)
    mask[1, :, 2] = False
    given = inputs(dtype)
    answer = product_attention(*given, mask, 0.3, 0.0)
    assert not answer[1, :, 2].any()
    assert answer[1, :, 1].abs().min() > 0
    answer.float().square().sum().backward()
    query, *_ = given
    assert all(each.grad.isfinite().all() for each in given)
    assert not query.grad[1, :, 2].any()


def test_dropout_of_weights_keeps_the_average():
    query, key, _ = (x.bfloat16() for x in inputs(torch.float32))
    value = torch.ones(BATCH, HEADS, KEYS, 4096, dtype=torch.bfloat16)
    torch.manual_seed(1)
    draws = [product_attention(query, key, value, None, 0.3, 0.5) for _ in range(200)]
    assert torch.stack(draws).float().mean().item() == pytest.approx(1.0, abs=0.03)
    assert draws[0].float().std() > 0.1
