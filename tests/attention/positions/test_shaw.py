"""Shaw's relative positions against the paper's sums, written out in numpy."""

import numpy as np
import pytest
import torch

from attnlab.attention.pooling import AttentionPooling
from attnlab.attention.positions import HeadSizes
from attnlab.attention.recording import record_attention
from attnlab.attention.scores import SCORES
from tests.conftest import attention_config, score_config

BATCH, HEADS, LENGTH, SIZE, WIDTH, FARTHEST = 2, 3, 7, 5, 4, 2


def shaw(*, causal=False, values=True):
    config = attention_config(positions="shaw", farthest=FARTHEST, values=values)
    sizes = HeadSizes(heads=HEADS, query_size=SIZE, key_size=SIZE, value_size=WIDTH)
    found = config.build_positions(causal=causal).relative(sizes)
    return found.double()


def inputs():
    sizes = (SIZE, SIZE, WIDTH)
    return [torch.randn(BATCH, HEADS, LENGTH, size, dtype=torch.float64) for size in sizes]


@pytest.mark.parametrize("causal", [False, True])
@pytest.mark.parametrize("name", ["dot", "scaled_dot", "general"])
def test_products_equal_the_papers_formula(name, causal):
    positions = shaw(causal=causal)
    score = SCORES.build(score_config(name), SIZE, SIZE)
    pooling = AttentionPooling(score, positions=positions).double()
    q, k, v = inputs()
    mask = torch.ones(LENGTH, LENGTH, dtype=torch.bool)
    mask = mask.tril() if causal else mask
    with torch.no_grad():
        answer = pooling(q, pooling.prepare(k, v), mask).numpy()
        w = score.key_weight.weight.numpy() if name == "general" else np.eye(SIZE)
        scale = SIZE**-0.5 if name == "scaled_dot" else 1.0
        a_k, a_v = positions.key_table.weight.numpy(), positions.value_table.weight.numpy()
    q, k, v = (x.numpy() for x in (q, k, v))
    for b, h, i in np.ndindex(BATCH, HEADS, LENGTH):
        seen = range(i + 1) if causal else range(LENGTH)
        rows = [min(max(j - i, -FARTHEST), FARTHEST) + FARTHEST for j in seen]
        # Equations 3 and 4.
        keys = np.array([k[b, h, j] + a_k[row] for j, row in zip(seen, rows, strict=True)])
        values = np.array([v[b, h, j] + a_v[row] for j, row in zip(seen, rows, strict=True)])
        exponentials = np.exp(scale * (keys @ w.T @ q[b, h, i]))
        expected = exponentials / exponentials.sum() @ values
        np.testing.assert_allclose(answer[b, h, i], expected)


@pytest.mark.parametrize("name", ["additive", "gaussian"])
def test_other_scores_compare_each_query_with_the_offsets_own_key(name):
    positions = shaw()
    score = SCORES.build(score_config(name), SIZE, SIZE).double()
    q, _, _ = inputs()
    projected = score.project_query(q)
    bias = positions.bias(score, projected, LENGTH)
    for i, j in np.ndindex(LENGTH, LENGTH):
        row = min(max(j - i, -FARTHEST), FARTHEST) + FARTHEST
        key = score.project_key(positions.key_table.weight[row]).expand(BATCH, HEADS, 1, -1)
        expected = score.compare(projected[:, :, i : i + 1], key)[..., 0, 0]
        torch.testing.assert_close(bias[:, :, i, j], expected)


def test_keys_alone_add_nothing_to_the_answer_and_leave_no_table_idle():
    positions = shaw(values=False)
    assert positions.values(torch.rand(BATCH, HEADS, LENGTH, LENGTH).double()) is None
    assert [name for name, _ in positions.named_parameters()] == ["key_table.weight"]


def test_a_directed_stack_has_no_rows_for_keys_behind_the_query():
    assert len(shaw(causal=True).key_table.weight) == FARTHEST + 1
    assert len(shaw().value_table.weight) == 2 * FARTHEST + 1


@pytest.mark.parametrize("values", [False, True])
def test_watching_changes_nothing(values):
    score = SCORES.build(score_config("scaled_dot"), SIZE, SIZE)
    pooling = AttentionPooling(score, positions=shaw(values=values)).double()
    q, k, v = inputs()
    unobserved = pooling(q, pooling.prepare(k, v))
    with record_attention(pooling) as record:
        observed = pooling(q, pooling.prepare(k, v))
    torch.testing.assert_close(observed, unobserved)
    assert record[""].shape == (BATCH, HEADS, LENGTH, LENGTH)
