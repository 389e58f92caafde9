"""Subword regularisation: training sentences split into other pieces at random in each epoch.

A model that sees a word in several segmentations learns its parts (Kudo 2018; Provilkov et al.
2020). SentencePiece has both methods, but no seed determines its random numbers. Here they come
from a NumPy generator with the seed and the epoch as key, so that a resumed training is the same to
the bit. No piece reaches across a space, so words are split independently, and what a word's
segmentations need is computed once.
"""

import math
from abc import ABC, abstractmethod
from collections.abc import Sequence
from itertools import chain
from operator import attrgetter

import numpy as np
from numpy.typing import NDArray

from attnlab.data.pairs import SentencePair
from attnlab.data.token_cache import TokenisedCorpus
from attnlab.data.token_store import FlatArray, TokenStore, id_type
from attnlab.data.tokens import UNKNOWN
from attnlab.data.vocabulary import Vocabulary, VocabularyPair
from attnlab.data.vocabulary_config import VocabularyConfig

_SPACE = "\u2581"  # as SentencePiece writes it
_NEVER = np.iinfo(np.int32).max
_UNKNOWN_PENALTY = 10.0  # SentencePiece's: an unknown character scores this much below all pieces
_SIDES = ("source", "target")
_BLOCK_SENTENCES = 10_000  # another number gives other pieces

Ids = NDArray[np.int64]


class SubwordSampler(ABC):
    """Draws the pieces of texts from random segmentations of their words."""

    def __init__(self) -> None:
        self._numbers: dict[str, int] = {}

    def draw(self, texts: Sequence[str], generator: np.random.Generator) -> tuple[Ids, Ids]:
        """The ids of the pieces of all texts, end to end, and the number of each text.

        As in `Vocabulary.encode`, adjacent unknown characters are one unknown piece.
        """
        # Normalised texts have single spaces; SentencePiece puts one more in front.
        words = [[_SPACE + word for word in text.split(" ") if word] for text in texts]
        for word in chain.from_iterable(words):
            if word not in self._numbers:
                self._numbers[word] = len(self._numbers)
                self._add_word(word)
        numbers = map(self._numbers.__getitem__, chain.from_iterable(words))
        ids, counts = self._draw(np.fromiter(numbers, np.int64), generator)
        text_of_word = np.repeat(np.arange(len(texts)), list(map(len, words)))
        text_of_id = np.repeat(text_of_word, counts)
        is_unknown = ids == UNKNOWN
        if is_unknown.any():
            again = is_unknown[1:] & is_unknown[:-1] & (text_of_id[1:] == text_of_id[:-1])
            is_first = np.concatenate([[True], ~again])
            ids, text_of_id = ids[is_first], text_of_id[is_first]
        return ids, np.bincount(text_of_id, minlength=len(texts))

    @abstractmethod
    def _add_word(self, word: str) -> None:
        """Prepare the next word; words are numbered from 0 in the order of these calls."""

    @abstractmethod
    def _draw(self, numbers: Ids, generator: np.random.Generator) -> tuple[Ids, Ids]:
        """The ids of the pieces of words, given by number, end to end, and the number of each."""


class BpeDropout(SubwordSampler):
    """BPE-dropout (Provilkov et al. 2020, algorithm 1), with `share` the paper's p.

    At each step every possible merge is dropped with probability p, independently, and the best of
    the others is made, until all are dropped. With p = 0 it splits as `Vocabulary.encode` does.
    Words of the same length are merged side by side, one merge each at a time.
    """

    def __init__(self, vocabulary: Vocabulary, share: float) -> None:
        super().__init__()
        scores = vocabulary.scores()
        self._share, self._size = share, len(vocabulary)
        self._characters = {piece: each for piece, (each, _) in scores.items() if len(piece) == 1}
        merges = sorted(
            (scores[piece[:at]][0] * self._size + scores[piece[at:]][0], merged)
            for piece, (merged, _) in scores.items()
            for at in range(1, len(piece))
            if piece[:at] in scores and piece[at:] in scores
        )
        # left · size + right, sorted, and the ids they merge to; the last entry is a sentinel
        self._pairs = np.array([*(pair for pair, _ in merges), np.iinfo(np.int64).max])
        self._merged = np.array([*(merged for _, merged in merges), UNKNOWN])
        ranks = np.full(self._size, _NEVER, np.int32)
        best_first = sorted(scores.values(), key=lambda found: -found[1])
        ranks[[each for each, _ in best_first]] = np.arange(len(best_first))
        self._ranks = ranks
        self._words: list[list[int]] = []

    def _add_word(self, word: str) -> None:
        self._words.append([self._characters.get(character, UNKNOWN) for character in word])

    def _draw(self, numbers: Ids, generator: np.random.Generator) -> tuple[Ids, Ids]:
        numbered, word_of = np.unique(numbers, return_inverse=True)
        words = [self._words[number] for number in numbered.tolist()]
        lengths = np.array(list(map(len, words)), np.int64)[word_of]
        counts = np.zeros(len(numbers), np.int64)
        done: list[tuple[Ids, Ids]] = []
        for length in np.unique(lengths).tolist():
            same = [place for place, word in enumerate(words) if len(word) == length]
            symbols = np.full((len(words), length), UNKNOWN)
            symbols[same] = [words[place] for place in same]
            rows = np.flatnonzero(lengths == length)
            for some, pieces in self._merge(rows, symbols[word_of[rows]], generator):
                counts[some] = pieces.shape[1]
                done.append((some, pieces))
        starts = np.cumsum(counts) - counts
        ids = np.empty(int(counts.sum()), np.int64)
        for some, pieces in done:
            ids[starts[some, None] + np.arange(pieces.shape[1])] = pieces
        return ids, counts

    def _merge(
        self, rows: Ids, symbols: Ids, generator: np.random.Generator
    ) -> list[tuple[Ids, Ids]]:
        """Merge the symbols (words, length) of the words at `rows`.

        Returns, for each resulting number of pieces, the rows and their pieces.
        """
        done = []
        while symbols.shape[1] > 1 and len(rows):
            merged, ranks = self._mergers(symbols)
            ranks[generator.random(ranks.shape, np.float32) < self._share] = _NEVER
            best = ranks.argmin(1)  # the leftmost of equals, as SentencePiece has it
            every = np.arange(len(rows))
            goes_on = ranks[every, best] < _NEVER
            done.append((rows[~goes_on], symbols[~goes_on]))
            every, best = every[goes_on], best[goes_on, None]
            places = np.arange(symbols.shape[1] - 1)
            shorter = symbols[every[:, None], places + (places > best)]
            np.put_along_axis(shorter, best, merged[every[:, None], best], axis=1)
            rows, symbols = rows[goes_on], shorter
        return [*done, (rows, symbols)]

    def _mergers(self, symbols: Ids) -> tuple[Ids, NDArray[np.int32]]:
        """The id that each two neighbours merge to and its rank, _NEVER for none."""
        pairs = symbols[:, :-1] * self._size + symbols[:, 1:]
        found = np.searchsorted(self._pairs, pairs)
        merged = np.where(self._pairs[found] == pairs, self._merged[found], UNKNOWN)
        return merged, self._ranks[merged]


