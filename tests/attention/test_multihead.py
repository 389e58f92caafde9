"""Multi-head attention against torch's own, with copied weights."""

import pytest
import torch

from attnlab.attention.multihead import MultiHeadAttention
from attnlab.attention.recording import record_attention
from attnlab.attention.scores import SCORES
from attnlab.errors import UsageError
from tests.conftest import attention_config

BATCH, QUERIES, KEYS, SIZE, HEADS = 2, 3, 5, 12, 3


def copied_into_torch(ours):
    theirs = torch.nn.MultiheadAttention(SIZE, HEADS, batch_first=True, dtype=torch.float64)
    inputs = (ours.query_weight, ours.key_weight, ours.value_weight)
    with torch.no_grad():
        theirs.in_proj_weight.copy_(torch.cat([linear.weight for linear in inputs]))
        theirs.in_proj_bias.copy_(torch.cat([linear.bias for linear in inputs]))
        theirs.out_proj.load_state_dict(ours.output_weight.state_dict())
    return theirs


def attention_of(name):
    attention = MultiHeadAttention(attention_config(name), SIZE, HEADS).double()
    for parameter in attention.parameters():
        torch.nn.init.normal_(parameter)
    return attention


def test_scaled_dot_product_equals_torch():
    ours = attention_of("scaled_dot")
    theirs = copied_into_torch(ours)
    query = torch.randn(BATCH, QUERIES, SIZE, dtype=torch.float64)
    key = torch.randn(BATCH, KEYS, SIZE, dtype=torch.float64)
    value = torch.randn(BATCH, KEYS, SIZE, dtype=torch.float64)
    mask = torch.ones(BATCH, KEYS, dtype=torch.bool)
    mask[1, 3:] = False
    expected, expected_weights = theirs(
        query, key, value, key_padding_mask=~mask, average_attn_weights=False
    )
    answer = ours(query, ours.prepare(key, value), mask[:, None, None])
    torch.testing.assert_close(answer, expected)
    with record_attention(ours) as record:
        ours(query, ours.prepare(key, value), mask[:, None, None])
    torch.testing.assert_close(record["pooling"], expected_weights)


@pytest.mark.parametrize("name", list(SCORES))
def test_every_score_gives_heads_of_their_own(name):
    attention = attention_of(name)
    x = torch.randn(BATCH, KEYS, SIZE, dtype=torch.float64)
    with record_attention(attention) as record:
        answer = attention(x, attention.prepare(x, x))
    weights = record["pooling"]
    assert answer.shape == (BATCH, KEYS, SIZE)
    assert weights.shape == (BATCH, HEADS, KEYS, KEYS)
    torch.testing.assert_close(weights.sum(-1), torch.ones(BATCH, HEADS, KEYS).double())
    assert not torch.allclose(weights[:, 0], weights[:, 1])


def test_memory_may_have_another_size():
    attention = MultiHeadAttention(attention_config("scaled_dot"), SIZE, HEADS, memory_size=7)
    memory = attention.prepare(torch.randn(BATCH, KEYS, 7), torch.randn(BATCH, KEYS, 7))
    assert attention(torch.randn(BATCH, QUERIES, SIZE), memory).shape == (BATCH, QUERIES, SIZE)


def test_heads_that_do_not_divide_the_size_are_refused():
    with pytest.raises(UsageError, match="12 features cannot be split evenly among 5 heads"):
        MultiHeadAttention(attention_config("dot"), SIZE, 5)
