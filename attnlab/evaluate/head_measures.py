"""Measures of what an attention head attends to: how broadly, how far, and to which keys.

Every measure is a mean over the queries that may attend to two keys or more: a decoder's first
query has one key, the beginning, so that its weights do not depend on the head.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, fields

import numpy as np
from numpy.typing import NDArray

from attnlab.inspection.forced import row_entropies

Weights = NDArray[np.floating]
Marks = NDArray[np.bool_]
Size = tuple[int, int]
"""Queries and keys."""

_MUCH, _NEARLY, _BROADLY = 0.4, 0.8, 0.75

ROLES = f"""\
aligner: fewer alignment errors than the straight line from one sentence's
beginning to its end; else previous, same or next token, beginning, end or
punctuation: whichever gets most of the weight, if that is {_MUCH:.0%} or more;
else diagonal: diagonality of {_NEARLY:g} or more; else broad: entropy of {_BROADLY:g} or more."""


@dataclass(frozen=True, kw_only=True)
class HeadMeasures:
    """A head's measures; None where they are not defined.

    For a query i with weights a_ij on the keys j that it may attend to, both counted from 0:

    Attributes:
        entropy_nats: `−Σ_j a_ij log a_ij`.
        entropy: The same, divided by the logarithm of the number of those keys: 0 to 1.
        confidence: `max_j a_ij` over the keys that are neither end nor beginning (Voita et al.
            2019, section 5.1): near 1, the head mostly points at one token.
        distance: `Σ_j a_ij |j − d_i|` in keys. d_i is the key on the straight line from the
            beginning of both sentences to their ends: i itself in self-attention, and
            `(i + ½) · keys / queries − ½` in cross-attention.
        diagonality: `1 − Σ_j a_ij |j − d_i| / max_j |j − d_i|`, after Zhang et al. 2021 ("On the
            Usefulness of Self-Attention for Automatic Speech Recognition with Transformers"): 1 on
            that line, about a half for uniform weights.
        previous, same, following: `a_i,i−1`, `a_ii`, `a_i,i+1` in self-attention, over the queries
            that may attend to that key (Voita et al. 2019's positional heads; Clark et al. 2019,
            section 3.1).
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

    def role(
        self, error_rate: float | None = None, straight_line: float | None = None
    ) -> str | None:
        """The head's role: the first that applies of those in `ROLES`, if any does.

        `error_rate`: alignment error rate of the head; `straight_line`: that of the diagonal.
        """
        if error_rate is not None and straight_line is not None and error_rate < straight_line:
            return "aligner"
        shares = {
            "previous token": self.previous or 0.0,
            "same token": self.same or 0.0,
            "next token": self.following or 0.0,
            "beginning": self.beginning or 0.0,
            "end": self.end or 0.0,
            "punctuation": self.punctuation or 0.0,
        }
        role = max(shares, key=shares.__getitem__)
        if shares[role] >= _MUCH:
            return role
        if self.diagonality is not None and self.diagonality >= _NEARLY:
            return "diagonal"
        return "broad" if self.entropy is not None and self.entropy >= _BROADLY else None


MEASURES = tuple(field.name for field in fields(HeadMeasures))


@dataclass(frozen=True, kw_only=True)
class KeyMarks:
    """Which keys are of a sort, each (batch, keys); None where no sentence has such a key."""

    beginning: Marks | None
    end: Marks | None
    punctuation: Marks


class MeasureSums:
    """Sums of measures over the queries of batches, for each head of one attention."""

    def __init__(self) -> None:
        self._sums: dict[str, Weights] = defaultdict(lambda: np.zeros(()))
        self._counts: Counter[str] = Counter()
        self._heads = 0

    def add(self, weights: Weights, visible: Marks, marks: KeyMarks, *, is_self: bool) -> None:
        """Add a batch.

        Args:
            weights: Shape (batch, heads, queries, keys).
            visible: Shape (batch, queries, keys), True where a query may attend to a key, and
                False at padding.
            marks: Sorts of keys.
            is_self: Whether queries and keys are the same positions.
        """
        weights = weights.astype(np.float64, copy=False)
        self._heads = weights.shape[1]
        keys = visible.sum(axis=-1)
        choosing = keys > 1
        nats = row_entropies(weights)
        self._add("entropy_nats", nats, choosing)
        self._add("entropy", nats / np.log(np.maximum(keys, 2))[:, None], choosing)
        distances = np.where(visible, _distances(visible), 0.0)
        # (batch, heads, queries)
        mean_distance = np.einsum("bhqk,bqk->bhq", weights, distances)
        farthest = distances.max(axis=-1)[:, None]
        self._add("distance", mean_distance, choosing)
        self._add("diagonality", 1 - mean_distance / np.where(farthest > 0, farthest, 1), choosing)
        tokens = visible
        for mark in (marks.beginning, marks.end):
            tokens = tokens if mark is None else tokens & ~mark[:, None]
        greatest = np.where(tokens[:, None], weights, 0.0).max(axis=-1)
        self._add("confidence", greatest, choosing & tokens.any(axis=-1))
        for name in ("beginning", "end", "punctuation"):
            mark = getattr(marks, name)
            if mark is not None:
                self._add(name, np.einsum("bhqk,bk->bhq", weights, mark.astype(float)), choosing)
        for name, offset in (("previous", -1), ("same", 0), ("following", 1)) if is_self else ():
            seen = np.diagonal(visible, offset, axis1=1, axis2=2)
            counted = seen & choosing[:, max(0, -offset) :][:, : seen.shape[1]]
            self._add(name, np.diagonal(weights, offset, axis1=2, axis2=3), counted)

    def _add(self, name: str, values: Weights, counted: Marks) -> None:
        """Add `values`, (batch, heads, queries), where `counted`, (batch, queries), is True."""
        self._sums[name] = self._sums[name] + (values * counted[:, None]).sum(axis=(0, 2))
        self._counts[name] += int(counted.sum())

    def means(self) -> list[HeadMeasures]:
        """The measures of each head."""
        return [
            HeadMeasures(
                **{
                    name: float(self._sums[name][head] / self._counts[name])
                    if self._counts[name]
                    else None
                    for name in MEASURES
                }
            )
            for head in range(self._heads)
        ]


def uniform_weights(visible: Marks) -> NDArray[np.float64]:
    """One head with equal weights on all visible keys: (batch, 1, queries, keys)."""
    keys = visible.sum(axis=-1, keepdims=True)
    return np.asarray(visible / np.maximum(keys, 1))[:, None]


def _distances(visible: Marks) -> NDArray[np.float64]:
    """Distance of each key from its query's key on the straight line: (batch, queries, keys)."""
    queries = visible.any(axis=2).sum(axis=1)
    keys = visible.any(axis=1).sum(axis=1)
    slope = keys / np.maximum(queries, 1)
    line = (np.arange(visible.shape[1]) + 0.5) * slope[:, None] - 0.5
    distances: NDArray[np.float64] = np.abs(np.arange(visible.shape[2]) - line[:, :, None])
    return distances


def typical_size(sizes: Iterable[Size]) -> Size:
    """The size that has most tokens in all: neither a rare nor a tiny one.

    Raises:
        ValueError: there are no sizes.
    """
    counts = Counter(sizes)
    if not counts:
        raise ValueError("no sentences to choose a size from")
    return max(counts, key=lambda size: (counts[size] * sum(size), size))


class MeanPattern:
    """Mean of the attention maps of exactly one size, (heads, queries, keys).

    Maps are neither stretched nor cut, so that heads for the previous token or the end stay sharp.
    """

    def __init__(self, size: Size) -> None:
        self.size, self.sentences = size, 0
        self._sum: NDArray[np.float64] | None = None

    def add(self, weights: Weights, sizes: NDArray[np.int64]) -> None:
        """Add a batch, (batch, heads, queries, keys), whose maps are of `sizes`, (batch, 2)."""
        chosen = (sizes == self.size).all(axis=1)
        if chosen.any():
            queries, keys = self.size
            found = weights[chosen, :, :queries, :keys].sum(axis=0, dtype=np.float64)
            self._sum = found if self._sum is None else self._sum + found
            self.sentences += int(chosen.sum())

    def mean(self) -> NDArray[np.float64]:
        """(heads, queries, keys).

        Raises:
            ValueError: no map of that size was added.
        """
        if self._sum is None:
            raise ValueError(f"no map of {self.size[0]} queries and {self.size[1]} keys was added")
        return self._sum / self.sentences
