"""Normalisers against solvers that know nothing of their closed forms, and by their properties."""

import math

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import brentq, minimize

from attnlab.attention.normalisers import NORMALISERS
from attnlab.attention.pooling import AttentionPooling
from attnlab.attention.scores import SCORES
from tests.conftest import normaliser_config, score_config

BATCH, QUERIES, KEYS = 2, 3, 5
SPARSE = {"sparsemax": 2.0, "entmax15": 1.5}
every_normaliser = pytest.mark.parametrize("name", list(NORMALISERS))
every_sparse_one = pytest.mark.parametrize(("name", "alpha"), list(SPARSE.items()))


def build(name, **changes):
    return NORMALISERS.build(normaliser_config(name, **changes)).double()


def test_names_are_listed_in_the_order_of_tables():
    known = ["softmax", "temperature", "sparsemax", "entmax15"]
    assert [name for name in NORMALISERS if name in known] == known


def by_bisection(scores, alpha):
    """The α-entmax by its threshold, found by a root finder and no sorting."""
    z = (alpha - 1) * np.asarray(scores)

    def weights(threshold):
        return np.maximum(0, z - threshold) ** (1 / (alpha - 1))

    threshold = brentq(lambda each: weights(each).sum() - 1, z.max() - 1, z.max(), xtol=1e-14)
    return weights(threshold)


def regularised(p, scores, alpha):
    """What the α-entmax makes greatest: `p · z` plus Tsallis's entropy (Peters et al. 2019)."""
    return p @ scores + ((p - p**alpha) / (alpha * (alpha - 1))).sum()


@every_sparse_one
def test_weights_are_those_of_a_root_finder(name, alpha):
    scores = 3 * torch.randn(50, 17, dtype=torch.float64)
    expected = np.stack([by_bisection(row, alpha) for row in scores.numpy()])
    weights = build(name)(scores, None)
    np.testing.assert_allclose(weights.numpy(), expected, atol=1e-12)
    zeros = (weights == 0).double().mean().item()
    assert 0.3 < zeros < 1, "much of it is exactly zero"


@every_sparse_one
def test_weights_are_those_that_a_general_optimiser_finds(name, alpha):
    for scores in torch.randn(5, 4, dtype=torch.float64).numpy():
        found = minimize(
            lambda p, z=scores: -regularised(p, z, alpha),
            np.full(4, 0.25),
            bounds=[(0, 1)] * 4,
            constraints={"type": "eq", "fun": lambda p: p.sum() - 1},
            method="SLSQP",
            options={"ftol": 1e-14},
        )
        ours = build(name)(torch.from_numpy(scores[None]), None)[0].numpy()
        np.testing.assert_allclose(ours, found.x, atol=1e-5)


def test_the_sparsemax_is_the_nearest_point_of_the_simplex():
    scores = 2 * torch.randn(1, 6, dtype=torch.float64)
    nearest = build("sparsemax")(scores, None)
    others = torch.distributions.Dirichlet(torch.ones(6).double()).sample((20_000,))
    assert (others - scores).norm(dim=1).min() > (nearest - scores).norm()


def test_sparsemax_and_entmax_by_hand():
    scores = torch.tensor([[1.0, 0.5, -1.0]]).double()
    # sparsemax: 1 and 0.5 stay; τ = (1.5 - 1) / 2 = 0.25.
    expected = torch.tensor([[0.75, 0.25, 0.0]]).double()
    torch.testing.assert_close(build("sparsemax")(scores, None), expected)
    # 1.5-entmax of (0, 0) z/2 - τ = √½; of (4, 0) the second is 2 or more below.
    even, far = torch.tensor([[0.0, 0.0]]).double(), torch.tensor([[4.0, 0.0]]).double()
    torch.testing.assert_close(build("entmax15")(even, None), torch.full((1, 2), 0.5).double())
    assert build("entmax15")(far, None).tolist() == [[1.0, 0.0]]


SCORES_OF_A_ROW = st.lists(
    st.floats(-30, 30, allow_nan=False, allow_subnormal=False), min_size=1, max_size=12
)


@every_normaliser
@given(scores=SCORES_OF_A_ROW, shift=st.floats(-20, 20), seed=st.integers(0, 99))
@settings(max_examples=60, deadline=None)
def test_what_holds_for_all_weights(name, scores, shift, seed):
    normaliser = build(name)
    scores = torch.tensor([scores], dtype=torch.float64)
    weights = normaliser(scores, None)
    assert (weights >= 0).all()
    assert weights.sum().item() == pytest.approx(1, abs=1e-9)
    torch.testing.assert_close(normaliser(scores + shift, None), weights, atol=1e-9, rtol=1e-9)
    order = torch.randperm(scores.size(1), generator=torch.Generator().manual_seed(seed))
    torch.testing.assert_close(normaliser(scores[:, order], None), weights[:, order])
    better = scores[:, :, None] > scores[:, None]
    assert (weights[:, :, None] >= weights[:, None])[better].all(), "a better key has no less"
    hidden = torch.cat([scores, scores + 50], dim=1)
    mask = torch.arange(hidden.size(1)) < scores.size(1)
    masked = normaliser(hidden, mask)
    torch.testing.assert_close(masked[:, : scores.size(1)], weights)
    assert not masked[:, scores.size(1) :].any()


