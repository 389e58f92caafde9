"""Multi-head attention against torch's own, with copied weights."""

import pytest
import torch
import torch.nn.functional as F

from attnlab.attention.multihead import MultiHeadAttention
from attnlab.attention.recording import record_attention
from attnlab.attention.scores import SCORES
from attnlab.support.errors import UsageError
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


def grouped(name="scaled_dot", key_value_heads=2, **sizes):
    attention = MultiHeadAttention(
        attention_config(name), SIZE, 6, key_value_heads=key_value_heads, **sizes
    ).double()
    for parameter in attention.parameters():
        torch.nn.init.normal_(parameter, std=0.5)
    return attention


def repeated(ours):
    """The same attention with each shared head of keys and values written out for every head."""
    heads = ours.heads // ours.key_value_heads
    theirs = grouped(key_value_heads=None)
    state = dict(ours.state_dict())
    for part in (
        "key_weight.weight",
        "key_weight.bias",
        "value_weight.weight",
        "value_weight.bias",
    ):
        by_head = state[part].unflatten(0, (ours.key_value_heads, -1))
        state[part] = by_head.repeat_interleave(heads, dim=0).flatten(0, 1)
    theirs.load_state_dict(state)
    return theirs


@pytest.mark.parametrize("observed", [False, True])
@pytest.mark.parametrize("key_value_heads", [1, 2, 3])
def test_grouped_queries_equal_heads_with_repeated_keys(key_value_heads, observed):
    ours = grouped(key_value_heads=key_value_heads)
    theirs = repeated(ours)
    if observed:
        ours.pooling.observers.append(lambda step: None)
    query = torch.randn(BATCH, QUERIES, SIZE, dtype=torch.float64)
    memory = torch.randn(BATCH, KEYS, SIZE, dtype=torch.float64)
    mask = torch.ones(BATCH, 1, QUERIES, KEYS, dtype=torch.bool)
    mask[1, :, 1:, 3:] = False
    mask[0, :, 2] = False
    found = ours(query, ours.prepare(memory, memory), mask)
    torch.testing.assert_close(found, theirs(query, theirs.prepare(memory, memory), mask))


@pytest.mark.parametrize("key_value_heads", [1, 2, 6])
def test_grouped_queries_equal_torchs_grouped_queries(key_value_heads):
    query = torch.randn(BATCH, 6, QUERIES, 5, dtype=torch.float64)
    key = torch.randn(BATCH, key_value_heads, KEYS, 5, dtype=torch.float64)
    value = torch.randn(BATCH, key_value_heads, KEYS, 7, dtype=torch.float64)
    mask = torch.rand(QUERIES, KEYS) < 0.7
    mask[:, 0] = True
    pooling = attention_config("scaled_dot").pooling(5, 5)
    expected = F.scaled_dot_product_attention(query, key, value, mask, enable_gqa=True)
    step = pooling.attend(query, pooling.prepare(key, value), mask)
    torch.testing.assert_close(step.output, expected)


@pytest.mark.parametrize("key_value_heads", [1, 2, None])
@pytest.mark.parametrize("name", list(SCORES))
def test_memory_holds_shared_heads_alone_and_every_head_its_weights(name, key_value_heads):
    attention = grouped(name, key_value_heads, value_size=5, query_size=4, key_size=4)
    x = torch.randn(BATCH, KEYS, SIZE, dtype=torch.float64)
    memory = attention.prepare(x, x)
    held = key_value_heads or 6
    assert memory.key.shape[:3] == (BATCH, held, KEYS)
    assert memory.value.shape == (BATCH, held, KEYS, 5)
    with record_attention(attention) as record:
        answer = attention(x[:, :QUERIES], memory)
    weights = record["pooling"]
    assert answer.shape == (BATCH, QUERIES, SIZE)
    assert weights.shape == (BATCH, 6, QUERIES, KEYS)
    torch.testing.assert_close(weights.sum(-1), torch.ones(BATCH, 6, QUERIES).double())
    differ = [not torch.allclose(weights[:, 0], weights[:, head]) for head in range(1, 6)]
    assert all(differ)


@pytest.mark.parametrize("name", ["general", "additive"])
def test_queries_and_keys_may_be_of_unequal_sizes(name):
    # Seven heads do not divide twelve features; where all sizes are given, they need not.
    attention = MultiHeadAttention(
        attention_config(name), SIZE, 7, query_size=3, key_size=5, value_size=2
    ).double()
    query = torch.randn(BATCH, QUERIES, SIZE, dtype=torch.float64)
    x = torch.randn(BATCH, KEYS, SIZE, dtype=torch.float64)
    with record_attention(attention) as record:
        answer = attention(query, attention.prepare(x, x))
    # Concat(head_1, …, head_h) W^O, written out.
    score, joined = attention.pooling.score, []
    for head in range(7):
        q = attention.query_weight(query)[..., 3 * head : 3 * head + 3]
        k = attention.key_weight(x)[..., 5 * head : 5 * head + 5]
        v = attention.value_weight(x)[..., 2 * head : 2 * head + 2]
        weights = score.compare(score.project_query(q), score.project_key(k)).softmax(-1)
        torch.testing.assert_close(record["pooling"][:, head], weights.detach())
        joined.append(weights @ v)
    torch.testing.assert_close(answer, attention.output_weight(torch.cat(joined, dim=-1)))


def test_a_score_feature_by_feature_refuses_unequal_sizes():
    with pytest.raises(UsageError, match="queries have 3 features and keys 4; use score=general"):
        MultiHeadAttention(attention_config("dot"), SIZE, HEADS, query_size=3)


def test_heads_that_cannot_be_shared_evenly_are_refused():
    with pytest.raises(UsageError, match=r"model\.key_value_heads=4 cannot be shared evenly by"):
        MultiHeadAttention(attention_config("dot"), SIZE, 6, key_value_heads=4)
    with pytest.raises(UsageError, match=r"model\.key_value_heads=6 cannot be shared evenly by"):
        MultiHeadAttention(attention_config("dot"), SIZE, HEADS, key_value_heads=6)
