"""The kinds of weights that queries may put on keys: all are weighted sums of the same values.

Every row is a query's and sums to 1. The more general kind holds the special ones before it.
"""

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from attnlab.support.errors import UsageError

Weights = NDArray[np.float64]


def identity(size: int, generator: np.random.Generator) -> Weights:  # noqa: ARG001
    """Each query looks at its own key alone, and gets its own value back."""
    return np.eye(size)


def uniform(size: int, generator: np.random.Generator) -> Weights:  # noqa: ARG001
    """Every key counts alike, 1/size: average pooling."""
    return np.full((size, size), 1 / size)


def one_hot(size: int, generator: np.random.Generator) -> Weights:
    """Each query looks at one key, as a look-up in a database does; which one is drawn."""
    return np.eye(size)[generator.integers(size, size=size)]


def convex(size: int, generator: np.random.Generator) -> Weights:
    """Any weights of at least 0 that sum to 1: the softmax of scores drawn from N(0, 2²)."""
    scores = generator.normal(scale=2.0, size=(size, size))
    exponentials = np.exp(scores - scores.max(axis=1, keepdims=True))
    weights: Weights = exponentials / exponentials.sum(axis=1, keepdims=True)
    return weights


REGIMES: dict[str, tuple[str, Callable[[int, np.random.Generator], Weights]]] = {
    "identity": ("identity: each query finds its own key", identity),
    "uniform": ("uniform: all keys alike, an average", uniform),
    "one-hot": ("one-hot: one key each, a look-up", one_hot),
    "convex": ("convex: at least 0, and 1 in sum", convex),
}
"""What each is, in a few words, and how its weights are made."""


def regime(name: str, size: int, seed: int) -> Weights:
    """Weights of shape (queries, keys) = (size, size); equal seeds give equal weights.

    Raises:
        UsageError: there is no such kind.
    """
    if name not in REGIMES:
        raise UsageError(f"unknown kind of weights '{name}'; choose one of: {', '.join(REGIMES)}")
    return REGIMES[name][1](size, np.random.default_rng(seed))
