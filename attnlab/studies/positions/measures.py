"""Properties of positional encodings, measured on arrays."""

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]


def speeds(size: int, base: float = 10_000.0) -> Array:
    """Radians a position by which each pair of features rotates: `base^(-2i/size)`, (size // 2)."""
    return float(base) ** (-2 * np.arange(size // 2) / size)


def rotation_deviation(table: Array) -> float:
    """The largest deviation from `p_{i+δ} = R(δ) p_i` among all positions i and offsets δ.

    `table`, (length, size), has sines in even columns and cosines in odd ones; R(δ) rotates
    each such pair by δ times its speed (Vaswani et al. 2017, section 3.5).
    """
    length, size = table.shape
    sine, cosine = table[:, 0 : size // 2 * 2 : 2], table[:, 1::2]
    angle = np.outer(np.arange(length), speeds(size))
    largest = 0.0
    for offset, (cosine_of_offset, sine_of_offset) in enumerate(
        zip(np.cos(angle), np.sin(angle), strict=True)
    ):
        first, second = sine[: length - offset], cosine[: length - offset]
        expected = (
            cosine_of_offset * first + sine_of_offset * second,
            cosine_of_offset * second - sine_of_offset * first,
        )
        for pair, found in zip(expected, (sine[offset:], cosine[offset:]), strict=True):
            largest = max(largest, float(np.abs(pair - found).max(initial=0.0)))
    return largest


def offset_deviation(matrix: Array) -> float:
    """The largest difference of two entries of one offset in (queries, keys); NaN is left out."""
    queries, keys = matrix.shape
    diagonals = (np.diagonal(matrix, offset) for offset in range(1 - queries, keys))
    known = (diagonal[~np.isnan(diagonal)] for diagonal in diagonals)
    return float(max((np.ptp(each) for each in known if len(each)), default=0.0))


def cosines(table: Array) -> Array:
    """Cosine of any two rows of (length, size); of a row of zeros, 0."""
    norms = np.linalg.norm(table, axis=1, keepdims=True)
    unit = np.divide(table, norms, out=np.zeros_like(table), where=norms > 0)
    found: Array = unit @ unit.T
    return found


def rotated_product(offsets: Array, size: int, base: float) -> Array:
    """The product of a vector of ones with itself, rotated by each offset; 1 at offset 0.

    `Σ_i cos(δ θ_i) / (size / 2)`.
    """
    product: Array = np.cos(np.outer(offsets, speeds(size, base))).mean(axis=1)
    return product


def decay_bound(offsets: Array, size: int, base: float) -> Array:
    """Su et al. 2021, section 3.4.3: `Σ_j |S_j| / (size / 2)`, where `S_j = Σ_{i<j} e^{δ θ_i √-1}`.

    Products of rotated queries and keys are bounded by this times a factor that depends on them.
    """
    turned = np.exp(1j * np.outer(offsets, speeds(size, base)))
    bound: Array = np.abs(turned.cumsum(axis=1)).mean(axis=1)
    return bound


def binary_digits(numbers: int, digits: int) -> NDArray[np.int64]:
    """Binary digits of 0, 1, …, the ones first: (numbers, digits)."""
    return np.arange(numbers)[:, np.newaxis] >> np.arange(digits) & 1
