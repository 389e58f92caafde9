"""How widely an attention looks: the entropy of its weights.

Arrays only. Knows no model and no words.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True)
class Entropy:
    """The mean over some queries, in `nats`, and `normalised` to 0 for one key, 1 for all alike."""

    nats: float
    normalised: float


def row_entropies(weights: NDArray[Any]) -> NDArray[Any]:
    """Shannon's `H = -Σ_j a_j log a_j` of each query's weights a, in nats, with 0 log 0 = 0.

    (…, queries, keys) -> (…, queries). From 0, where one key has all the weight, to the logarithm
    of the number of keys, where all have the same.
    """
    logarithms = np.log(weights, where=weights > 0, out=np.zeros_like(weights))
    entropies: NDArray[Any] = -(weights * logarithms).sum(axis=-1)
    return entropies


def head_entropies(weights: NDArray[Any], visible: NDArray[np.bool_]) -> list[Entropy]:
    """Each head's mean over all queries that have a choice: over those that may see two keys.

    `weights`: (batch, heads, queries, keys). `visible`, (batch, queries, keys), is True where a
    query may see a key; a row of padding sees none. Normalised, an entropy is divided by the
    logarithm of how many keys its query may see, so that short sentences and long ones, and a
    target's first words and its last, can be compared. Where no query has a choice, both are 0.
    """
    keys = visible.sum(axis=-1)
    choosing = keys > 1
    of_rows = row_entropies(weights).swapaxes(0, 1)[:, choosing]  # (heads, rows that choose)
    if not choosing.any():
        return [Entropy(0.0, 0.0) for _ in of_rows]
    shares = of_rows / np.log(keys[choosing])
    return [
        Entropy(float(nats), float(share))
        for nats, share in zip(of_rows.mean(axis=1), shares.mean(axis=1), strict=True)
    ]
