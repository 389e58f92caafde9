"""Sequences of numbers end to end in NumPy arrays, in memory or mapped from `.npy` files."""

from collections.abc import Iterable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from itertools import chain
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import numpy as np
from numpy.typing import DTypeLike, NDArray

from attnlab.data.tokens import PAD

_SIDES = ("source", "target")


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
        """Map the files that a `FlatArrayWriter` wrote; pages are read on access."""
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


class FlatArrayWriter:
    """Writes FOLDER/NAME.npy and FOLDER/NAME.starts.npy part by part; a context manager."""

    def __init__(self, folder: Path, name: str, dtype: DTypeLike) -> None:
        self._starts_path, self._dtype = folder / f"{name}.starts.npy", np.dtype(dtype)
        self._file = (folder / f"{name}.npy").open("wb")
        self._lengths: list[NDArray[np.uint32]] = []
        self._write_header(0)

    def write(self, part: FlatArray) -> None:
        """Append the sequences of `part`."""
        self._file.write(part.values.astype(self._dtype, copy=False).tobytes())
        self._lengths.append(part.lengths().astype(np.uint32))

    def _write_header(self, length: int) -> None:
        header = {"descr": self._dtype.str, "fortran_order": False, "shape": (length,)}
        np.lib.format.write_array_header_1_0(self._file, header)  # leaves room for any length

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        with self._file:
            if error is None:
                starts = _starts(self._lengths)
                self._file.seek(0)
                self._write_header(int(starts[-1]))
                np.save(self._starts_path, starts)


@dataclass(frozen=True)
class TokenStore:
    """Token ids of both sides of sentence pairs, without BEGIN and END."""

    source: FlatArray
    target: FlatArray

    def __len__(self) -> int:
        return len(self.source)

    @classmethod
    def load(cls, folder: Path) -> "TokenStore":
        """Map the files that a `TokenWriter` wrote."""
        return cls(*(FlatArray.load(folder, side) for side in _SIDES))


class TokenWriter(ExitStack):
    """Writes token ids of pairs part by part to `folder`; `sizes` are those of the vocabularies."""

    def __init__(self, folder: Path, sizes: tuple[int, int]) -> None:
        super().__init__()
        self._sides = [
            self.enter_context(FlatArrayWriter(folder, side, id_type(size)))
            for side, size in zip(_SIDES, sizes, strict=True)
        ]

    def write(self, sides: Sequence[FlatArray]) -> None:
        """Append pairs, given as source sentences and target sentences."""
        for writer, part in zip(self._sides, sides, strict=True):
            writer.write(part)


def id_type(vocabulary_size: int) -> np.dtype[Any]:
    """The narrowest type for the ids of a vocabulary, the same on every machine."""
    return np.dtype("<u2" if vocabulary_size <= 1 << 16 else "<u4")
