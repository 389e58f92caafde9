"""Many short things end to end in one file, with an array of where each begins.

What they are, texts or token ids, is for others to know.
"""

from pathlib import Path
from types import TracebackType
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray


class FlatArrayWriter:
    """Writes FOLDER/NAME and FOLDER/NAME.starts.npy; use it as a context manager."""

    def __init__(self, folder: Path, name: str) -> None:
        self._file = (folder / name).open("wb")
        self._starts_path = folder / f"{name}.starts.npy"
        self._sizes: list[NDArray[np.uint32]] = []

    def write(self, content: bytes, sizes: NDArray[np.uint32]) -> None:
        """Add things that stand end to end in `content`; `sizes` are in any one unit."""
        self._file.write(content)
        self._sizes.append(sizes)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._file.close()
        if error is None:
            np.save(self._starts_path, starts_of(self._sizes))


def starts_of(sizes: list[NDArray[np.uint32]]) -> NDArray[np.int64]:
    """Where each thing begins, and where the last one ends: one number more than things."""
    starts = np.zeros(sum(map(len, sizes)) + 1, np.int64)
    if sizes:
        np.cumsum(np.concatenate(sizes), out=starts[1:])
    return starts


def load_starts(folder: Path, name: str) -> NDArray[np.int64]:
    """The starts that a writer wrote, as they stand in the file."""
    starts: NDArray[np.int64] = np.load(folder / f"{name}.starts.npy", mmap_mode="r")
    return starts


def map_array(path: Path, dtype: Any) -> NDArray[Any]:
    """A file's numbers as they stand in it: only what is looked at comes into memory."""
    if path.stat().st_size == 0:  # which cannot be mapped
        return np.empty(0, dtype)
    return np.memmap(path, dtype=dtype, mode="r")
