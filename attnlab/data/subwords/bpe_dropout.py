"""BPE-dropout (Provilkov et al. 2020): of the merges that could be next, some are left out.

All words of the same length are merged side by side, one merge each at a time.
"""

import numpy as np
from numpy.typing import NDArray

from attnlab.data.subwords.sampling import Ids, RandomPieces
from attnlab.data.tokens import UNKNOWN
from attnlab.data.vocabulary import Vocabulary

_NEVER = np.iinfo(np.int32).max


class BpeDropout(RandomPieces):
    """Algorithm 1 of the paper, with `share` its p; a share of 0 cuts as `Vocabulary.encode` does.

    Each merge that could be next is left out by a coin of its own, each time anew, and the best of
    the others is made, until all that could be are left out.
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
        # (left · size + right), in order, and what they become; of two, the last is never found.
        self._pairs = np.array([*(pair for pair, _ in merges), np.iinfo(np.int64).max])
        self._merged = np.array([*(merged for _, merged in merges), UNKNOWN])
        ranks = np.full(self._size, _NEVER, np.int32)
        best_first = sorted(scores.values(), key=lambda found: -found[1])
        ranks[[each for each, _ in best_first]] = np.arange(len(best_first))
        self._ranks = ranks
        self._words: list[list[int]] = []

    def _meet(self, word: str) -> None:
        self._words.append([self._characters.get(character, UNKNOWN) for character in word])

    def _draw(self, numbers: Ids, generator: np.random.Generator) -> tuple[Ids, Ids]:
        met, word_of = np.unique(numbers, return_inverse=True)
        words = [self._words[number] for number in met.tolist()]
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
        """Merge the symbols (words, length) of the words at `rows`; they end up in some pieces.

        Returns those rows whose pieces are of the same number, and their pieces, for each number.
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
        """What each two neighbours become, and how early that is to happen: _NEVER for not."""
        pairs = symbols[:, :-1] * self._size + symbols[:, 1:]
        found = np.searchsorted(self._pairs, pairs)
        merged = np.where(self._pairs[found] == pairs, self._merged[found], UNKNOWN)
        return merged, self._ranks[merged]
