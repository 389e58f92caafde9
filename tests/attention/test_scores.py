"""Scoring functions against their formulas, written out pair by pair in float64."""

import math

import pytest
import torch
import torch.nn.functional as F

from attnlab.attention.multihead import MultiHeadAttention
from attnlab.attention.scores import SCORES
from attnlab.support.errors import UsageError
from tests.conftest import attention_config, score_config

BATCH, QUERIES, KEYS, SIZE = 2, 3, 5, 7


def by_formula(name, score, query, key, place):
    """One pair of vectors at a time, from the papers; `place` is how many keys stand before."""
    if name == "dot":
        return sum(q * k for q, k in zip(query, key, strict=True))
    if name == "scaled_dot":
        return sum(q * k for q, k in zip(query, key, strict=True)) / math.sqrt(len(query))
    if name == "general":
        weight = score.key_weight.weight
        return sum(
            query[i] * weight[i, j] * key[j] for i in range(len(query)) for j in range(len(key))
        )
    if name == "additive":
        query_weight, key_weight = score.query_weight.weight, score.key_weight.weight
        total = 0.0
        for unit, weight in enumerate(score.hidden_weight.weight[0]):
            inner = sum(query_weight[unit, i] * query[i] for i in range(len(query)))
            inner += sum(key_weight[unit, j] * key[j] for j in range(len(key)))
            total += weight * math.tanh(inner)
        return total
    if name == "cosine":
        return score.sharpness * F.cosine_similarity(query, key, dim=0)
    if name == "location":
        row = score.weight[min(place, len(score.weight) - 1)]
        return sum(w * q for w, q in zip(row, query, strict=True))
    assert name == "gaussian"
    return -(score.width**2) * sum((q - k) ** 2 for q, k in zip(query, key, strict=True)) / 2


@pytest.mark.parametrize("name", list(SCORES))
@torch.no_grad()
def test_score_equals_its_formula_in_loops(name):
    score = SCORES.build(score_config(name), SIZE, SIZE).double()
    query = torch.randn(BATCH, QUERIES, SIZE, dtype=torch.float64)
    key = torch.randn(BATCH, KEYS, SIZE, dtype=torch.float64)
    scores = score.compare(score.project_query(query), score.project_key(key))
    assert scores.shape == (BATCH, QUERIES, KEYS)
    for b in range(BATCH):
        for i in range(QUERIES):
            for j in range(KEYS):
                expected = float(by_formula(name, score, query[b, i], key[b, j], j))
                assert scores[b, i, j].item() == pytest.approx(expected, abs=1e-10)


@pytest.mark.parametrize("name", list(SCORES))
def test_heads_are_scored_as_if_alone(name):
    score = SCORES.build(score_config(name), SIZE, SIZE).double()
    query = torch.randn(BATCH, 11, QUERIES, SIZE, dtype=torch.float64)
    key = torch.randn(BATCH, 11, KEYS, SIZE, dtype=torch.float64)
    together = score.compare(score.project_query(query), score.project_key(key))
    alone = score.compare(score.project_query(query[:, 4]), score.project_key(key[:, 4]))
    torch.testing.assert_close(together[:, 4], alone)


@pytest.mark.parametrize("name", list(SCORES))
def test_dot_scale_equals_compare(name):
    score = SCORES.build(score_config(name), SIZE, SIZE).double()
    if score.dot_scale is None:
        return
    query = score.project_query(torch.randn(BATCH, QUERIES, SIZE, dtype=torch.float64))
    key = score.project_key(torch.randn(BATCH, KEYS, SIZE, dtype=torch.float64))
    torch.testing.assert_close(score.compare(query, key), score.dot_scale * query @ key.mT)


def test_names_are_listed_in_the_order_of_tables():
    known = ["dot", "scaled_dot", "general", "additive", "cosine", "gaussian", "location"]
    assert [name for name in SCORES if name in known] == known


UNEQUAL = ["general", "additive", "location"]


@pytest.mark.parametrize("name", UNEQUAL)
def test_sizes_of_queries_and_keys_may_differ(name):
    score = SCORES.build(score_config(name), SIZE, 11)
    query = score.project_query(torch.randn(BATCH, QUERIES, SIZE))
    key = score.project_key(torch.randn(BATCH, KEYS, 11))
    assert score.compare(query, key).shape == (BATCH, QUERIES, KEYS)


