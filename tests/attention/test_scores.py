"""Scoring functions against their formulas, written out pair by pair in float64."""

import math

import pytest
import torch

from attnlab.attention.scores import SCORES
from attnlab.errors import UsageError
from tests.conftest import score_config

BATCH, QUERIES, KEYS, SIZE = 2, 3, 5, 7


def by_formula(name, score, query, key):
    """One pair of vectors at a time, from the papers."""
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
    assert name == "gaussian"
    return -(score.width**2) * sum((q - k) ** 2 for q, k in zip(query, key, strict=True)) / 2


@pytest.mark.parametrize("name", ["dot", "scaled_dot", "general", "additive", "gaussian"])
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
                expected = float(by_formula(name, score, query[b, i], key[b, j]))
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
def test_dot_scale_says_what_compare_does(name):
    score = SCORES.build(score_config(name), SIZE, SIZE).double()
    if score.dot_scale is None:
        return
    query = score.project_query(torch.randn(BATCH, QUERIES, SIZE, dtype=torch.float64))
    key = score.project_key(torch.randn(BATCH, KEYS, SIZE, dtype=torch.float64))
    torch.testing.assert_close(score.compare(query, key), score.dot_scale * query @ key.mT)


@pytest.mark.parametrize("name", ["general", "additive"])
def test_sizes_of_queries_and_keys_may_differ(name):
    score = SCORES.build(score_config(name), SIZE, 11)
    query = score.project_query(torch.randn(BATCH, QUERIES, SIZE))
    key = score.project_key(torch.randn(BATCH, KEYS, 11))
    assert score.compare(query, key).shape == (BATCH, QUERIES, KEYS)


@pytest.mark.parametrize("name", ["dot", "scaled_dot", "gaussian"])
def test_unequal_sizes_are_refused_by_name(name):
    with pytest.raises(UsageError, match=rf"score={name} .* 7 features and keys 11"):
        SCORES.build(score_config(name), SIZE, 11)


def test_additive_hidden_size_is_the_querys_unless_given():
    assert SCORES.build(score_config("additive"), 7, 11).hidden_weight.in_features == 7
    given = SCORES.build(score_config("additive", hidden_size=5), 7, 11)
    assert given.hidden_weight.in_features == 5
    with pytest.raises(UsageError, match=r"score.hidden_size=0 must be at least 1"):
        SCORES.build(score_config("additive", hidden_size=0), 7, 11)


def test_unknown_score_names_the_choices():
    config = score_config("dot")
    config.name = "cubic"
    with pytest.raises(UsageError, match=r"unknown score 'cubic'; choose one of: .*scaled_dot"):
        SCORES.build(config, 3, 3)