@every_sparse_one
@given(scores=SCORES_OF_A_ROW)
@settings(max_examples=60, deadline=None)
def test_weight_is_where_scores_are_near_the_best(name, alpha, scores):
    scores = torch.tensor([scores], dtype=torch.float64)
    far = scores <= scores.max() - 1 / (alpha - 1)
    assert not build(name)(scores, None)[far].any()


@every_normaliser
@pytest.mark.parametrize("dtype", [torch.float32, torch.float16, torch.bfloat16])
def test_rows_that_see_nothing_and_great_scores_in_any_precision(name, dtype):
    scores = (100 * torch.randn(BATCH, QUERIES, KEYS)).to(dtype).requires_grad_()
    mask = torch.rand(BATCH, QUERIES, KEYS) < 0.6
    mask[..., 0] = True
    mask[1, 2] = False
    weights = build(name).to(dtype)(scores, mask)
    assert weights.dtype == dtype
    assert not weights[~mask].any()
    sums = weights.sum(-1).float()
    assert sums[1, 2] == 0
    sums[1, 2] = 1
    torch.testing.assert_close(sums, torch.ones(BATCH, QUERIES), atol=1e-2, rtol=0)
    (weights * torch.randn(KEYS).to(dtype)).sum().backward()
    assert scores.grad.isfinite().all()
    assert not scores.grad[~mask].any()


@every_normaliser
def test_gradients_are_those_of_finite_differences(name):
    scores = torch.randn(BATCH, QUERIES, KEYS, dtype=torch.float64, requires_grad=True)
    mask = torch.ones(BATCH, 1, KEYS, dtype=torch.bool)
    mask[0, :, 3:] = False
    normaliser = build(name)
    assert torch.autograd.gradcheck(lambda x: normaliser(x, mask), scores)
    assert torch.autograd.gradcheck(lambda x: normaliser(x, None), scores)


@every_normaliser
def test_what_is_no_number_stays_none(name):
    """Training then sees it and stops; it is no failure of a sort or an index."""
    weights = build(name)(torch.tensor([[1.0, torch.nan, 2.0], [1.0, 2.0, 3.0]]).double(), None)
    assert weights[0].isnan().all()
    assert weights[1].isfinite().all()


def test_the_limits_of_a_temperature():
    scores = torch.tensor([[1.0, 3.0, 2.9, -500.0]])
    one = build("temperature", temperature=1.0)(scores, None)
    torch.testing.assert_close(one, scores.softmax(-1))
    two = build("temperature", temperature=2.0)(scores, None)
    torch.testing.assert_close(two, (scores / 2).softmax(-1))
    cold = build("temperature", temperature=1e-4)(scores.half(), None)
    assert cold.tolist() == [[0, 1, 0, 0]]
    hot = build("temperature", temperature=1e6)(scores, None)
    torch.testing.assert_close(hot, torch.full((1, 4), 0.25), atol=1e-3, rtol=0)


def test_a_learnt_temperature_starts_where_it_is_told_and_stays_above_zero():
    learnt = build("temperature", temperature=0.5, learnt=True)
    fixed = build("temperature", temperature=0.5)
    scores = torch.randn(4, 7, dtype=torch.float64)
    torch.testing.assert_close(learnt(scores, None), fixed(scores, None))
    assert not list(fixed.parameters())
    assert torch.autograd.gradcheck(
        lambda logarithm: torch.func.functional_call(
            learnt, {"logarithm": logarithm}, (scores, None)
        ),
        torch.tensor(math.log(0.5), dtype=torch.float64, requires_grad=True),
    )
    with torch.no_grad():
        learnt.logarithm.sub_(50)
    assert learnt.softmax_factor > 0


@every_normaliser
@pytest.mark.parametrize("learnt", [False, True])
def test_watching_changes_nothing(name, learnt):
    if learnt and name != "temperature":
        pytest.skip("a temperature alone is learnt")
    normaliser = build(name, **({"learnt": learnt} if name == "temperature" else {}))
    pooling = AttentionPooling(SCORES.build(score_config("scaled_dot"), 7, 7), 0.0, normaliser)
    shapes = ((QUERIES, 7), (KEYS, 7), (KEYS, 11))
    query, key, value = (
        torch.randn(BATCH, *shape, dtype=torch.float64, requires_grad=True) for shape in shapes
    )
    mask = torch.ones(BATCH, 1, KEYS, dtype=torch.bool)
    mask[0, :, 3:] = False
    mask[1] = False
    found = []
    for observed in (False, True):
        if observed:
            pooling.observers.append(lambda step: None)
        answer = pooling(query, pooling.prepare(key, value), mask)
        wanted = [query, key, value, *pooling.parameters()]
        found.append([answer, *torch.autograd.grad(answer.square().sum(), wanted)])
    for unobserved, seen in zip(*found, strict=True):
        torch.testing.assert_close(seen, unobserved)


@every_normaliser
def test_every_normaliser_has_a_formula_for_what_it_has_learnt(name):
    normaliser = build(name)
    assert "z" in normaliser.formula
    learnt = build("temperature", learnt=True)
    assert set(learnt.symbols) == {name for name, _ in learnt.named_parameters()}
