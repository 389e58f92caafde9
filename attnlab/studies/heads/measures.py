"""What an attention head looks at, in numbers: how widely, how far, and at which places.

Arrays only. Knows no model, no words and no kinds of attention but this: in self-attention a
query's own place is among the keys, in cross-attention the keys are another sentence.

Every figure is a mean over the queries that have a choice, those that may see two keys or more: a
decoder's first query sees nothing but the beginning, and says nothing about its head.
"""

from collections.abc import Mapping
from dataclasses import dataclass, fields

import numpy as np
from numpy.typing import NDArray

from attnlab.evaluation.entropy import head_entropies

Weights = NDArray[np.floating]
Marks = NDArray[np.bool_]


@dataclass(frozen=True, kw_only=True)
class HeadFigures:
    """A head's figures; None where there is no such thing to look at.

    For a query at place i with weights a_ij over the keys j it may see, both counted from 0:

    Attributes:
        entropy_nats: `−Σ_j a_ij log a_ij`.
        entropy: the same, divided by the logarithm of the number of those keys: 0 to 1.
        confidence: `max_j a_ij` over the keys that are neither end nor beginning (Voita et al.
            2019, section 5.1): near 1, the head mostly points at one token.
        distance: `Σ_j a_ij |j − d_i|` in keys. d_i is the key on the straight line from the
            beginning of both sentences to their ends: i itself in self-attention, and
            `(i + ½) · keys / queries − ½` in cross-attention.
        diagonality: `1 − Σ_j a_ij |j − d_i| / max_j |j − d_i|`, after Zhang et al. 2021 ("On the
            Usefulness of Self-Attention for Automatic Speech Recognition with Transformers"): 1 on
            that line, about a half where all keys are alike.
        previous, same, following: `a_i,i−1`, `a_ii`, `a_i,i+1`, over the queries that may see
            that key (Voita et al. 2019's positional heads; Clark et al. 2019, section 3.1); of
            self-attention alone.
        beginning, end, punctuation: `Σ a_ij` over the keys of that sort (Clark et al. 2019,
            section 3.2).
    """

    entropy_nats: float | None
    entropy: float | None
    confidence: float | None
    distance: float | None
    diagonality: float | None
    previous: float | None
    same: float | None
    following: float | None
    beginning: float | None
    end: float | None
    punctuation: float | None


FIGURES = tuple(field.name for field in fields(HeadFigures))


@dataclass(frozen=True, kw_only=True)
class KeyMarks:
    """Which keys are of a sort, each (batch, keys); None where no sentence can have such a key."""

    beginning: Marks | None
    end: Marks | None
    punctuation: Marks


@dataclass(frozen=True)
class HeadSums:
    """Sums over queries, (heads,) for each figure, and over how many; sums of batches are added."""

    totals: Mapping[str, NDArray[np.float64]]
    counts: Mapping[str, int]

    def __add__(self, other: "HeadSums") -> "HeadSums":
        return HeadSums(
            {name: total + other.totals[name] for name, total in self.totals.items()},
            {name: count + other.counts[name] for name, count in self.counts.items()},
        )

    def figures(self) -> list[HeadFigures]:
        """The means, head by head."""
        heads = len(self.totals["entropy"])
        return [
            HeadFigures(
                **{
                    name: float(self.totals[name][head] / self.counts[name])
                    if self.counts.get(name)
                    else None
                    for name in FIGURES
                }
            )
            for head in range(heads)
        ]


def sum_heads(weights: Weights, visible: Marks, marks: KeyMarks, *, is_self: bool) -> HeadSums:
    """The figures of a batch, ready to be added to those of others.

    `weights`: (batch, heads, queries, keys). `visible`, (batch, queries, keys), is True where a
    query may see a key, and nowhere at padding, which changes nothing. `is_self`: queries and keys
    are the same places.
    """
    weights = weights.astype(np.float64, copy=False)
    choosing = visible.sum(axis=-1) > 1
    distances = _distances(visible)
    # (batch, heads, queries)
    mean_distance = np.einsum("bhqk,bqk->bhq", weights, np.where(visible, distances, 0.0))
    reach = np.where(visible, distances, 0.0).max(axis=-1)
    shares = mean_distance / np.where(reach > 0, reach, 1.0)[:, None]
    entropies = head_entropies(weights, visible)
    queries = int(choosing.sum())
    totals = {
        "entropy_nats": queries * np.array([each.nats for each in entropies]),
        "entropy": queries * np.array([each.normalised for each in entropies]),
    }
    counts = dict.fromkeys(totals, queries)

    def add(name: str, of_queries: Weights, counted: Marks) -> None:
        """(batch, heads, queries) where `counted`, (batch, queries), is True."""
        totals[name] = np.where(counted[:, None], of_queries, 0.0).sum(axis=(0, 2))
        counts[name] = int(counted.sum())

    add("distance", mean_distance, choosing)
    add("diagonality", 1 - shares, choosing)
    tokens = _tokens(visible, marks)
    pointed = np.where(tokens[:, None], weights, 0.0).max(axis=-1)
    add("confidence", pointed, choosing & tokens.any(axis=-1))
    for name in ("beginning", "end", "punctuation"):
        sort = getattr(marks, name)
        if sort is not None:
            add(name, np.einsum("bhqk,bk->bhq", weights, sort.astype(np.float64)), choosing)
    if is_self:
        for name, offset in (("previous", -1), ("same", 0), ("following", 1)):
            seen = np.diagonal(visible, offset, axis1=1, axis2=2)
            looking = choosing[:, max(0, -offset) :][:, : seen.shape[1]]
            add(name, np.diagonal(weights, offset, axis1=2, axis2=3), seen & looking)
    return HeadSums(totals, counts)


def uniform_weights(visible: Marks) -> NDArray[np.float64]:
    """One head that finds all keys alike that a query may see: (batch, 1, queries, keys)."""
    keys = visible.sum(axis=-1, keepdims=True)
    return np.asarray(visible / np.maximum(keys, 1))[:, None]


def _distances(visible: Marks) -> NDArray[np.float64]:
    """How far each key is from its query's place on the straight line: (batch, queries, keys)."""
    queries = visible.any(axis=2).sum(axis=1)
    keys = visible.any(axis=1).sum(axis=1)
    slope = keys / np.maximum(queries, 1)
    line = (np.arange(visible.shape[1]) + 0.5) * slope[:, None] - 0.5
    distances: NDArray[np.float64] = np.abs(np.arange(visible.shape[2]) - line[:, :, None])
    return distances


def _tokens(visible: Marks, marks: KeyMarks) -> Marks:
    """Where a query may see a key that is a token of the sentence, neither end nor beginning."""
    tokens = visible
    for sort in (marks.beginning, marks.end):
        if sort is not None:
            tokens = tokens & ~sort[:, None]
    return tokens
