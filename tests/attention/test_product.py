"""The two routes of product attention against each other, and against plain softmax."""

import pytest
import torch

from attnlab.attention.functional import product_attention

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


@pytest.mark.parametrize("width", [SIZE - 4, SIZE, WIDTH])
@pytest.mark.parametrize("biased", [False, True])
def test_values_may_be_narrower_or_wider_than_keys(width, biased):
    """Against the formula itself, and so its gradients."""
    query, key, wide = inputs(torch.float32)
    value = wide.detach()[..., :width].requires_grad_()
    bias = torch.randn(HEADS, QUERIES, KEYS) if biased else None
    mask = torch.arange(KEYS) < torch.arange(3, 3 + QUERIES)[:, None]
    answer = product_attention(query, key, value, mask, 0.3, 0.0, bias)
    scores = 0.3 * query @ key.transpose(-2, -1) + (bias if biased else 0.0)
    expected = scores.masked_fill(~mask, -torch.inf).softmax(-1) @ value
    assert answer.shape == (BATCH, HEADS, QUERIES, width)
    torch.testing.assert_close(answer, expected)
    given = (query, key, value)
    gradients = [torch.autograd.grad(each.square().sum(), given) for each in (answer, expected)]
    for ours, theirs in zip(*gradients, strict=True):
        torch.testing.assert_close(ours, theirs)


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


@pytest.mark.parametrize("mask_shape", [None, (BATCH, 1, 1), (QUERIES,), (BATCH, HEADS, QUERIES)])
@pytest.mark.parametrize("dtype", [torch.float64, torch.bfloat16])
@pytest.mark.parametrize("bias_shape", [(1, HEADS), (BATCH, HEADS)])
def test_a_bias_is_added_to_scores_before_the_mask(bias_shape, dtype, mask_shape):
    query, key, value = inputs(dtype)
    bias = torch.randn(*bias_shape, QUERIES, KEYS).to(dtype).requires_grad_()
    mask = torch.ones(KEYS, dtype=torch.bool)
    if mask_shape is not None:
        mask = torch.rand(*mask_shape, KEYS) < 0.7
        mask[..., 0] = True
        if len(mask_shape) > 1:
            mask[1, :, -1] = False  # of these, each query or the last one sees nothing
    answer = product_attention(
        query, key, value, None if mask_shape is None else mask, 0.3, 0.0, bias
    )
    assert answer.dtype == dtype
    exact = [x.detach().double().requires_grad_() for x in (query, key, value, bias)]
    scores = 0.3 * exact[0] @ exact[1].transpose(-2, -1) + exact[3]
    weights = scores.masked_fill(~mask, -torch.inf).softmax(-1).nan_to_num()
    weights = torch.where(mask.any(-1, keepdim=True), weights, 0.0)
    expected = weights @ exact[2]
    tolerance = {"atol": 0.05, "rtol": 0.05} if dtype == torch.bfloat16 else {}
    torch.testing.assert_close(answer.double(), expected, **tolerance)
    answer.double().square().sum().backward()
    assert all(each.grad.isfinite().all() for each in (query, key, value, bias))
    safe = scores.masked_fill(~mask & mask.any(-1, keepdim=True), -torch.inf).softmax(-1)
    expected = torch.where(mask.any(-1, keepdim=True), safe, 0.0) @ exact[2]
    expected.square().sum().backward()
    for ours, theirs in zip((query, key, value, bias), exact, strict=True):
        error = (ours.grad.double() - theirs.grad).norm() / theirs.grad.norm()
        assert error < (0.05 if dtype == torch.bfloat16 else 1e-9)


@pytest.mark.parametrize("masked", [False, True])
@pytest.mark.parametrize("biased", [False, True])
@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
def test_neighbouring_heads_share_keys_and_values(dtype, biased, masked):
    query = torch.randn(BATCH, 6, QUERIES, SIZE).to(dtype)
    key, value = torch.randn(2, BATCH, 2, KEYS, SIZE).to(dtype)
    bias = torch.randn(1, 6, QUERIES, KEYS).to(dtype) if biased else None
    mask = (torch.rand(BATCH, 1, QUERIES, KEYS) < 0.7) if masked else None
    shared = product_attention(query, key, value, mask, 0.3, 0.0, bias)
    written_out = (x.repeat_interleave(3, dim=1) for x in (key, value))
    expected = product_attention(query, *written_out, mask, 0.3, 0.0, bias)
    torch.testing.assert_close(shared, expected)
