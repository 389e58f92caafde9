"""NumPy's archives of arrays (NPZ), read from files that may hold anything.

No array is unpickled, and none takes more memory than the file claims within a bound.
"""

import lzma
import struct
import tokenize
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
from numpy.lib.npyio import NpzFile

MOST_BYTES = 1 << 30
"""Of all arrays of an archive, once unpacked."""

UNREADABLE = (
    *(ValueError, TypeError, KeyError, EOFError, SyntaxError, OverflowError, MemoryError),
    *(RuntimeError, struct.error, tokenize.TokenError),  # encrypted; NotImplementedError: packed
    *(zipfile.BadZipFile, zlib.error, lzma.LZMAError),
)
"""What NumPy and zipfile raise at a damaged, crafted or encrypted file, besides OSError."""


@contextmanager
def open_archive(path: Path) -> Iterator[NpzFile]:
    """The arrays in the file, each read when it is asked for.

    Raises:
        ValueError: together they are too large.
        OSError, or one of UNREADABLE: it cannot be read.
    """
    with zipfile.ZipFile(path) as members:
        size = sum(info.file_size for info in members.infolist())
    if size > MOST_BYTES:
        raise ValueError(f"arrays of {size:,} bytes are too large")
    with path.open("rb") as file, np.load(file, allow_pickle=False) as arrays:
        yield arrays
