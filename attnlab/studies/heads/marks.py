"""What stands on the axes of attention: how many pieces, and which are ends and punctuation."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from attnlab.data.batching import EncodedPair
from attnlab.data.punctuation import are_punctuation
from attnlab.data.vocabulary import Vocabulary, VocabularyPair
from attnlab.studies.heads.measures import KeyMarks


def sizes_by_kind(pairs: Sequence[EncodedPair]) -> dict[str, NDArray[np.int64]]:
    """Queries and keys of each pair's attention, (pairs, 2), by kind."""
    source, target = (
        np.array([len(side) + 1 for side in sides])
        for sides in zip(*((pair.source, pair.target) for pair in pairs), strict=True)
    )
    sides = {"encoder": (source, source), "decoder": (target, target), "cross": (target, source)}
    return {kind: np.stack(both, axis=1) for kind, both in sides.items()}


def marks_by_kind(vocabulary: VocabularyPair, pairs: Sequence[EncodedPair]) -> dict[str, KeyMarks]:
    """By kind, which keys are ends, beginnings and punctuation.

    A source ends with the end; what a decoder has read begins with the beginning.
    """
    source = [[*_punctuation(vocabulary.source, pair.source), False] for pair in pairs]
    target = [[False, *_punctuation(vocabulary.target, pair.target)] for pair in pairs]
    end = _padded([[False] * len(pair.source) + [True] for pair in pairs])
    beginning = _padded([[True] + [False] * len(pair.target) for pair in pairs])
    of_source = KeyMarks(beginning=None, end=end, punctuation=_padded(source))
    of_target = KeyMarks(beginning=beginning, end=None, punctuation=_padded(target))
    return {"encoder": of_source, "decoder": of_target, "cross": of_source}


def _punctuation(vocabulary: Vocabulary, tokens: Sequence[int]) -> list[bool]:
    return are_punctuation(vocabulary.pieces(tokens))


def _padded(rows: Sequence[Sequence[bool]]) -> NDArray[np.bool_]:
    padded = np.zeros((len(rows), max(map(len, rows))), dtype=bool)
    for index, row in enumerate(rows):
        padded[index, : len(row)] = row
    return padded
