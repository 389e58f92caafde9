"""Token ids of many sentence pairs in a few arrays, which may lie in files.

They take two bytes a token where the vocabulary allows, and in files no memory but what is looked
at. Knows nothing of how texts become ids.
"""

import json
from collections.abc import Iterable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from itertools import chain
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from attnlab.data.store.flat_array import FlatArrayWriter, load_starts, map_array, starts_of
from attnlab.data.tokens import PAD

_SIDES = ("source.ids", "target.ids")
_TYPES = "types.json"


@dataclass(frozen=True)
class PackedSentences:
    """Token ids (tokens,), and where each sentence begins, and the last one ends: (sentences + 1).

    Of a part of a strip, `starts` need not begin at 0.
    """

    ids: NDArray[Any]
    starts: NDArray[np.int64]

    def __len__(self) -> int:
        return len(self.starts) - 1

    def __getitem__(self, place: int) -> list[int]:
        tokens: list[int] = self.ids[self.starts[place] : self.starts[place + 1]].tolist()
        return tokens

    def lengths(self) -> NDArray[np.int64]:
        """Tokens of each sentence: (sentences,)."""
        return np.diff(self.starts)

    def padded(self, places: NDArray[np.int64]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """The sentences at `places`, side by side, and their lengths (rows,).

        The shape is (rows, longest + 1): there is room for an end or a beginning, and PAD is
        behind each sentence.
        """
        starts = self.starts[places]
        lengths = self.starts[places + 1] - starts
        rows = np.full((len(places), int(lengths.max()) + 1), PAD, np.int64)
        # where in the strip each token of the rows, one row after another, is
        ends = np.cumsum(lengths)
        found = np.repeat(starts - ends + lengths, lengths) + np.arange(ends[-1])
        rows[np.arange(rows.shape[1]) < lengths[:, None]] = self.ids[found]
        return rows, lengths


@dataclass(frozen=True)
class PackedPairs:
    """Both sides of sentence pairs, without begin and end."""

    source: PackedSentences
    target: PackedSentences

    def __len__(self) -> int:
        return len(self.source)

    @classmethod
    def load(cls, folder: Path) -> "PackedPairs":
        """What a `PackedWriter` left in `folder`, as it stands there."""
        types = json.loads((folder / _TYPES).read_text(encoding="utf-8"))
        return cls(
            *(
                PackedSentences(
                    map_array(folder / side, np.dtype(types[side])), load_starts(folder, side)
                )
                for side in _SIDES
            )
        )


class PackedWriter(ExitStack):
    """Writes pairs, some at a time, to files in `folder`; use it as a context manager.

    `sizes` are those of the vocabularies of source and target.
    """

    def __init__(self, folder: Path, sizes: tuple[int, int]) -> None:
        super().__init__()
        self._strips = [self.enter_context(FlatArrayWriter(folder, side)) for side in _SIDES]
        types = {side: id_type(size).str for side, size in zip(_SIDES, sizes, strict=True)}
        (folder / _TYPES).write_text(json.dumps(types), encoding="utf-8")

    def write(self, sides: Sequence["Packet"]) -> None:
        """Add pairs: their source sentences and their target sentences."""
        for strip, packet in zip(self._strips, sides, strict=True):
            strip.write(packet.ids, packet.lengths)


@dataclass(frozen=True)
class Packet:
    """Some sentences on their way from one process to another: ids as bytes, tokens of each."""

    ids: bytes
    lengths: NDArray[np.uint32]


def pack(sentences: Sequence[Sequence[int]], vocabulary_size: int) -> Packet:
    """Sentences of token ids, end to end."""
    lengths = np.fromiter(map(len, sentences), np.uint32, len(sentences))
    ids = np.fromiter(chain.from_iterable(sentences), id_type(vocabulary_size), int(lengths.sum()))
    return Packet(ids.tobytes(), lengths)


def unpack(packets: Sequence[Packet], vocabulary_size: int) -> PackedSentences:
    """The sentences of all `packets`, in memory."""
    ids = np.frombuffer(b"".join(packet.ids for packet in packets), id_type(vocabulary_size))
    return PackedSentences(ids, starts_of([packet.lengths for packet in packets]))


def packed_sentences(sentences: Iterable[Sequence[int]]) -> PackedSentences:
    """Sentences of token ids, in memory."""
    each = list(sentences)
    lengths = np.fromiter(map(len, each), np.uint32, len(each))
    ids = np.fromiter(chain.from_iterable(each), np.int64, int(lengths.sum()))
    return PackedSentences(ids, starts_of([lengths]))


def id_type(vocabulary_size: int) -> np.dtype[Any]:
    """The narrowest type for the ids of a vocabulary, the same on every machine."""
    return np.dtype("<u2" if vocabulary_size <= 1 << 16 else "<u4")