@pytest.mark.parametrize("name", [name for name in SCORES if name not in UNEQUAL])
def test_unequal_sizes_are_refused_by_name_with_the_scores_that_take_them(name):
    remedies = " or ".join(f"score={each}" for each in UNEQUAL)
    with pytest.raises(
        UsageError, match=rf"score={name} .* 7 features and keys 11; use {remedies}"
    ):
        SCORES.build(score_config(name), SIZE, 11)


def test_a_cosine_ignores_lengths_and_starts_at_the_scale_of_a_scaled_product():
    score = SCORES.build(score_config("cosine"), 64, 64)
    assert score.sharpness.item() == 8
    query, key = torch.randn(1, 1000, 64), torch.randn(1, 7, 64)
    plain = score.compare(score.project_query(query), score.project_key(key))
    longer = score.compare(score.project_query(100 * query), score.project_key(0.01 * key))
    torch.testing.assert_close(longer, plain)
    assert plain.std().item() == pytest.approx(1, abs=0.05)
    given = SCORES.build(score_config("cosine", sharpness=3.0), 64, 64)
    assert given.sharpness.item() == 3


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
def test_the_cosine_of_a_vector_without_length_is_zero(dtype):
    score = SCORES.build(score_config("cosine"), SIZE, SIZE).to(dtype)
    nothing = torch.zeros(1, 2, SIZE, dtype=dtype, requires_grad=True)
    key = torch.randn(1, 3, SIZE).to(dtype)
    scores = score.compare(score.project_query(nothing), score.project_key(key))
    assert not scores.any()
    scores.sum().backward()
    assert nothing.grad.isfinite().all()


def test_a_location_is_a_place_whatever_stands_there():
    score = SCORES.build(score_config("location", longest=3), SIZE, 11)
    assert (score.weight.shape, score.reads_keys) == ((3, SIZE), False)
    query = torch.randn(BATCH, QUERIES, SIZE)
    found = [
        score.compare(query, score.project_key(torch.randn(BATCH, KEYS, 11))) for _ in range(2)
    ]
    torch.testing.assert_close(found[0], found[1])
    by_places = F.linear(query, score.weight)
    torch.testing.assert_close(found[0][..., :3], by_places)
    torch.testing.assert_close(found[0][..., 3:], by_places[..., 2:].expand(-1, -1, KEYS - 3))


def test_no_keys_are_projected_for_a_score_that_reads_none():
    attention = MultiHeadAttention(attention_config("location"), 12, 3)
    assert attention.key_weight is None
    x = torch.randn(BATCH, KEYS, 12)
    attention(x, attention.prepare(x, x)).square().sum().backward()
    assert all(parameter.grad.any() for parameter in attention.parameters())


def test_additive_hidden_size_is_the_querys_unless_given():
    assert SCORES.build(score_config("additive"), 7, 11).hidden_weight.in_features == 7
    given = SCORES.build(score_config("additive", hidden_size=5), 7, 11)
    assert given.hidden_weight.in_features == 5


def test_unknown_score_names_the_choices():
    config = score_config("dot")
    config.name = "cubic"
    with pytest.raises(UsageError, match=r"unknown score 'cubic'; choose one of: .*scaled_dot"):
        SCORES.build(config, 3, 3)


def test_a_gaussian_width_by_dimension_scales_each_feature():
    score = SCORES.build(score_config("gaussian", by_dimension=True, width=1.5), 3, 3).double()
    widths = torch.tensor([0.5, 2.0, 1.0], dtype=torch.float64)
    torch.testing.assert_close(score.width, torch.full((3,), 1.5).double())
    with torch.no_grad():
        score.width.copy_(widths)
    query, key = torch.randn(2, 5, 3).double(), torch.randn(2, 7, 3).double()
    projected = score.project_query(query), score.project_key(key)
    expected = -((query * widths).unsqueeze(2) - (key * widths).unsqueeze(1)).square().sum(-1) / 2
    torch.testing.assert_close(score.compare(*projected), expected)
    torch.testing.assert_close(score.factor * score.terms(*projected).sum(-1), expected)
    assert "∘" in score.formula
