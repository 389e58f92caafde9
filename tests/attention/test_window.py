"""Windows against Luong et al. 2015's formulas, written out key by key in numpy."""

import math

import numpy as np
import pytest
import torch

from attnlab.attention.window import WINDOWS, MonotonicWindow, PredictiveWindow, build_window
from attnlab.support.errors import UsageError

SIZE, KEYS, QUERIES = 5, 11, 7
LENGTHS = [11, 6, 1]


def asked(queries=QUERIES):
    mask = torch.arange(KEYS) < torch.tensor(LENGTHS).unsqueeze(1)
    return torch.randn(len(LENGTHS), queries, SIZE, dtype=torch.float64), mask.unsqueeze(1)


@pytest.mark.parametrize("start", [0, 3])
@pytest.mark.parametrize("radius", [1, 2, 10])
def test_a_monotonic_window_goes_with_the_steps_and_stays_at_the_end(radius, start):
    query, mask = asked()
    found = MonotonicWindow(radius)(query, mask, start).numpy()
    for row, length in enumerate(LENGTHS):
        for number in range(QUERIES):
            centre = min(start + number + 1, length)
            for position in range(1, length + 1):
                expected = 1.0 if centre - radius <= position <= centre + radius else 0.0
                assert found[row, number, position - 1] == expected


@pytest.mark.parametrize("radius", [1, 2, 10])
def test_a_predictive_window_is_equations_9_and_10(radius):
    query, mask = asked()
    window = PredictiveWindow(radius, SIZE).double()
    torch.nn.init.normal_(window.hidden_weight.weight, std=3)  # windows all over the sentence
    found = window(query, mask).detach().numpy()
    inner, outer = (weight.detach().numpy() for weight in window.parameters())
    centres = set()
    for row, length in enumerate(LENGTHS):
        for number in range(QUERIES):
            h = query[row, number].numpy()
            p = length / (1 + np.exp(-outer[0] @ np.tanh(inner @ h)))
            centres.add(round(p))
            for s in range(1, length + 1):
                sigma = radius / 2
                near = p - radius <= s <= p + radius
                expected = math.exp(-((s - p) ** 2) / (2 * sigma**2)) if near else 0.0
                assert found[row, number, s - 1] == pytest.approx(expected, abs=1e-12)
    assert len(centres) > 5


@pytest.mark.parametrize("name", ["local_m", "local_p"])
def test_every_query_sees_a_key_and_learns_where_to_look(name):
    query, mask = asked(queries=40)
    window = build_window(name, 1, SIZE).double()
    factors = window(query, mask) * mask
    assert (factors > 0).any(-1).all()
    assert (factors <= 1).all()
    if name == "local_p":
        factors.square().sum().backward()
        assert all(weight.grad.any() for weight in window.parameters())


@pytest.mark.parametrize("name", ["local_m", "local_p"])
def test_half_precision_queries_find_their_place_in_a_long_sentence(name):
    mask = torch.ones(1, 1, 400, dtype=torch.bool)
    query = torch.randn(1, 300, SIZE)
    window = build_window(name, 2, SIZE)
    found = window.to(torch.bfloat16)(query.bfloat16(), mask)
    assert found.dtype == torch.float32
    assert (found.amax(-1) > 0.6).all()  # the nearest key is half a step away: exp(-2 / 16) = 0.88


def test_names():
    assert build_window("global", 3, SIZE) is None
    assert {"local_m", "local_p"} < set(WINDOWS)
    with pytest.raises(
        UsageError, match=r"model.window=narrow is none of: global, local_m, local_p"
    ):
        build_window("narrow", 3, SIZE)
