"""Texts cut into pieces at random, many at a time: what BPE-dropout and subword sampling share.

SentencePiece has both, but its random numbers follow from no seed alone: they differ from process
to process. Here they are those of a numpy generator, so that a training can go on to the bit. No
piece reaches across a space, so each word of a text is cut by itself, and each word's facts are
worked out when it is first met.
"""

from abc import ABC, abstractmethod
from collections.abc import Sequence
from itertools import chain

import numpy as np
from numpy.typing import NDArray

from attnlab.data.tokens import UNKNOWN

SPACE = "\u2581"  # as SentencePiece writes it

Ids = NDArray[np.int64]


class RandomPieces(ABC):
    """Draws the pieces of texts; what `_draw` gives of their words is put together here."""

    def __init__(self) -> None:
        self._numbers: dict[str, int] = {}

    def draw(self, texts: Sequence[str], generator: np.random.Generator) -> tuple[Ids, Ids]:
        """The ids of all texts' pieces, end to end, and how many each text has.

        Like `Vocabulary.encode`, a run of unknown characters is one unknown piece.
        """
        # Normalised texts have single spaces; SentencePiece puts one more in front.
        words = [[SPACE + word for word in text.split(" ") if word] for text in texts]
        for word in chain.from_iterable(words):
            if word not in self._numbers:
                self._numbers[word] = len(self._numbers)
                self._meet(word)
        numbers = map(self._numbers.__getitem__, chain.from_iterable(words))
        ids, counts = self._draw(np.fromiter(numbers, np.int64), generator)
        text_of_word = np.repeat(np.arange(len(texts)), list(map(len, words)))
        text_of_id = np.repeat(text_of_word, counts)
        is_unknown = ids == UNKNOWN
        if is_unknown.any():
            again = is_unknown[1:] & is_unknown[:-1] & (text_of_id[1:] == text_of_id[:-1])
            kept = np.concatenate([[True], ~again])
            ids, text_of_id = ids[kept], text_of_id[kept]
        return ids, np.bincount(text_of_id, minlength=len(texts))

    @abstractmethod
    def _meet(self, word: str) -> None:
        """Take in what is to be known of the next word; words are numbered from 0 in this order."""

    @abstractmethod
    def _draw(self, numbers: Ids, generator: np.random.Generator) -> tuple[Ids, Ids]:
        """The ids of all these words' pieces, end to end, and how many each word has."""
