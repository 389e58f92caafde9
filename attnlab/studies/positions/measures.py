"""What ways to tell positions promise, in numbers. Knows arrays alone: no model and no figure."""

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]


def speeds(size: int, base: float = 10_000.0) -> Array:
    """Radians a position that each pair of features turns by: `base^(-2i/size)`, (size // 2)."""
    return float(base) ** (-2 * np.arange(size // 2) / size)


def rotation_deviation(table: Array) -> float:
    """The largest deviation from `p_{i+δ} = R(δ) p_i` among all positions i and offsets δ.

    `table`, (length, size), holds sines in the even columns, cosines in the odd ones; R(δ) turns
    each such pair by δ times its speed (Vaswani et al. 2017, section 3.5).
    """
    length, size = table.shape
    sine, cosine = table[:, 0 : size // 2 * 2 : 2], table[:, 1::2]
    angle = np.outer(np.arange(length), speeds(size))
    largest = 0.0
    for offset, (turned_cosine, turned_sine) in enumerate(
        zip(np.cos(angle), np.sin(angle), strict=True)
    ):
        first, second = sine[: length - offset], cosine[: length - offset]
        expected = (
            turned_cosine * first + turned_sine * second,
            turned_cosine * second - turned_sine * first,
        )
        for pair, found in zip(expected, (sine[offset:], cosine[offset:]), strict=True):
            largest = max(largest, float(np.abs(pair - found).max(initial=0.0)))
    return largest


def offset_deviation(matrix: Array) -> float:
    """The largest difference between two entries of the same offset, (queries, keys); NaN apart."""
    queries, keys = matrix.shape
    diagonals = (np.diagonal(matrix, offset) for offset in range(1 - queries, keys))
    seen = (diagonal[~np.isnan(diagonal)] for diagonal in diagonals)
    return float(max((np.ptp(each) for each in seen if len(each)), default=0.0))


def cosines(table: Array) -> Array:
    """How alike any two rows of (length, size) are: 1 the same direction, 0 nothing in common."""
    norms = np.linalg.norm(table, axis=1, keepdims=True)
    unit = np.divide(table, norms, out=np.zeros_like(table), where=norms > 0)
    alike: Array = unit @ unit.T
    return alike


def turned_product(offsets: Array, size: int, base: float) -> Array:
    """The product of a vector of alike features with itself, turned by each offset; 1 at offset 0.

    `Σ_i cos(δ θ_i) / (size / 2)`.
    """
    product: Array = np.cos(np.outer(offsets, speeds(size, base))).mean(axis=1)
    return product


def decay_bound(offsets: Array, size: int, base: float) -> Array:
    """Su et al. 2021, section 3.4.3: `Σ_j |S_j| / (size / 2)`, where `S_j = Σ_{i<j} e^{δ θ_i √-1}`.

    Products of turned queries and keys are bounded by a multiple of it, which depends on them.
    """
    turned = np.exp(1j * np.outer(offsets, speeds(size, base)))
    bound: Array = np.abs(turned.cumsum(axis=1)).mean(axis=1)
    return bound


def binary_digits(numbers: int, digits: int) -> NDArray[np.int64]:
    """Of each of the first so many numbers its `digits`, the ones first: (numbers, digits)."""
    return np.arange(numbers)[:, np.newaxis] >> np.arange(digits) & 1
