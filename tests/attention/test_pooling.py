"""Attention pooling against hand arithmetic, and its two routes against each other."""

import math

import pytest
import torch

from attnlab.attention.normalisers.softmax import masked_softmax
from attnlab.attention.pooling import AttentionPooling
from attnlab.attention.scores import SCORES
from tests.conftest import score_config

BATCH, QUERIES, KEYS, SIZE, WIDTH = 2, 3, 5, 7, 11


def pooling_of(name):
    return AttentionPooling(SCORES.build(score_config(name), SIZE, SIZE)).double()


def random_inputs():
    query = torch.randn(BATCH, QUERIES, SIZE, dtype=torch.float64)
    key = torch.randn(BATCH, KEYS, SIZE, dtype=torch.float64)
    value = torch.randn(BATCH, KEYS, WIDTH, dtype=torch.float64)
    return query, key, value


def test_masked_softmax_by_hand():
    scores = torch.tensor([[0.0, math.log(3.0), 100.0]])
    mask = torch.tensor([[True, True, False]])
    # e^0 : e^(ln 3) = 1 : 3
    torch.testing.assert_close(masked_softmax(scores, mask), torch.tensor([[0.25, 0.75, 0.0]]))


@pytest.mark.parametrize("dtype", [torch.float32, torch.float16, torch.bfloat16])
def test_a_row_that_sees_nothing_gets_zeros(dtype):
    scores = torch.randn(2, 3, dtype=dtype)
    mask = torch.tensor([[False, False, False], [True, False, True]])
    weights = masked_softmax(scores, mask)
    assert weights[0].tolist() == [0, 0, 0]
    assert weights[1, 1] == 0
    assert weights[1].sum().item() == pytest.approx(1, abs=1e-2)


@pytest.mark.parametrize("observed", [False, True])
@pytest.mark.parametrize("name", list(SCORES))
def test_a_query_that_sees_nothing_gets_zeros_and_zero_gradients(name, observed):
    pooling = pooling_of(name)
    if observed:
        pooling.observers.append(lambda step: None)
    query, key, value = (x.requires_grad_() for x in random_inputs())
    mask = torch.ones(BATCH, QUERIES, KEYS, dtype=torch.bool)
    mask[1, 2] = False
    answer = pooling(query, pooling.prepare(key, value), mask)
    assert answer[1, 2].abs().max() == 0
    assert answer[1, 1].abs().max() > 0
    answer.sum().backward()
    read = (query, key, value) if pooling.score.reads_keys else (query, value)
    for x in (*read, *pooling.parameters()):
        assert torch.isfinite(x.grad).all()


@pytest.mark.parametrize("masked", [False, True])
@pytest.mark.parametrize("name", list(SCORES))
def test_watching_changes_nothing(name, masked):
    pooling = pooling_of(name)
    query, key, value = random_inputs()
    mask = None
    if masked:
        mask = torch.ones(BATCH, 1, KEYS, dtype=torch.bool)
        mask[0, :, 3:] = False
        mask[1] = False
    unobserved = pooling(query, pooling.prepare(key, value), mask)
    seen = []
    pooling.observers.append(lambda step: seen.append(step.weights))
    observed = pooling(query, pooling.prepare(key, value), mask)
    torch.testing.assert_close(observed, unobserved)
    torch.testing.assert_close(seen[0] @ value, observed)


def test_equal_scores_average_what_may_be_seen():
    pooling = pooling_of("dot")
    _, key, value = random_inputs()
    mask = torch.tensor([True, False, True, False, False])
    answer = pooling(torch.zeros(BATCH, 1, SIZE).double(), pooling.prepare(key, value), mask)
    torch.testing.assert_close(answer[:, 0], (value[:, 0] + value[:, 2]) / 2)


def test_memory_grows_by_what_is_appended():
    pooling = pooling_of("additive")
    query, key, value = random_inputs()
    whole = pooling(query, pooling.prepare(key, value))
    grown = pooling.prepare(key[:, :2], value[:, :2])
    grown = grown.append(pooling.prepare(key[:, 2:], value[:, 2:]))
    torch.testing.assert_close(pooling(query, grown), whole)


def test_dropout_leaves_out_weights_in_training_alone():
    pooling = AttentionPooling(SCORES.build(score_config("additive"), SIZE, SIZE), dropout=0.5)
    query, key, value = (x.float() for x in random_inputs())
    memory = pooling.prepare(key, value)
    assert not torch.equal(pooling(query, memory), pooling(query, memory))
    pooling.eval()
    assert torch.equal(pooling(query, memory), pooling(query, memory))
