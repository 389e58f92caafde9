"""Coverage against the formulas of See et al. 2017, written out in numpy."""

import numpy as np
import pytest
import torch

from attnlab.attention.pooling import AttentionPooling
from attnlab.attention.scores import SCORES
from attnlab.models.source_attention import Coverage
from tests.conftest import score_config

BATCH, KEYS, QUERY_SIZE, KEY_SIZE = 2, 5, 7, 7


def built(name):
    """A score whose coverage has been learnt, a query, keys, and what was covered of them."""
    score = SCORES.build(score_config(name), QUERY_SIZE, KEY_SIZE)
    coverage = Coverage(score, KEY_SIZE).double()
    score.double()
    query = torch.randn(BATCH, 1, QUERY_SIZE).double()
    key = torch.randn(BATCH, KEYS, KEY_SIZE).double()
    return score, coverage, query, key, torch.rand(BATCH, KEYS).double() * 3


def scored(score, coverage, query, key, covered):
    memory = AttentionPooling(score).prepare(key, key)
    moved = coverage(score, memory, covered)
    assert torch.equal(moved.value, key)
    return score.compare(score.project_query(query), moved.key).squeeze(1)


@pytest.mark.parametrize("name", list(SCORES))
def test_at_first_it_is_attention_without_coverage(name):
    score, coverage, query, key, covered = built(name)
    plain = score.compare(score.project_query(query), score.project_key(key)).squeeze(1)
    torch.testing.assert_close(scored(score, coverage, query, key, covered), plain)


@pytest.mark.parametrize("name", [name for name in SCORES if name != "location"])
def test_a_trained_coverage_distinguishes_attended_keys(name):
    score, coverage, query, key, covered = built(name)
    torch.nn.init.normal_(coverage.weight)
    before = scored(score, coverage, query, key, torch.zeros_like(covered))
    covered[:, 2] = 0
    after = scored(score, coverage, query, key, covered)
    changed = (after - before).abs() > 1e-6
    assert changed.tolist() == [[True, True, False, True, True]] * BATCH


def by_hand(name, weights, q, k, j, moved_by):
    """One key's score, with `moved_by` = w_c c_j."""
    if name == "additive":  # equation 11
        inner = weights["key_weight.weight"] @ k + weights["query_weight.weight"] @ q + moved_by
        return weights["hidden_weight.weight"][0] @ np.tanh(inner)
    if name == "gaussian":
        w = weights["width"]
        return -((w * q - (w * k + moved_by)) ** 2).sum() / 2
    if name == "location":
        return q @ (weights["weight"][j] + moved_by)
    if name == "cosine":
        unit_q, unit_k = q / np.linalg.norm(q), k / np.linalg.norm(k)
        return weights["sharpness"] * (unit_q @ (unit_k + moved_by))
    if name == "general":
        return q @ (weights["key_weight.weight"] @ k) + q @ moved_by
    assert name in ("dot", "scaled_dot")
    return (q @ k + q @ moved_by) / (np.sqrt(QUERY_SIZE) if name == "scaled_dot" else 1)


@pytest.mark.parametrize(
    "name", ["additive", "dot", "scaled_dot", "general", "gaussian", "cosine", "location"]
)
def test_scores_by_hand(name):
    score, coverage, query, key, covered = built(name)
    torch.nn.init.normal_(coverage.weight)
    found = scored(score, coverage, query, key, covered)
    weights = {each: value.detach().numpy() for each, value in score.named_parameters()}
    w_c = coverage.weight.detach().numpy()
    for row in range(BATCH):
        for j in range(KEYS):
            moved_by = w_c * covered[row, j].item()
            expected = by_hand(
                name, weights, query[row, 0].numpy(), key[row, j].numpy(), j, moved_by
            )
            assert found[row, j].item() == pytest.approx(expected, abs=1e-10)


@pytest.mark.parametrize("name", list(SCORES))
def test_terms_of_moved_keys_still_sum_up_to_the_score(name):
    score, coverage, query, key, covered = built(name)
    torch.nn.init.normal_(coverage.weight)
    moved = coverage(score, AttentionPooling(score).prepare(key, key), covered).key
    projected = score.project_query(query)
    terms = score.terms(projected, moved)
    torch.testing.assert_close(score.factor * terms.sum(-1), score.compare(projected, moved))