class UnigramSampler(SubwordSampler):
    """Unigram sampling (Kudo 2018, section 3.2) of a segmentation x with p(x)^α / Σ p(·)^α.

    The sum is over all segmentations, not the likeliest few; with a high `exponent` α the result is
    that of `Vocabulary.encode`. Forward filtering, backward sampling: segmentations are paths
    through the positions between characters, and all words are sampled side by side from their ends
    to their beginnings.
    """

    def __init__(self, vocabulary: Vocabulary, exponent: float) -> None:
        super().__init__()
        self._scores, self._exponent = vocabulary.scores(), exponent
        self._unknown_score = min(score for _, score in self._scores.values()) - _UNKNOWN_PENALTY
        self._longest = max(map(len, self._scores))
        # Positions of all words are numbered through; an edge is a piece that ends at a position.
        self._first_place: list[int] = []  # of each word
        self._last_place: list[int] = []
        self._first_edge = [0]  # of each position, and one more
        self._piece: list[int] = []  # of each edge
        self._from: list[int] = []  # its first position
        # Its last position plus the cumulative probability of the edges that end there.
        self._up_to: list[float] = []

    def _add_word(self, word: str) -> None:
        """Add the edges of the word, with the probabilities of those that end at each position."""
        first = len(self._first_edge) - 1
        self._first_place.append(first)
        self._last_place.append(first + len(word))
        self._first_edge.append(len(self._piece))  # no edge ends where the word begins
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
            edge = np.clip(drawn, first_edge[at], first_edge[at + 1] - 1)  # against rounding
            steps.append((rows, piece[edge]))
            counts[rows] += 1
            place[rows] = begins[edge]
            rows = rows[place[rows] > begin[rows]]
        ends = np.cumsum(counts)
        ids = np.empty(int(counts.sum()), np.int64)
        for step, (some, pieces) in enumerate(steps):
            ids[ends[some] - 1 - step] = pieces
        return ids, counts


_SAMPLERS: dict[str, type[BpeDropout] | type[UnigramSampler]] = {
    "bpe": BpeDropout,
    "unigram": UnigramSampler,
}


def training_pairs(
    corpus: TokenisedCorpus, config: VocabularyConfig, seed: int
) -> "TokenStore | SampledPairs":
    """The argument of `TrainingBatches`: the corpus's own pairs, or a function of the epoch."""
    if all(strength is None for strength in vars(config.sampling).values()):
        return corpus.train
    return SampledPairs(corpus.train, corpus.texts, corpus.vocabulary, config, seed)


class SampledPairs:
    """The pairs of each epoch: `pairs`, with new pieces on the sides that `config.sampling` names.

    `texts` are those of `pairs`. The new ids are in memory, two bytes a token where the vocabulary
    allows.
    """

    def __init__(
        self,
        pairs: TokenStore,
        texts: Sequence[SentencePair],
        vocabulary: VocabularyPair,
        config: VocabularyConfig,
        seed: int,
    ) -> None:
        self._pairs, self._texts, self._seed = pairs, texts, seed
        self._vocabulary = vocabulary
        self._samplers = {
            side: _SAMPLERS[config.model](getattr(vocabulary, side), strength)
            for side, strength in vars(config.sampling).items()
            if strength is not None
        }

    def __call__(self, epoch: int) -> TokenStore:
        """The pairs of that epoch, which depend on nothing else but the seed."""
        return TokenStore(
            *(
                self._sample(epoch, side, self._samplers[side])
                if side in self._samplers
                else getattr(self._pairs, side)
                for side in _SIDES
            )
        )

    def _sample(self, epoch: int, side: str, sampler: SubwordSampler) -> FlatArray:
        text_of, rewritten = attrgetter(side), getattr(self._vocabulary, side).rewritten
        dtype = id_type(len(getattr(self._vocabulary, side)))
        parts = []
        for start in range(0, len(self._texts), _BLOCK_SENTENCES):
            texts = map(text_of, self._texts[start : start + _BLOCK_SENTENCES])
            key = [self._seed, epoch, _SIDES.index(side), start]
            ids, lengths = sampler.draw(list(map(rewritten, texts)), np.random.default_rng(key))
            parts.append(FlatArray(ids.astype(dtype), np.cumsum([0, *lengths])))
        return FlatArray.concatenate(parts)
