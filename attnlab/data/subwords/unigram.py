"""Subword regularisation (Kudo 2018): any way to cut a word, by how likely a unigram model has it.

A word's ways are paths through its places between characters; all words are walked side by side,
from their ends to their beginnings.
"""

import math

import numpy as np
from numpy.typing import NDArray

from attnlab.data.subwords.sampling import Ids, RandomPieces
from attnlab.data.tokens import UNKNOWN
from attnlab.data.vocabulary import Vocabulary

_UNKNOWN_PENALTY = 10.0  # SentencePiece's: by how much an unknown character is below all pieces


class SubwordSampling(RandomPieces):
    """Section 3.2 of the paper, over all ways instead of the likeliest few: p(way)^α / Σ p(·)^α.

    With a high `exponent` α this comes to what `Vocabulary.encode` does. By forward filtering and
    backward sampling: the piece that ends at a place is drawn by how likely all ways are that have
    it there.
    """

    def __init__(self, vocabulary: Vocabulary, exponent: float) -> None:
        super().__init__()
        self._scores, self._exponent = vocabulary.scores(), exponent
        self._unknown_score = min(score for _, score in self._scores.values()) - _UNKNOWN_PENALTY
        self._longest = max(map(len, self._scores))
        self._first_place: list[int] = []  # of each word, in one row of all words' places
        self._last_place: list[int] = []
        self._first_edge = [0]  # of each place, and one more
        self._piece: list[int] = []  # of each edge
        self._from: list[int] = []  # the place where it begins
        self._up_to: list[
            float
        ] = []  # the place where it ends, and its share of 1 with those before

    def _meet(self, word: str) -> None:
        """Lay out the pieces that end at each of the word's places, and each one's share of 1."""
        first = len(self._first_edge) - 1
        self._first_place.append(first)
        self._last_place.append(first + len(word))
        self._first_edge.append(len(self._piece))  # nothing ends where the word begins
        totals = [0.0]
        for end in range(1, len(word) + 1):
            edges = []
            for start in range(max(0, end - self._longest), end):
                found = self._scores.get(word[start:end])
                if found is None and start == end - 1:
                    found = UNKNOWN, self._unknown_score
                if found is not None:
                    edges.append((found[0], start, totals[start] + self._exponent * found[1]))
            highest = max(weight for _, _, weight in edges)
            total = sum(math.exp(weight - highest) for _, _, weight in edges)
            totals.append(highest + math.log(total))
            share = 0.0
            for piece, start, weight in edges:
                share += math.exp(weight - highest) / total
                self._piece.append(piece)
                self._from.append(first + start)
                self._up_to.append(first + end + share)
            self._first_edge.append(len(self._piece))

    def _draw(self, numbers: Ids, generator: np.random.Generator) -> tuple[Ids, Ids]:
        piece, begins, first_edge = (
            np.array(each, np.int64) for each in (self._piece, self._from, self._first_edge)
        )
        up_to: NDArray[np.float64] = np.array(self._up_to)
        begin = np.array(self._first_place)[numbers]
        place = np.array(self._last_place)[numbers]
        rows = np.arange(len(numbers))
        counts = np.zeros(len(numbers), np.int64)
        steps: list[tuple[Ids, Ids]] = []
        while len(rows):
            at = place[rows]
            drawn = np.searchsorted(up_to, at + generator.random(len(rows)), side="right")
            edge = np.clip(drawn, first_edge[at], first_edge[at + 1] - 1)  # whatever was rounded
            steps.append((rows, piece[edge]))
            counts[rows] += 1
            place[rows] = begins[edge]
            rows = rows[place[rows] > begin[rows]]
        ends = np.cumsum(counts)
        ids = np.empty(int(counts.sum()), np.int64)
        for step, (some, pieces) in enumerate(steps):
            ids[ends[some] - 1 - step] = pieces
        return ids, counts
