"""Sequences of numbers end to end in NumPy arrays, in memory or mapped from `.npy` files."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import chain
from pathlib import Path
from typing import Any, Self

import numpy as np
from numpy.typing import DTypeLike, NDArray

from attnlab.data.tokens import PAD

SIDES = ("source", "target")
"""Names of the arrays of a token store."""


@dataclass(frozen=True)
class FlatArray:
    """Sequences end to end in `values`; sequence i is `values[starts[i]:starts[i + 1]]`.

    `starts` has one entry more than there are sequences.
    """

    values: NDArray[Any]
    starts: NDArray[np.int64]

    @classmethod
    def of(cls, sequences: Iterable[Sequence[int]], dtype: DTypeLike = np.int64) -> Self:
        """Put `sequences`, of integers or of bytes, into one array."""
        each = list(sequences)
        starts = _starts([np.fromiter(map(len, each), np.uint32, len(each))])
        if each and isinstance(each[0], bytes):
            return cls(np.frombuffer(b"".join(each), dtype), starts)  # type: ignore[arg-type]
        return cls(np.fromiter(chain.from_iterable(each), dtype, int(starts[-1])), starts)

    @classmethod
    def load(cls, folder: Path, name: str) -> Self:
        """Map the files that `writing_array` wrote; pages are read on access."""
        values, starts = (
            np.load(folder / f"{name}{part}.npy", mmap_mode="r").view(np.ndarray)
            for part in ("", ".starts")
        )
        return cls(values, starts)

    @classmethod
    def concatenate(cls, parts: Sequence["FlatArray"]) -> Self:
        """The sequences of all `parts`, at least one, in order."""
        lengths = [part.lengths().astype(np.uint32) for part in parts]
        return cls(np.concatenate([part.values for part in parts]), _starts(lengths))

    def __len__(self) -> int:
        return len(self.starts) - 1

    def __getitem__(self, index: int) -> list[int]:
        row: list[int] = self.row(index).tolist()
        return row

    def row(self, index: int) -> NDArray[Any]:
        """One sequence."""
        return self.values[self.starts[index] : self.starts[index + 1]]

    def head(self, count: int) -> "FlatArray":
        """The first `count` sequences."""
        return FlatArray(self.values[: self.starts[count]], self.starts[: count + 1])

    def lengths(self) -> NDArray[np.int64]:
        """The length of each sequence, (sequences,)."""
        return np.diff(self.starts)

    def padded(self, indices: NDArray[np.int64]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """The sequences at `indices` with PAD behind each, and their lengths (rows,).

        The shape is (rows, longest + 1), with room for BEGIN or END.
        """
        starts = self.starts[indices]
        lengths = self.starts[indices + 1] - starts
        rows = np.full((len(indices), int(lengths.max()) + 1), PAD, np.int64)
        # index into `values` of each token of the rows, one row after another
        ends = np.cumsum(lengths)
        found = np.repeat(starts - ends + lengths, lengths) + np.arange(ends[-1])
        rows[np.arange(rows.shape[1]) < lengths[:, None]] = self.values[found]
        return rows, lengths


def _starts(lengths: list[NDArray[np.uint32]]) -> NDArray[np.int64]:
    starts = np.zeros(sum(map(len, lengths)) + 1, np.int64)
    np.cumsum(np.concatenate([*lengths, np.zeros(0, np.uint32)]), out=starts[1:])
    return starts


@contextmanager
def writing_array(
    folder: Path, name: str, dtype: DTypeLike
) -> Iterator[Callable[[FlatArray], None]]:
    """A function that appends sequences to FOLDER/NAME.npy; FOLDER/NAME.starts.npy comes last."""
    kind, lengths = np.dtype(dtype), list[NDArray[np.uint32]]()
    with (folder / f"{name}.npy").open("wb") as file:

        def write_header(length: int) -> None:
            header = {"descr": kind.str, "fortran_order": False, "shape": (length,)}
            np.lib.format.write_array_header_1_0(file, header)  # leaves room for any length

        def write(part: FlatArray) -> None:
            file.write(part.values.astype(kind, copy=False).tobytes())
            lengths.append(part.lengths().astype(np.uint32))

        write_header(0)
        yield write
        starts = _starts(lengths)
        file.seek(0)
        write_header(int(starts[-1]))
    np.save(folder / f"{name}.starts.npy", starts)


@dataclass(frozen=True)
class TokenStore:
    """Token ids of both sides of sentence pairs, without BEGIN and END."""

    source: FlatArray
    target: FlatArray

    def __len__(self) -> int:
        return len(self.source)

    @classmethod
    def load(cls, folder: Path) -> "TokenStore":
        """Map the files that `writing_array` wrote for each of `SIDES`."""
        return cls(*(FlatArray.load(folder, side) for side in SIDES))


def id_type(vocabulary_size: int) -> np.dtype[Any]:
    """The narrowest type for the ids of a vocabulary, the same on every machine."""
    return np.dtype("<u2" if vocabulary_size <= 1 << 16 else "<u4")
