"""Figures of positions against sums written out, and against tables that break the promise."""

import cmath
import math

import numpy as np
import pytest

from attnlab.attention.positions.absolute import sinusoids
from attnlab.studies.positions.measures import (
    binary_digits,
    cosines,
    decay_bound,
    offset_deviation,
    rotated_product,
    rotation_deviation,
    speeds,
)


def table(length, size):
    rows = [
        [
            (math.cos if column % 2 else math.sin)(place / 10_000 ** (2 * (column // 2) / size))
            for column in range(size)
        ]
        for place in range(length)
    ]
    return np.array(rows)


@pytest.mark.parametrize("size", [8, 7])
def test_sinusoids_turn_by_their_offset(size):
    assert rotation_deviation(table(40, size)) < 1e-12
    assert rotation_deviation(sinusoids(0, 40, size).double().numpy()) < 1e-6


def test_a_table_that_does_not_turn_is_found_out():
    broken = table(40, 8)
    broken[25, 3] += 0.5
    # From and to the broken place: what it is turned into, or what is turned into it, is off.
    assert rotation_deviation(broken) == pytest.approx(0.5, abs=1e-9)
    assert rotation_deviation(np.random.default_rng(1).normal(size=(40, 8))) > 1


def test_the_largest_difference_along_diagonals():
    matrix = np.array([[1.0, 5.0, 7.0], [2.0, 1.5, 5.0], [np.nan, 2.25, 1.0]])
    assert offset_deviation(matrix) == 0.5  # 1, 1.5, 1; and 0.25 of 2, 2.25
    assert offset_deviation(np.array([[3.0, np.nan], [4.0, 3.0]])) == 0


def test_cosines_by_hand():
    found = cosines(np.array([[3.0, 4.0], [-6.0, -8.0], [4.0, -3.0], [0.0, 0.0]]))
    expected = [[1, -1, 0, 0], [-1, 1, 0, 0], [0, 0, 1, 0], [0, 0, 0, 0]]
    np.testing.assert_allclose(found, expected, atol=1e-12)


def test_speeds_of_a_base():
    np.testing.assert_allclose(speeds(4, 100.0), [1.0, 0.1])


def test_rotated_products_and_their_bound_by_hand():
    offsets = np.array([0.0, 3.0])
    turned = [cmath.exp(3j), cmath.exp(0.3j)]  # two pairs, of speeds 1 and 0.1
    products = rotated_product(offsets, 4, 100.0)
    np.testing.assert_allclose(products, [1.0, (turned[0].real + turned[1].real) / 2])
    bound = (abs(turned[0]) + abs(turned[0] + turned[1])) / 2
    np.testing.assert_allclose(decay_bound(offsets, 4, 100.0), [(1 + 2) / 2, bound])


def test_the_bound_holds_for_random_queries_and_keys():
    # Su et al. 2021, equation 37, with h_i the product of a query's and a key's i-th pair.
    draws = np.random.default_rng(1)
    size, offsets = 16, np.arange(1.0, 90.0)
    h = draws.normal(size=size // 2) + 1j * draws.normal(size=size // 2)
    sums = np.abs(np.exp(1j * np.outer(offsets, speeds(size))) @ h)
    steps = np.abs(np.diff(np.append(h, 0)))
    assert (sums <= steps.max() * decay_bound(offsets, size, 10_000.0) * (size / 2) + 1e-9).all()


def test_binary_digits_are_pythons():
    expected = [[int(digit) for digit in reversed(f"{n:03b}")] for n in range(8)]
    np.testing.assert_array_equal(binary_digits(8, 3), expected)
