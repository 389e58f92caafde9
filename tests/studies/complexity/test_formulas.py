"""Formulas by hand, and the fall of values whose law is known."""

import numpy as np
import pytest

from attnlab.studies.complexity.formulas import (
    CONVOLUTION,
    FORMULAS,
    RECURRENT,
    SELF_ATTENTION,
    Fall,
    Sizes,
    crossing,
    fall,
    layers_to_reach,
    paths,
)

SIZES = Sizes(size=128, width=3, restriction=16)
LENGTHS = [16, 32, 64, 128, 256]


def test_multiplications_of_ten_tokens_of_two_features():
    of = Sizes(size=2, width=5, restriction=3)
    counts = {each.name: each.multiply_adds for each in FORMULAS}
    # Four projections of 10 × 2 × 2; 10 × 10 scores of 2 terms each, and averages of 10 values.
    assert counts[SELF_ATTENTION](10, of) == 4 * 40 + 2 * 200
    assert counts[RECURRENT](10, of) == 6 * 40
    assert counts[CONVOLUTION](10, of) == 5 * 10 * 2 * 4
    assert counts["restricted self-attention"] is None


def test_attention_costs_more_than_recurrence_behind_the_number_of_features():
    assert crossing(SIZES, SELF_ATTENTION, RECURRENT, 10_000) == 129  # 2 n² d > 2 n d²
    assert crossing(SIZES, SELF_ATTENTION, RECURRENT, 128) is None
    assert crossing(SIZES, CONVOLUTION, RECURRENT, 500) is None  # k = 3: as many
    with pytest.raises(ValueError, match="no count"):
        crossing(SIZES, "restricted self-attention", RECURRENT, 10)


def test_paths_by_hand():
    found = paths(81, SIZES)
    assert (found.self_attention, found.recurrent, found.convolution) == (1, 81, 40)
    assert (found.dilated, found.restricted) == (4, 6)  # 3⁴ = 81; 81 / 16
    assert paths(82, SIZES).dilated == 5


@pytest.mark.parametrize(
    ("length", "width", "layers"), [(1, 3, 1), (3, 3, 1), (4, 3, 2), (9, 5, 2)]
)
def test_stacked_windows_reach_as_far_as_they_are_wide(length, width, layers):
    assert layers_to_reach(length, width) == layers
    assert layers * (width - 1) + 1 >= length


def test_a_power_and_a_halving_are_told_apart():
    lengths = np.array(LENGTHS)
    power, halving = fall(LENGTHS, 5 / lengths**0.8), fall(LENGTHS, 0.5 ** (lengths / 6.5))
    assert power.exponent == pytest.approx(-0.8)
    assert power.tokens_to_halve is None
    assert halving.tokens_to_halve == pytest.approx(6.5)
    assert halving.exponent is None
    assert fall(LENGTHS, [1.0] * 5) == Fall()
    assert fall(LENGTHS, [1, 1, 1, 1e-200, 0.0]) == Fall()
